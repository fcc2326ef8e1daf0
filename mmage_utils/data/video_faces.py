"""The speaker's face among the frames of a video: found by MTCNN, cropped upright."""

import numpy as np

from mmage_utils.errors import DataError

SIDE = 224  # pixels of a crop
SEARCH_SIDE = 640  # pixels of the longer side of a frame that is searched
LEAST_FACE = 40  # of these pixels; smaller faces are not the speaker's
SURE = 0.9  # what MTCNN must give a face
SAME = 0.2  # overlap (intersection over union) of one person's boxes in two frames
SPREAD = 3.7  # side of a crop in distances between the eyes, or from eyes to mouth: their mean
LOWERED = 0.1  # middle of a crop below the eyes, in distances from eyes to mouth


def load_detector():
    """MTCNN with the weights that its package carries, on the processor.

    Returns
    -------
    facenet_pytorch.MTCNN
    """
    from facenet_pytorch import MTCNN

    return MTCNN(keep_all=True, min_face_size=LEAST_FACE).eval()


def pick_face(frames, detector):
    """Crop the speaker's face from the frame that shows it sharpest.

    The speaker is the largest of the faces that are in most of the frames; where none is, the one
    that is in most, and of these the largest.

    Parameters
    ----------
    frames : list of numpy.ndarray of uint8, shape (height, width, 3)
    detector : facenet_pytorch.MTCNN

    Returns
    -------
    crop : numpy.ndarray of uint8, shape (224, 224, 3)
    seen : int
        Frames in which the face was found.

    Raises
    ------
    DataError
        When there is no face in any frame.
    """
    return crop_speaker(frames, follow_faces(find_faces(frames, detector)))


def crop_speaker(frames, people):
    """As `pick_face`, of the people that `follow_faces` found."""
    if not people:
        reason = f"no face was found in {len(frames)} frames"
        raise DataError(f"In the video {reason}.", reason)
    half = len(frames) / 2

    def rank(person):
        area = np.median([np.prod(box[2:] - box[:2]) for _, box, _ in person])
        return min(len(person), half + 0.5), area  # in more than half is in most

    speaker = max(people, key=rank)
    crops = [crop_face(frames[frame], points) for frame, _, points in speaker]
    return max(crops, key=sharpness), len(speaker)


def find_faces(frames, detector):
    """Find the faces of each frame.

    Returns
    -------
    list of list of (box, points)
        Boxes are left, top, right, bottom; points are both eyes, the nose and the corners of the
        mouth, shape (5, 2); in pixels of the frame.
    """
    import torch
    from PIL import Image

    found = [[] for _ in frames]
    by_size = {}
    for place, frame in enumerate(frames):
        by_size.setdefault(frame.shape, []).append(place)
    for (height, width, _), places in by_size.items():
        scale = SEARCH_SIDE / max(height, width)
        size = round(scale * width), round(scale * height)
        if min(size) < LEAST_FACE:
            continue  # a strip; MTCNN fails on it
        images = [
            Image.fromarray(frames[place]).resize(size, Image.Resampling.BILINEAR)
            for place in places
        ]
        with torch.inference_mode():
            results = detector.detect(images, landmarks=True)
        for place, boxes, odds, points in zip(places, *results, strict=True):
            if boxes is None:
                continue
            for box, p, five in zip(boxes, odds, points, strict=True):
                if p >= SURE:
                    pair = np.asarray(box, float) / scale, np.asarray(five, float) / scale
                    found[place].append(pair)
    return found


def follow_faces(found):
    """Join the faces of one person over the frames.

    Parameters
    ----------
    found : list of list of (box, points)
        `find_faces`.

    Returns
    -------
    list of list of (frame, box, points)
        One list a person, with at most one box a frame.
    """
    people = []
    for frame, faces in enumerate(found):
        for box, points in faces:
            known = [person for person in people if person[-1][0] != frame]
            best = max(known, key=lambda person: _overlap(person[-1][1], box), default=None)
            if best is None or _overlap(best[-1][1], box) < SAME:
                people.append(best := [])
            best.append((frame, box, points))
    return people


def _overlap(a, b):
    """Intersection over union of two boxes."""
    inner = np.prod(np.maximum(0, np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])))
    return inner / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - inner)


def crop_face(frame, points):
    """Crop a face with a margin, turned so that its eyes are level.

    Its size is that of eyes and mouth, which are found more steadily than the edges of a face.

    Parameters
    ----------
    frame : numpy.ndarray of uint8, shape (height, width, 3)
    points : numpy.ndarray, shape (5, 2)
        As `find_faces`.

    Returns
    -------
    numpy.ndarray of uint8, shape (224, 224, 3)
        Beyond the edge of the frame, its last pixels are repeated.
    """
    from PIL import Image

    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    across, down = points[1] - points[0], mouth - eyes
    side = max(2, round(SPREAD * (np.hypot(*across) + np.hypot(*down)) / 2))
    cos, sin = across / max(np.hypot(*across), 1e-9)
    middle = eyes + LOWERED * down
    # The part of the frame that the turned square can reach.
    reach = int(np.ceil(side * 0.75)) + 1
    left, top = np.floor(middle).astype(int) - reach
    part = Image.fromarray(_cut(frame, left, top, 2 * reach))
    shrink = max(1, side // SIDE)  # by whole pixels first, as turning a large square takes long
    part, side = part.reduce(shrink), round(side / shrink)
    x, y = (middle - (left, top)) / shrink
    half = side / 2
    turn = (cos, -sin, x - half * (cos - sin), sin, cos, y - half * (cos + sin))
    square = part.transform((side, side), Image.Transform.AFFINE, turn, Image.Resampling.BICUBIC)
    return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _cut(frame, left, top, side):
    """A square of a frame, whose last pixels are repeated beyond its edge."""
    height, width = frame.shape[:2]
    # At least one row and column, where all of the square is beyond the edge.
    first = np.clip([top, left], 0, [height - 1, width - 1])
    last = np.clip([top + side, left + side], first + 1, [height, width])
    part = frame[first[0] : last[0], first[1] : last[1]]
    before = np.clip(first - [top, left], 0, side - 1)
    after = side - before - part.shape[:2]
    return np.pad(part, [*zip(before, after, strict=True), (0, 0)], mode="edge")


def sharpness(crop):
    """How sharp a picture is: the variance of its Laplacian, relative to its own contrast."""
    from scipy.ndimage import laplace

    grey = crop.mean(2)
    return laplace(grey).var() / (grey.var() + 1)

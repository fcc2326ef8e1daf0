"""Schematic face crops whose apparent age is set by five separate dials.

Faces are painted with PIL at twice the size, reduced, and then lit in numpy.
"""

import io
from types import SimpleNamespace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mmage_utils.sample import face_shapes
from mmage_utils.sample.face_shapes import ON_HAIR, ON_SKIN, OTHER, SIDE, T, ellipse, mix, xy

DIALS = ("proportions", "skin", "wrinkles", "grey", "hairline")
DULLING = np.array((0.16, 0.20, 0.24))  # what age takes off skin tone
# light to deep; every ethnicity draws a position on the same ramps, from overlapping ranges
SKINS = np.array([(248, 218, 198), (238, 196, 168), (212, 162, 127), (150, 104, 76), (104, 68, 50)])
HAIRS = np.array([(30, 23, 22), (58, 36, 26), (104, 62, 34), (158, 106, 54), (208, 164, 92)])
IRISES = np.array([(62, 40, 28), (92, 62, 38), (88, 104, 72), (84, 120, 150)])
# per ethnicity: skin mean and spread, hair mean and spread, last iris, odds of curls, of a beard
RANGES = {
    1: (1.2, 0.4, 0.5, 0.5, 1.2, 0.1, 0.3),
    2: (0.7, 0.45, 2.0, 1.1, 3.0, 0.25, 0.5),
    3: (2.9, 0.55, 0.4, 0.5, 1.2, 0.6, 0.5),
}
WHITE, ROSE = np.array([(232, 231, 228), (215, 95, 95)], float)


def _traits(identity, male, ethnicity):
    """What one person keeps; every draw is made whatever the arguments, in one order."""
    rng = np.random.default_rng([identity, 1])
    z, u = np.clip(rng.standard_normal(14), -2, 2).tolist(), rng.random(8).tolist()
    skin, skin_sd, hair, hair_sd, iris, curls, beard = RANGES[ethnicity]
    curly, strands = u[0] < curls, rng.standard_normal(512)

    def ramp(stops, position):
        return np.array([np.interp(position, range(len(stops)), plane) for plane in stops.T])

    return SimpleNamespace(
        male=male,
        skin=ramp(SKINS, skin + skin_sd * z[0]) * (1 + 0.02 * np.array(z[1:4])),
        hair=ramp(HAIRS, max(0.0, hair + hair_sd * z[4])),
        iris=ramp(IRISES, iris * u[2]),
        curly=curly,
        volume=0.12 + 0.09 * u[3] + 0.08 * curly,
        wave=(6.28 * rng.random(4)).tolist(),
        length=(-0.1 + 0.35 * u[1] if male else 0.2 + 1.3 * u[1]) * (0.75 if curly else 1.0),
        strands=np.convolve(strands, (0.2, 0.4, 0.5, 0.4, 0.2), "same").astype(np.float32),
        width=1 + 0.035 * z[5],
        jaw=0.04 * z[6] - 0.05 * male,
        eye=1 + 0.05 * z[7],
        gap=1 + 0.04 * z[8],
        nose=1 + 0.09 * z[9],
        lips=1 + 0.12 * z[10],
        brow=1 + 0.15 * z[11],
        tilt=0.2 * z[12],
        height=0.04 * z[13],
        glasses=u[4] < 0.16,
        beard=(0.3 + 0.35 * u[5]) * (male and u[6] < beard),  # from stubble to full
        wall=60 + 140 * u[7] + 40 * rng.random(3),
        spots=rng.random((30, 4)).tolist(),
        lines=rng.standard_normal((4, 3)).tolist(),
    )


def _scene(clip):
    """What changes from clip to clip: pose, expression, light and camera."""
    rng = np.random.default_rng([clip, 2])
    z, u = np.clip(rng.standard_normal(11), -2.2, 2.2).tolist(), rng.random(11).tolist()
    return SimpleNamespace(
        rng=rng,
        shift=(4 * z[0], 4 * z[1]),
        turn=0.06 * z[2],
        scale=1 + 0.035 * z[3],
        yaw=0.09 * z[4],
        nod=0.03 * z[5],
        open=max(0.0, u[1] - 0.45) * 0.24,
        gaze=0.12 * z[8],
        smile=0.02 + 0.03 * z[6],
        lift=0.02 * z[7],
        blink=1 - 0.25 * u[2] ** 3,
        hidden=u[9],
        lamp=6.28 * u[0],
        bright=0.06 + 0.14 * u[3],
        tint=25 * (np.array(u[4:7]) - 0.5),
        warmth=0.03 * z[9],
        exposure=float(np.exp(0.09 * z[10])),
        noise=1.5 + 5 * u[8],
        blur=1.3 * u[7],
        side=1 if u[10] < 0.5 else -1,
    )


def _light(paint, soft, folds, who, now, m, x, y, skin, dial):
    """Texture, light and photograph the painted layers; `x` and `y` are the pixels' places."""
    s, g, h = dial.skin, dial.grey, dial.hairline
    grains = [now.rng.standard_normal((n, n), dtype=np.float32) for n in (4, 16, 44, 60)]
    grains = [np.asarray(Image.fromarray(grain).resize((SIDE, SIDE), 2)) for grain in grains]
    bands = np.asarray(paint.reduce(2)).transpose(2, 0, 1).astype(np.float32, order="C")
    rgb, code = bands[:3], bands[3] / 127.5 - 1
    on_skin, on_hair, rest = np.maximum(code, 0), 1 - np.abs(code), np.maximum(-code, 0)
    body = 0.7 + 0.36 * np.sqrt(np.maximum(0, 1 - (x / (1.15 * m.half)) ** 2 - (y / 1.3) ** 2))
    body += now.bright * (x * float(np.cos(now.lamp)) + y * float(np.sin(now.lamp)))
    # skin: blushing when young, mottled and creased when old
    soft *= 1 + 0.07 * s**1.6 * (grains[1] + grains[2])
    soft *= (1 - 0.5 * folds) * (1 + 0.12 * np.roll(folds, 2, axis=0))
    blush = ((np.abs(x) - 0.5 * m.half) / 0.2) ** 2 + ((y - m.nose_y + 0.1) / 0.17) ** 2
    blush = (1 - s) * 0.3 * on_skin / (1 + blush) ** 2
    # hair: curls are plain noise, straight hair falls in strands; grey comes in streaks
    fan = (90 * x / np.maximum(y + 1.9, 0.3)).astype(np.int32) & 511
    strand = 0.6 * grains[3] if who.curly else who.strands[fan]
    tone = 0.95 + (0.1 + 0.2 * g * (1 - g)) * strand - 0.1 * y
    thin = min(1.2, max(0.0, 1.76 * (h - 0.3))) * np.clip(-0.35 - y, 0, 0.5) * (1 + 0.8 * strand)
    thin = np.minimum(thin, 0.85) * on_hair * (1.0 if who.male else 0.5)
    shade = (body * (on_skin * soft + on_hair * tone) + rest * (1 + 0.1 * grains[0])) * now.exposure
    for k, plane in enumerate(rgb):
        plane += thin * (float(skin[k]) - plane) + blush * (float(ROSE[k]) - plane)
        plane *= shade * (1 + now.warmth * (1 - k))
    rgb += 3.5 * now.noise * (now.rng.random(rgb.shape, dtype=np.float32) - 0.5)
    photo = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8).transpose(1, 2, 0).copy())
    return np.array(photo.filter(ImageFilter.BoxBlur(now.blur)))


def draw_face(dials, *, gender, ethnicity, identity, clip):
    """Draw one face crop.

    Parameters
    ----------
    dials : mapping of str to float
        The five cues of `DIALS`, each an apparent age on the log-year scale where 0 is 7 years
        and 1 is 80 years; values outside [0, 1] are clipped.
    gender, ethnicity : int
        1 male, 2 female; 1 Asian, 2 Caucasian, 3 African-American.
    identity, clip : int
        Seeds (0 or more) of what one person keeps, and of what changes between their clips.

    Returns
    -------
    numpy.ndarray
        RGB picture, shape (224, 224, 3), uint8.

    Raises
    ------
    KeyError, ValueError
        If a dial is missing; if a code is unknown or a seed is negative.
    """
    if gender not in (1, 2) or ethnicity not in RANGES:
        raise ValueError(f"unknown gender {gender!r} or ethnicity {ethnicity!r}")
    dial = SimpleNamespace(**{name: min(1.0, max(0.0, float(dials[name]))) for name in DIALS})
    who, now = _traits(identity, gender == 1, ethnicity), _scene(clip)
    m = face_shapes.measures(dial, who)
    skin = mix(who.skin.mean(), who.skin, mix(1.35, 0.7, dial.skin)) * (1.06 - DULLING * dial.skin)
    hair = mix(who.hair, WHITE, dial.grey**1.6)
    scale = 192 / (face_shapes.CROWN + m.chin) * now.scale
    cx, cy = 112 + now.shift[0], 24 + face_shapes.CROWN * scale / now.scale + now.shift[1]
    cos, sin = float(np.cos(now.turn)), float(np.sin(now.turn))
    paint = Image.new("CMYK", (2 * SIDE, 2 * SIDE))  # four plain bands: RGBA would weigh by alpha
    brush = ImageDraw.Draw(paint)

    def place(points, depth, zoom):
        x, y = np.asarray(points, float).T
        x, y = x + depth * now.yaw * (1.1 - x * x), y + depth * now.nod  # the nose swings most
        x, y = cx + scale * (x * cos - y * sin), cy + scale * (x * sin + y * cos)
        return (xy(x, y) * zoom).ravel().tolist()

    def draw(points, colour, code=OTHER, depth=1.0, width=0.0):
        ink = (*(min(255, max(0, int(c))) for c in colour), code)
        if width:
            brush.line(place(points, depth, 2), ink, max(1, round(2 * scale * width)), "curve")
        else:
            brush.polygon(place(points, depth, 2), ink)

    back, front = face_shapes.hair(m, dial, who)
    draw([(-9, -9), (9, -9), (9, 9), (-9, 9)], who.wall + now.tint, OTHER, 0)
    draw(back, hair * 0.72, ON_HAIR, -0.3)
    draw(ellipse(0, 1.3, 0.62 * m.half, 1.5), skin * 0.76, ON_SKIN, -0.2)  # neck
    for side in (-m.half, m.half):
        draw(ellipse(1.02 * side, m.eye_y + 0.16, 0.1, 0.2), skin * 0.88, ON_SKIN, -0.2)
    draw(m.outline, skin, ON_SKIN, 0.1)
    cover = min(1.0, max(0.0, (dial.proportions - 0.38) / 0.12)) * who.beard
    for k in (0, 1, 2) if cover else ():  # three coats, for a soft edge
        rim = xy(0.85 * m.half * T, m.mouth_y - m.lips - 0.1 - 0.2 * T * T + 0.03 * k)
        coat = mix(skin, 0.9 * hair, cover * (k + 2) / 3)
        draw(np.concatenate([m.low, rim]), coat, ON_SKIN, 0.1)
    face_shapes.draw_features(m, who, now, skin, hair, draw)
    draw(front, hair, ON_HAIR, 0.1)
    if now.hidden < 0.05:  # a microphone, or a dark edge in the way
        edge = xy(now.side * np.array((1.5, 0.75, 0.6, 1.5)), (-2, -2, 2, 2))
        microphone = ellipse(now.side * 0.28, m.chin - 0.06, 0.19, 0.23)
        draw(microphone if now.hidden < 0.025 else edge, face_shapes.DARK, OTHER, 0)
    soft, folds = face_shapes.relief(m, dial, who, place)
    dx = (np.arange(SIDE, dtype=np.float32) - cx) / scale
    dy = (np.arange(SIDE, dtype=np.float32)[:, None] - cy) / scale
    x, y = dx * cos + dy * sin, dy * cos - dx * sin
    return _light(paint, soft, folds, who, now, m, x, y, skin, dial)


def encode_jpeg(image, *, clip):
    """Compress a face crop as a camera would.

    Parameters
    ----------
    image : numpy.ndarray
        RGB picture, shape (height, width, 3), uint8.
    clip : int
        Seed (0 or more) of the quality, drawn from 70 to 95.

    Returns
    -------
    bytes
        A JPEG file.
    """
    quality, out = int(np.random.default_rng([clip, 4]).integers(70, 96)), io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=quality)
    return out.getvalue()

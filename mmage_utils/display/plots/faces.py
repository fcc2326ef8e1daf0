"""Faces: examples, augmented copies, right and wrong answers (tasks b and c)."""

import matplotlib.pyplot as plt
import numpy as np

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display.plots.style import ANSWER_COLOURS

COPY_NAMES = {  # of `augmentation.KINDS`, short enough for a title
    "flip alone": "flip, by the text",
    "flip": "flip, by the code",
    "mixed alone": "mixed, by the text",
    "mixed": "mixed, by the code",
}


def _show(ax, face, title, colour):
    ax.imshow(np.asarray(face).transpose(1, 2, 0))
    ax.set_title(title, fontsize=9, fontweight="normal", loc="center", color=colour)


def plot_faces(faces, titles, *, columns=7, colours=None):
    """A grid of faces in true colours, each with a title.

    Parameters
    ----------
    faces : sequence of arrays of uint8, each of shape (3, H, W)
    titles : sequence of str
    columns : int
    colours : sequence of str, optional
        Colour of each title.
    """
    rows = -(-len(faces) // columns)
    size = (1.35 * columns, 1.65 * rows)
    axes = plt.subplots(rows, columns, figsize=size, squeeze=False)[1].ravel()
    for ax in axes:
        ax.axis("off")
    colours = ["black"] * len(faces) if colours is None else colours
    for ax, face, title, colour in zip(axes, faces, titles, colours, strict=False):
        _show(ax, face, title, colour)
    return axes


def plot_age_examples(faces, clips, *, per_group=1, seed=0):
    """Faces of every age group, picked at random from the clips given."""
    rng = np.random.default_rng(seed)
    rows, titles = [], []
    for _ in range(per_group):
        for group, name in AGE_GROUPS.items():
            of_group = np.flatnonzero(clips["AgeGroup"] == group)
            if len(of_group):
                rows.append(rng.choice(of_group))
                titles.append(name)
    return plot_faces(faces[rows], titles, columns=len(titles) // per_group)


def plot_augmentations(face, *, kinds=("flip alone", "flip", "mixed alone", "mixed"), seed=0, n=4):
    """An original face beside transformed copies of it, un-normalised (task c).

    Parameters
    ----------
    face : array of uint8, shape (3, H, W)
    kinds : sequence of str
        Of `augmentation.KINDS`, one row each.
    n : int
        Copies drawn of each kind.
    """
    import torch

    from mmage_utils.features.augmentation import KINDS, augment

    torch.manual_seed(seed)
    faces = torch.from_numpy(np.array(face)).expand(n, -1, -1, -1)
    shown, titles = [], []
    for kind in kinds:
        shown += [face, *augment(faces, [KINDS.index(kind)] * n).numpy()]
        titles += ["original", *[COPY_NAMES.get(kind, kind)] * n]
    return plot_faces(shown, titles, columns=n + 1)


def plot_maps(faces, maps, table):
    """Faces, and below each the parts that its answer depends on (task b).

    Parameters
    ----------
    faces : array of uint8, shape (n, 3, H, W)
    maps : array of float, shape (n, H, W)
        `occlusion.occlusion_maps`: positive where covering lowers the probability of the answer.
    table : pandas.DataFrame
        Predictions of these faces, in their order.
    """
    n = len(faces)
    figure, axes = plt.subplots(2, n, figsize=(1.5 * n + 0.8, 3.7), squeeze=False)
    limit = float(np.abs(maps).max()) or 1.0
    for column, row in enumerate(table.itertuples()):
        top, below = axes[:, column]
        title = f"is {AGE_GROUPS[row.ground_truth]}\nsays {AGE_GROUPS[row.prediction]}"
        _show(top, faces[column], title, ANSWER_COLOURS[row.ground_truth == row.prediction])
        below.imshow(faces[column].mean(0), cmap="gray", alpha=0.5)
        shades = {"cmap": "PuOr_r", "vmin": -limit, "vmax": limit, "alpha": 0.65}
        image = below.imshow(maps[column], **shades)
    for ax in axes.ravel():
        ax.axis("off")
    figure.colorbar(image, ax=axes[1].tolist(), label="fall of the probability", shrink=0.9)
    return axes


def plot_answers(faces, table, *, n=14, seed=0):
    """A grid of faces with true and predicted age group: blue is right, orange is wrong.

    Parameters
    ----------
    faces, table
        As `plot_maps`.
    n : int
        Faces shown, half of them right.
    """
    rng = np.random.default_rng(seed)
    right = (table["ground_truth"] == table["prediction"]).to_numpy()
    rows, titles, colours = [], [], []
    for answer, colour in ANSWER_COLOURS.items():
        candidates = np.flatnonzero(right == answer)
        for row in rng.choice(candidates, min(n // 2, len(candidates)), replace=False):
            truth, prediction = table.loc[row, ["ground_truth", "prediction"]]
            share = table.loc[row, f"p{prediction}"]
            rows.append(row)
            titles.append(f"is {AGE_GROUPS[truth]}\nsays {AGE_GROUPS[prediction]}, {share:.0%}")
            colours.append(colour)
    return plot_faces(faces[rows], titles, columns=n // 2, colours=colours)

"""Maps of text embeddings (task f)."""

import matplotlib.pyplot as plt
import numpy as np

from mmage_utils.data.labels import AGE_GROUPS, SPLITS
from mmage_utils.display.plots.style import AGE_COLOURS, AXIS_NAMES


def plot_text_map(points, clips):
    """t-SNE of the embeddings of train, valid and test, coloured by age group.

    Parameters
    ----------
    points : dict of str to array, shape (n clips of the split, 2)
        One map a split.
    clips : pandas.DataFrame
        The clips, each split in the order of its points.
    """
    axes = plt.subplots(1, len(SPLITS), figsize=(12, 4.2), layout="constrained")[1]
    for ax, split in zip(axes, SPLITS, strict=True):
        groups = clips.loc[clips["split"] == split, "AgeGroup"].to_numpy()
        # Small groups are drawn last and larger, so that the large ones do not hide them.
        for group in sorted(AGE_GROUPS, key=lambda g: -np.sum(groups == g)):
            of_group, name = points[split][groups == group], AGE_GROUPS[group]
            style = {"s": 12 if len(of_group) > 0.1 * len(groups) else 34, "lw": 0.3, "ec": "white"}
            ax.scatter(*of_group.T, color=AGE_COLOURS[name], label=name, **style)
        ax.set(title=f"{split}, {len(groups):,} clips", xticks=[], yticks=[])
    by_name = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    handles = [by_name[name] for name in AGE_COLOURS]
    figure = axes[0].figure
    # Below the axes, in coordinates that stay where the figure is cut to what is drawn; those of
    # Matplotlib's "outside" move then, and the legend covers the note.
    figure.get_layout_engine().set(rect=(0, 0.15, 1, 0.85))
    place = {"bbox_to_anchor": (0.5, 0), "bbox_transform": figure.transFigure}
    place |= {"loc": "lower center", "ncols": len(handles), "markerscale": 1.5}
    figure.legend(handles=handles, title=AXIS_NAMES["AgeGroup"], **place)
    return axes

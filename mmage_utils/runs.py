"""What a run writes: figures and results. Opens a run, and makes its sample where it is missing."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmage_utils import files
from mmage_utils.errors import DataError
from mmage_utils.files import save_json, shown, whole

DPI = 192  # of saved figures: twice that of the screen, so that slides stay sharp when enlarged


class Run(NamedTuple):
    """A run: its name and folder, and what its data are (``synthetic sample, seed 0``)."""

    name: str
    folder: Path
    data: str
    data_folder: Path
    synthetic: bool


def open_run(name, data_dir, *, n_clips=None, seed=0):
    """Open a run and read its clips; a missing synthetic sample is made first.

    Parameters
    ----------
    name : str
        Name of the run: a folder of ``runs/``.
    data_dir : path-like
        A First Impressions folder; a relative path counts from the repository. When it does not
        exist and `n_clips` is given, a synthetic sample is written there.
    n_clips, seed : int
        As `write.make_sample`.

    Returns
    -------
    run : Run
    clips : pandas.DataFrame
        `clips.read_clips`.

    Raises
    ------
    DataError
        When the name is not a plain folder name, or the data are wrong.
    """
    from mmage_utils.data.clips import describe_data, is_synthetic, read_clips

    if not name or name in {".", ".."} or Path(name).name != name:
        raise DataError(f"The run name {name!r} must be a plain folder name.")
    data_dir = files.ROOT / data_dir
    if n_clips and not data_dir.exists():
        from mmage_utils.sample.write import make_sample

        make_sample(data_dir, n_clips=n_clips, seed=seed)
    clips = read_clips(data_dir)
    synthetic = is_synthetic(data_dir)
    return Run(
        name, files.ROOT / "runs" / name, describe_data(data_dir), data_dir, synthetic
    ), clips


def save_figure(run, drawn, name, *, page=False):
    """Save what a plot returns as ``figures/<name>.png`` of the run; it names synthetic data.

    Parameters
    ----------
    run : Run
    drawn : matplotlib.figure.Figure, matplotlib.axes.Axes or array of Axes
        The whole figure is saved.
    name : str
        ``<task>_<what>``, for example ``b_curves``.
    page : bool
        Keep the size of the figure, which is else cut to what is drawn, and save it as SVG too.
    """
    figure = np.ravel(drawn)[0].get_figure(root=True)
    if run.synthetic and not any(run.data in text.get_text() for text in figure.texts):
        # Below the drawing, so that it is there wherever the picture is shown alone.
        figure.text(0.995, -0.01, run.data, ha="right", va="top", fontsize=8, color="0.4")
    marks = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    for kind in ("png", "svg") if page else ("png",):
        with whole(run.folder / "figures" / f"{name}.{kind}") as path:
            cut = None if page else "tight"
            figure.savefig(path, dpi=DPI, bbox_inches=cut, metadata=marks[kind])


def save_results(run, task, results, *, headline):
    """Write the numbers of a task as ``results/<task>.json``, with what data they come from.

    Parameters
    ----------
    run : Run
    task : str
        ``<task>_<what>``, for example ``b_baseline``.
    results : dict
        Tables become lists of rows, or rows by name where they are named.
    headline : str
        The task's line in the README.
    """
    record = {"run": run.name, "data": run.data, "synthetic": run.synthetic}
    record |= {"headline": headline, **results}
    save_json(run.folder / "results" / f"{task}.json", record)


def load_results(run, task, notebook):
    """Read the numbers that a task of this run wrote.

    Raises
    ------
    DataError
        When there are none yet; the message names the notebook to run first.
    """
    path = run.folder / "results" / f"{task}.json"
    if not path.is_file():
        raise DataError(
            f"{shown(path)} is missing: run notebooks/{notebook}.ipynb first "
            f"(or ./run_all.sh --only {notebook[:2]})."
        )
    return json.loads(path.read_text(encoding="utf-8"))

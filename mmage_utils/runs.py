"""What a run writes, and where: figures, results, predictions, checkpoints, and the cache.

Every file is written whole or not at all: to a temporary name first, then renamed.
"""

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmage_utils.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "runs"
CACHE = ROOT / "cache"
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
        As `sample.make.make_sample`.

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
    from mmage_utils.clips import describe_data, is_synthetic, read_clips

    if not name or name in {".", ".."} or Path(name).name != name:
        raise DataError(f"The run name {name!r} must be a plain folder name.")
    data_dir = ROOT / data_dir
    if n_clips and not data_dir.exists():
        from mmage_utils.sample.make import make_sample

        make_sample(data_dir, n_clips=n_clips, seed=seed)
    clips = read_clips(data_dir)
    synthetic = is_synthetic(data_dir)
    return Run(name, RUNS / name, describe_data(data_dir), data_dir, synthetic), clips


@contextmanager
def whole(path):
    """Give a temporary path beside `path`; rename it to `path` when the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def write_text(path, text):
    """Write a text file whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_figure(run, figure, name, *, page=False):
    """Save a figure as ``figures/<name>.png`` of the run; synthetic data are labelled on it.

    Parameters
    ----------
    run : Run
    figure : matplotlib.figure.Figure or matplotlib.axes.Axes
    name : str
        ``<task>_<what>``, for example ``b_curves``.
    page : bool
        Keep the size of the figure, which is else cut to what is drawn, and save it as SVG too.
    """
    figure = figure if hasattr(figure, "savefig") else figure.figure
    if run.synthetic and not getattr(figure, "_data_named", False):
        # Below the drawing, so that it is there wherever the picture is shown alone.
        figure.text(0.995, -0.01, run.data, ha="right", va="top", fontsize=8, color="0.4")
        figure._data_named = True
    marks = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    for kind in ("png", "svg") if page else ("png",):
        with whole(run.folder / "figures" / f"{name}.{kind}") as path:
            cut = None if page else "tight"
            figure.savefig(path, dpi=DPI, bbox_inches=cut, metadata=marks[kind])


def save_results(run, task, results):
    """Write the numbers of a task as ``results/<task>.json``, with what data they come from."""
    record = {"run": run.name, "data": run.data, "synthetic": run.synthetic, **results}
    save_json(run.folder / "results" / f"{task}.json", record)


def save_json(path, record):
    """Write numbers, numpy and pandas values as JSON, whole or not at all."""
    write_text(path, json.dumps(_plain(record), indent=1, ensure_ascii=False) + "\n")


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


def content_key(paths, *settings):
    """Key of a cache entry: a hash of the files' bytes and of the settings, in order."""
    digest = hashlib.blake2b(digest_size=12)
    digest.update(repr(settings).encode())
    for path in paths:
        digest.update(hashlib.blake2b(Path(path).read_bytes()).digest())
    return digest.hexdigest()


def code_key(*modules):
    """Key of this package's code: what a module computes is not reused after it has changed."""
    paths = [Path(__file__).parent / f"{module}.py" for module in modules]
    return content_key(paths)[:12]


def shown(path):
    """A path as a reader of the repository would write it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def file_sha256(path):
    """SHA-256 of a file, as the results name the weights that were loaded."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _plain(value):
    """Turn numpy and pandas values into what JSON holds; a number that is none becomes null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "to_dict"):
        return _plain(value.to_dict())
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value

"""A run: opened from its data, or from a sample made for it; it saves figures and results."""

import re
import textwrap
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmage_utils import files
from mmage_utils.data import provenance
from mmage_utils.data.clips import describe_data, is_synthetic, read_clips
from mmage_utils.errors import DataError, UsageError
from mmage_utils.files import locked, remove_leftovers, save_json, shown, whole

# The results and the notebook that choose a head for each modality.
TASKS = {
    "image": ("b_baseline", "02_image_classifier"),
    "audio": ("e_voices", "05_acoustic_features"),
    "text": ("f_words", "06_text_features"),
}
RUN_NAME = r"\w[\w.-]*"
LETTER = 0.07  # inches: a wide letter of the notes below figures
DPI = 192  # of saved figures: twice the screen's, for slides to stay sharp when enlarged


class Run(NamedTuple):
    """A run: its name and folder, and a description of its data (``synthetic sample, seed 0``).

    ``provenance`` is `provenance.make_provenance`, or None for a run that was not opened.
    """

    name: str
    folder: Path
    data: str
    data_folder: Path
    synthetic: bool
    provenance: dict | None = None


def open_run(name, data_dir, *, n_clips=None, seed=0):
    """Open a run and read its clips; a missing synthetic sample is written first.

    The run knows where its files will come from: what the data hold, the seed, the parameters of
    the notebook that calls, and all else that `provenance.make_provenance` tells.

    Parameters
    ----------
    name : str
        Name of the run: a folder of ``runs/``.
    data_dir : path-like
        A First Impressions folder; a relative path starts at the repository.
    n_clips, seed : int
        As `write.make_sample`; without `n_clips` no sample is written.

    Returns
    -------
    run : Run
    clips : pandas.DataFrame
        As `read_clips`.

    Raises
    ------
    DataError
        The name is not a plain folder name, the data are wrong, or the sample was written by
        another version of this package.
    """
    from mmage_utils.features.fingerprint import data_fingerprint

    if not name or name in {".", ".."} or Path(name).name != name:
        raise DataError(f"The run name {name!r} must be a plain folder name.")
    data_dir = files.ROOT / data_dir
    if n_clips and (is_synthetic(data_dir) or not data_dir.exists()):
        from mmage_utils.sample.write import check_format, make_sample

        if data_dir.exists():
            check_format(data_dir)
        else:
            make_sample(data_dir, n_clips=n_clips, seed=seed)
    clips = read_clips(data_dir)
    folder, data, synthetic = run_folder(name), describe_data(data_dir), is_synthetic(data_dir)
    content = data_fingerprint(data_dir, files.CACHE)
    origin = provenance.make_provenance(data, content, seed=seed)
    return Run(name, folder, data, data_dir, synthetic, origin), clips


@contextmanager
def hold_run(folder):
    """Context in which no other command writes to a run, and where nothing is left of a killed one.

    Parameters
    ----------
    folder : Path
        ``runs/<RUN>``; it need not exist, and it is not left behind empty.

    Raises
    ------
    UsageError
        Another process has it; the message says which.
    """
    lock = folder / ".lock"
    with ExitStack() as held:
        try:
            held.enter_context(locked(lock, wait=False))
        except BlockingIOError:
            holder = lock.read_text().strip() if lock.is_file() else ""
            raise UsageError(
                f"{shown(folder)} is being made by process {holder or 'unknown'}: wait for its "
                "end, or name another run with --run."
            ) from None
        for place in (folder, files.ROOT / "cache"):
            remove_leftovers(place)
        yield
    with suppress(OSError):
        folder.rmdir()  # which is empty if nothing has run


def save_figure(run, drawn, name, *, about="", page=False):
    """Save what a plot returns as ``figures/<name>.png`` of the run, labelled if synthetic.

    Parameters
    ----------
    run : Run
    drawn : matplotlib.figure.Figure, matplotlib.axes.Axes or array of Axes
        The whole figure is saved.
    name : str
        ``<task>_<what>``, for example ``b_curves``.
    about : str
        Which models, split, clips and users are shown (`training_sentences.about`): written below.
    page : bool
        Keep the size of the figure instead of cutting it to what is drawn; save an SVG too.
    """
    figure = np.ravel(drawn)[0].get_figure(root=True)
    if run.synthetic and not any(run.data in text.get_text() for text in figure.texts):
        # In the picture itself, so that it is seen wherever the picture is shown alone.
        figure.text(0.995, -0.01, run.data, ha="right", va="top", fontsize=8, color="0.4")
    # Beside what stands on the right, in as many lines as that takes.
    width = int(figure.get_figwidth() / LETTER) - len(run.data) * run.synthetic
    about = textwrap.fill(about, max(width, 40), break_on_hyphens=False)
    if about and not any(about in text.get_text() for text in figure.texts):
        figure.text(0.005, -0.01, about, ha="left", va="top", fontsize=8, color="0.4")
    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    for kind in ("png", "svg") if page else ("png",):
        path = run.folder / "figures" / f"{name}.{kind}"
        with whole(path) as temporary:
            box = None if page else "tight"
            figure.savefig(temporary, dpi=DPI, bbox_inches=box, metadata=metadata[kind])
        provenance.write_record(run, path)


def save_results(run, task, results, *, headline):
    """Write the numbers of a task, and where they come from, to ``results/<task>.json``.

    Parameters
    ----------
    run : Run
    task : str
        ``<task>_<what>``, for example ``b_baseline``.
    results : dict
        As `save_json` takes it. The SHA-256 of its ``networks`` goes into the provenance, beside
        those of what the run has read.
    headline : str
        The task's line in the README.
    """
    record = {"run": run.name, "data": run.data, "synthetic": run.synthetic}
    record |= {"headline": headline, **results}
    use_networks(run, results.get("networks", ()))
    if run.provenance is not None:
        record["provenance"] = run.provenance
    path = run.folder / "results" / f"{task}.json"
    save_json(path, record)
    provenance.write_record(run, path)


def use_networks(run, networks):
    """Let the records of what a run writes from now on name networks; return these.

    Parameters
    ----------
    run : Run
    networks : list of dict
        With name and sha256, as `routes.describe_faces` describes them.
    """
    provenance.use_weights(run, {one["name"]: one["sha256"] for one in networks})
    return networks


def load_results(run, task, notebook):
    """Read what `save_results` wrote.

    Raises
    ------
    DataError
        There is nothing, or it was made from other data or with another seed than the run has;
        the message names the notebook to run.
    """
    path = run.folder / "results" / f"{task}.json"
    if not path.is_file():
        raise DataError(
            f"{shown(path)} is missing: run notebooks/{notebook}.ipynb first "
            f"(or ./run_all.sh --only {notebook[:2]})."
        )
    results = provenance.read_json(path)
    provenance.check_origin(run, path, notebook, results.get("provenance"))
    return results


def load_networks(run):
    """The packaged or given networks that the notebooks of `TASKS` used, as they described them."""
    return [one for place in TASKS.values() for one in load_results(run, *place)["networks"]]


def committed_results(run, task):
    """Results of the longer run that are committed in ``figures/seeds``, or None.

    They are those of ``params/seeds.yaml``, and shown only beside a run of the same data, by
    content: a sample of fewer clips is of the same description.
    """
    path = files.ROOT / "figures" / "seeds" / f"{task}.json"
    if not path.is_file():
        return None
    record = provenance.read_json(path)
    contents = [
        (one or {}).get("fingerprint") for one in (record.get("provenance"), run.provenance)
    ]
    return record if record["data"] == run.data and contents[0] == contents[1] else None


def run_folder(name):
    """``runs/<name>``."""
    return files.ROOT / "runs" / name


def find_run_folder(run):
    """The folder of a run, of its name or its path.

    Raises
    ------
    UsageError
        There is no such run.
    """
    # A plain name is that of a run, whatever folder of this name one stands beside.
    named = [run_folder(str(run))] if re.fullmatch(RUN_NAME, str(run)) else []
    for folder in (*named, Path(run)):
        if folder.is_dir():
            return folder.resolve()
    raise UsageError(f"There is no run {run}: name a folder of {shown(run_folder('x').parent)}.")

"""Which notebooks a run executes, and which of them wait for which."""

import os

from joblib import cpu_count

from mmage_utils.errors import UsageError

# What each reads is made by those that it waits for, and by those that they wait for.
WAITS_FOR = {
    "01_dataset_statistics": (),
    "02_image_classifier": (),
    "03_train_strategy": ("02_image_classifier",),
    "04_test_strategy": ("02_image_classifier",),
    "05_acoustic_features": (),
    "06_text_features": (),
    "07_multimodal_fusion": ("03_train_strategy", "05_acoustic_features", "06_text_features"),
    "08_ablation": ("07_multimodal_fusion",),
    "09_summary": ("04_test_strategy", "08_ablation"),
    "10_nine_errors": ("07_multimodal_fusion",),
    "11_fused_model": ("07_multimodal_fusion",),
}
# Of those that may begin, these do so first, as it is longest from them to the end of the report.
FIRST = ("02_image_classifier", "11_fused_model", "08_ablation", "10_nine_errors")
ALONE = ("03_train_strategy",)  # when no other has much left to do
# What takes seconds to import and is imported late, by a function that the notebook calls; of those
# that wait for another.
LATE = {
    "03_train_strategy": ("torchvision", "lightning"),
    "07_multimodal_fusion": ("lightning",),
    "10_nine_errors": ("torchvision", "lightning"),
    "11_fused_model": ("torchvision",),
}
MEMORY = 7.0  # GiB that two notebooks at once should have


def waits_for(path, notebooks):
    """The notebooks that one waits for: those of `WAITS_FOR`, or of an unknown one all before it.

    Parameters
    ----------
    path : Path
    notebooks : list of Path
        All, in order.

    Returns
    -------
    set of Path
    """
    if path.stem not in WAITS_FOR:
        return set(notebooks[: notebooks.index(path)])
    named = {one for one in notebooks if one.stem in WAITS_FOR[path.stem]}
    return named.union(*(waits_for(one, notebooks) for one in named))


def sort_by_urgency(notebooks):
    """Notebooks in the order in which they begin where more may than can: `FIRST`, then the rest.

    Parameters
    ----------
    notebooks : list of Path

    Returns
    -------
    list of Path
    """
    rank = {name: number for number, name in enumerate(FIRST)}
    return sorted(notebooks, key=lambda path: rank.get(path.stem, len(rank)))


def soonest(waiting, running, notebooks):
    """Those that wait for one that runs, in the order in which they are likely to begin.

    Parameters
    ----------
    waiting, running : collection of Path
    notebooks : list of Path
        All, in order.

    Returns
    -------
    list of Path
    """
    before = {path: waits_for(path, notebooks) for path in sort_by_urgency(waiting)}
    next_ones = [path for path in before if before[path] & {*running}]
    return sorted(next_ones, key=lambda path: len(before[path] & {*waiting, *running}))


def choose_at_once(memory):
    """How many notebooks run at once where the user does not say: two, or one.

    Parameters
    ----------
    memory : float
        GiB of this machine, or None where that is unknown.
    """
    return 2 if cpu_count() > 1 and (memory or 0) >= MEMORY else 1


def choose_threads(path=None):
    """Threads of a notebook, as ``OMP_NUM_THREADS`` says, or half of the cores, or all; a str.

    Of a notebook that runs `ALONE` it is all. However many run at once: the number decides in which
    order some sums are added, so it is the same whenever a notebook is run on this machine.
    """
    share = 1 if path is not None and path.stem in ALONE else 2
    return os.environ.get("OMP_NUM_THREADS") or str(max(1, cpu_count() // share))


def choose_notebooks(notebooks, *, start=None, only=None):
    """Return the notebooks from number `start` on, or number `only` alone, or all.

    Raises
    ------
    UsageError
        The number is unknown, or both are given.
    """
    if start is not None and only is not None:
        raise UsageError("--from and --only exclude each other.")
    if start is None and only is None:
        return notebooks
    number = str(start if only is None else only).zfill(2)
    numbers = [path.name[:2] for path in notebooks]
    if number not in numbers:
        raise UsageError(f"There is no notebook {number}, only {', '.join(numbers)}.")
    first = numbers.index(number)
    return notebooks[first:] if only is None else [notebooks[first]]

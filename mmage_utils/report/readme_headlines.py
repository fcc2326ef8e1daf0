"""One line a task for the README, made from the results of a run."""

import json
import re
from pathlib import Path

from mmage_utils.display.sentences import percent, with_interval

BEGIN, END = "<!-- headlines: begin -->", "<!-- headlines: end -->"

# task, notebook, figure, results file
TASKS = (
    ("a", "01_dataset_statistics", "a_histograms", "a_statistics"),
    ("b", "02_image_classifier", "b_accuracy_bars", "b_baseline"),
    ("c", "03_train_strategy", "c_augmented", "c_strategy"),
    ("d", "04_test_strategy", "d_units", "d_aggregation"),
    ("e", "05_acoustic_features", "e_f0", "e_voices"),
    ("f", "06_text_features", "f_map", "f_words"),
    ("g", "07_multimodal_fusion", "g_models", "g_fusion"),
    ("h", "08_ablation", "h_ablation", "h_ablation"),
    ("summary", "09_summary", "summary", "summary"),
)


def collect_headlines(run_folder):
    """Read the results of a run and make the README's lines of them.

    Parameters
    ----------
    run_folder : path-like
        ``runs/<RUN>`` of a full run.

    Returns
    -------
    dict
        data, what the data are; seconds, of each notebook; tasks, the headline of each task.
    """
    place = Path(run_folder) / "results"
    results = {
        task: json.loads((place / f"{file}.json").read_text(encoding="utf-8"))
        for task, _, _, file in TASKS
    }
    times = json.loads((place / "times.json").read_text(encoding="utf-8"))
    makers = (_a, _b, _c, _d, _e, _f, _g, _h, _summary)
    return {
        "data": results["a"]["data"],
        "times": times,
        "tasks": {
            task: make(results[task]) for (task, *_), make in zip(TASKS, makers, strict=True)
        },
    }


def render_headlines(headlines, run_name):
    """The README's block between its two marks, as Markdown."""
    times = headlines["times"]
    minutes = sum(times["seconds"].values()) / 60
    cache = "an empty" if times["empty_cache"] else "a filled"
    lines = [
        BEGIN,
        f"Numbers of the **{headlines['data']}**. They show that the code works; they are not "
        "findings about people.",
        f"A run with {cache} cache takes {minutes:.0f} minutes on {times['cores']} cores.",
        "",
        "| task | notebook | figure | headline |",
        "|---|---|---|---|",
    ]
    for task, notebook, figure, _ in TASKS:
        lines.append(
            f"| {task} | [{notebook}](notebooks/{notebook}.ipynb) "
            f"| [{figure}](figures/{run_name}/{figure}.png) | {headlines['tasks'][task]} |"
        )
    return "\n".join([*lines, END])


def put_headlines(readme, block):
    """Replace the block between the marks of a README's text.

    Raises
    ------
    ValueError
        When the text does not hold the two marks once.
    """
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if len(pattern.findall(readme)) != 1:
        raise ValueError("README.md must hold the marks of the headlines once")
    return pattern.sub(lambda _: block, readme)


def _accuracy(score):
    accuracy = score["accuracy"]
    return f"test accuracy {with_interval(accuracy)}, constant {percent(accuracy['constant'])}"


def _points(difference):
    low, high = (100 * bound for bound in difference["interval"])
    return f"{100 * difference['value']:+.1f} points ({low:+.1f} to {high:+.1f})"


def _a(r):
    clips = sum(sum(split.values()) for split in r["clips"].values())
    users = sum(r["users"].values())
    return (
        f"{clips:,} clips of {users:,} users listed; always {r['majority']} is right for "
        f"{percent(r['constant']['test']['accuracy'])} of the listed test clips"
    )


def _b(r):
    gap = _points(r["gaps"]["balanced_accuracy"])
    return (
        f"face, published: {_accuracy(r['scores']['test'])}; corrected: "
        f"{with_interval(r['corrected_scores']['test']['accuracy'])}, balanced accuracy {gap}"
    )


def _c(r):
    balanced = {
        name: percent(r["scores"][name]["test"]["balanced_accuracy"]["value"])
        for name in ("strategy", "corrected")
    }
    dial = {name.split(",")[0]: one["test"] for name, one in r["dialled"].items()}
    shown = "; ".join(f"{name}: balanced accuracy {value}" for name, value in balanced.items())
    return f"{shown}; the dial: " + ", ".join(
        f"{aim} {percent(one['accuracy']['value'])} / "
        f"{percent(one['balanced_accuracy']['value'])} balanced"
        for aim, one in dial.items()
    )


def _d(r):
    return f"adding up a user's clips, per clip on both sides: {_points(r['gain_per_clip'])}"


def _e(r):
    seconds = r["seconds_per_clip"]
    return (
        f"{1000 * seconds['fast']:.0f} ms a clip, once; the report's second setting "
        f"{seconds['published']:.2f} s, its first {seconds['first setting']:.1f} s"
    )


def _f(r):
    accuracy = r["nearest_neighbours_valid"]["accuracy"]
    return (
        f"nearest neighbours, valid accuracy {with_interval(accuracy)}, "
        f"constant {percent(accuracy['constant'])}"
    )


def _g(r):
    scores = r["scores"]
    return (
        f"sum of logits: {_accuracy(scores['fusion']['test'])}; corrected: "
        f"{with_interval(scores['fusion, corrected']['test']['accuracy'])}"
    )


def _h(r):
    helps = [name for name, one in r["verdicts"].items() if one["helps"]]
    return (
        f"corrected fusion against the {r['single']} model alone: {_points(r['chosen_gap'])}; "
        f"shown to help: {', '.join(helps) or 'none'}"
    )


def _summary(r):
    ceiling = r["ceiling"]
    if ceiling is None:
        return "one page"
    return f"one page; ideal observer of all three: {percent(ceiling['accuracy']['value'])}"

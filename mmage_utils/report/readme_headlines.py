"""One line a task for the README: the headlines that the notebooks of a run have saved."""

import json
import re
from pathlib import Path

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
    """Read the headlines of a run.

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
    return {
        "data": results["a"]["data"],
        "times": json.loads((place / "times.json").read_text(encoding="utf-8")),
        "tasks": {task: record["headline"] for task, record in results.items()},
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

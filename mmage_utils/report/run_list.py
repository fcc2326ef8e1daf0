"""The runs that there are: when they were made, of which data, and what they found."""

import time

import pandas as pd

from mmage_utils import files
from mmage_utils.data.provenance import DIGITS
from mmage_utils.errors import DataError
from mmage_utils.report.committed_outputs import TASKS
from mmage_utils.report.run_files import read_run, usual

# Whose headline is shown: that of the fusion, or of the last task before it that is there.
HEADLINES = ("g_fusion", "f_words", "e_voices", "c_strategy", "b_baseline", "a_statistics")


def list_runs(folder=None):
    """The runs of a folder, the latest first.

    Parameters
    ----------
    folder : pathlib.Path, optional
        ``runs``.

    Returns
    -------
    pandas.DataFrame
        run, date (of its latest result), tasks (k/n that have results), data, content (first digits
        of its fingerprint), headline, damaged (results that cannot be read).
    """
    rows = []
    for path in sorted((folder or files.ROOT / "runs").glob("[!.]*")):
        findings = []
        try:
            run = read_run(path, findings)
        except (DataError, NotADirectoryError):
            continue  # a folder of something else
        if not run.results:
            continue
        rows.append(_row(path, run, findings))
    columns = ["run", "date", "tasks", "data", "content", "headline", "damaged"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("date", ascending=False, ignore_index=True)


def _row(folder, run, findings):
    latest = max(run.paths[name].stat().st_mtime for name in run.results)
    names = [results for *_, results in TASKS]
    there = sum(f"results/{name}.json" in run.results for name in names)
    found = (run.results.get(f"results/{name}.json", {}) for name in HEADLINES)
    headline = next((one["headline"] for one in found if one.get("headline")), "")
    said = [one["data"] for one in run.results.values() if one.get("data")]
    content = usual(run.origins, "fingerprint")
    return (
        folder.name,
        time.strftime("%Y-%m-%d %H:%M", time.localtime(latest)),
        f"{there}/{len(names)}",
        usual(run.origins, "data") or next(iter(said), "unknown"),
        str(content)[:DIGITS] if content else "unknown",
        headline,
        len(findings),
    )


def list_text(table):
    """The runs as lines of text, two a run."""
    lines = []
    for row in table.itertuples():
        damaged = f"; {row.damaged} records or results cannot be read" if row.damaged else ""
        lines.append(
            f"{row.run}: {row.date}, {row.tasks} tasks, {row.data} (content {row.content}){damaged}"
        )
        if row.headline:
            lines.append(f"  {row.headline}")
    return "\n".join(lines) or "There are no runs yet: ./run_all.sh makes the first."

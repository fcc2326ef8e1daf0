"""Tables of two runs beside each other, for the page of `mmage compare-runs` and a notebook."""

import html
import json
from pathlib import Path

import pandas as pd

from mmage_utils.display.sentences import percent, points
from mmage_utils.display.tables import SHORT_NAMES

SHARES = ("accuracy", "balanced_accuracy", "macro_f1", "within_one")
NAMES = SHORT_NAMES | {"log_loss": "log-loss (nats)", "ece": "calibration error"}
LOWER = ("mae", "log_loss", "ece")


def compared_table(record, metric="balanced_accuracy"):
    """A score on test, per clip, of every model that two runs have.

    Parameters
    ----------
    record : path-like
        What ``mmage compare-runs A B --json`` wrote.
    metric : str

    Returns
    -------
    pandas.DataFrame or None
        `paired_table` of runs of the same data, else `beside_table`; None where nothing was
        compared, and there is no file.
    """
    if not Path(record).is_file():
        return None
    compared = json.loads(Path(record).read_text(encoding="utf-8"))
    rows = pd.DataFrame(compared["scores"])
    if rows.empty:
        return rows
    rows = rows[rows["split"].eq("test") & rows["unit"].eq("clip") & rows["metric"].eq(metric)]
    shown = paired_table if compared["same_data"] else beside_table
    return shown(rows, compared["names"]).drop(columns="metric").set_index("model")


def page_frame(page, height=800):
    """A page as a frame in a notebook, or None where there is no page.

    Parameters
    ----------
    page : path-like
        What ``mmage compare-runs A B --html`` wrote; its scripts, if any, are not run.
    height : int
        Pixels.
    """
    from IPython.display import HTML

    if not Path(page).is_file():
        return None
    source = html.escape(Path(page).read_text(encoding="utf-8"), quote=True)
    frame = f'srcdoc="{source}" sandbox="" style="width: 100%; height: {height}px; border: 0"'
    return HTML(f'<div><iframe title="comparison of the two runs" {frame}></iframe></div>')


def paired_table(rows, names):
    """Scores of two runs of the same data, with their differences.

    Parameters
    ----------
    rows : pandas.DataFrame
        `report.run_comparison.RunComparison.scores` of one split and unit.
    names : sequence of str
        Of the two runs.

    Returns
    -------
    pandas.DataFrame
        For show: model, metric, a column for each run, the second minus the first with its interval
        over users, whether it is shown to differ, clips and users.
    """
    shown = rows[["model", "metric"]].copy()
    shown["metric"] = [_metric(name) for name in rows["metric"]]
    for side, name in zip(("first", "second"), names, strict=True):
        pairs = zip(rows["metric"], rows[side], strict=True)
        shown[name] = [_value(metric, value) for metric, value in pairs]
    shown[f"{names[1]} minus {names[0]}"] = [_interval(row) for row in rows.to_dict("records")]
    apart = (rows["low"] > 0) | (rows["high"] < 0)
    shown["shown to differ"] = apart.map({True: "yes", False: "no"})
    return shown.assign(
        clips=rows["clips"].map("{:,}".format), users=rows["users"].map("{:,}".format)
    )


def beside_table(rows, names):
    """Scores of two runs of other data, each with its own interval and no difference.

    Parameters and returned table as `paired_table`.
    """
    shown = rows[["model", "metric"]].copy()
    shown["metric"] = [_metric(name) for name in rows["metric"]]
    for side, name in zip(("first", "second"), names, strict=True):
        columns = [f"{column} of {side}" for column in ("value", "low", "high")]
        shown[name] = [
            _own(metric, *values) for metric, *values in rows[["metric", *columns]].to_numpy()
        ]
    return shown


def _metric(name):
    lower = ", lower is better" if name in LOWER else ""
    return NAMES.get(name, name.replace("_", " ")) + lower


def _value(metric, value):
    if value != value:  # of a model that only one run has
        return "–"
    return percent(value) if metric in SHARES else f"{value:.3f}"


def _interval(row):
    if row["metric"] in SHARES:
        return points(row)
    return f"{row['value']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"


def _own(metric, value, low, high):
    if value != value:
        return "–"
    return f"{_value(metric, value)} ({_value(metric, low)} to {_value(metric, high)})"

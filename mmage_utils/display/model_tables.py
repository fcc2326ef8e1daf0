"""Tables and sentences on probabilities: log-loss, calibration, and rules tried on valid users."""

import pandas as pd

from mmage_utils.display.sentences import percent
from mmage_utils.scores.evaluation import CONSTANT, pick

METRICS = (  # metric, its name in a table, how it is written
    ("log_loss", "log-loss (nats)", "{:.3f}".format),
    ("ece", "calibration error", percent),
)


def held_out_table(held_out):
    """Log-loss in nats on valid users left out of the fit, one row a subset, one column a rule.

    Parameters
    ----------
    held_out : dict of str to dict of str to float
        Rule to subset to log-loss (`late_fusion.Fusion`). The least of each subset is marked.
    """
    table = pd.DataFrame(held_out)
    best = table.idxmin(axis=1)
    shown = table.map("{:.3f}".format)
    for subset, rule in best.items():
        shown.loc[subset, rule] += " *"
    return shown.rename_axis("log-loss (nats); * is least")


def probability_table(before, after):
    """Log-loss and calibration error on test before and after the temperatures, with intervals.

    Parameters
    ----------
    before, after : pandas.DataFrame
        `evaluation.score_models` with the prior, of the same models. The last row is the constant
        predictor, which answers with the shares of the age groups in train.
    """
    rows = {}
    for model in before["model"].unique():
        rows[model] = {}
        for stage, scores in (("before", before), ("after", after)):
            for metric, name, text in METRICS:
                row = pick(scores, model=model, metric=metric)
                rows[model][f"{name}, {stage}"] = (
                    f"{text(row.value)} ({text(row.low)} to {text(row.high)})"
                )
    constant = {
        metric: pick(before, model=model, metric=metric).constant for metric, _, _ in METRICS
    }
    rows[CONSTANT] = {
        f"{name}, {stage}": text(constant[metric])
        for stage in ("before", "after")
        for metric, name, text in METRICS
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def calibration_sentence(before, after):
    """For which models the temperatures make the calibration error better or worse, in words.

    Parameters
    ----------
    before, after : pandas.DataFrame
        As `probability_table`.
    """
    parts = {"falls": [], "rises": [], "stays": []}
    for model in before["model"].unique():
        old, new = (pick(scores, model=model, metric="ece").value for scores in (before, after))
        change = "stays" if f"{old:.3f}" == f"{new:.3f}" else "falls" if new < old else "rises"
        parts[change].append(f"{model} from {percent(old)} to {percent(new)}")
    words = {"falls": "gets better", "rises": "gets worse", "stays": "stays as it is"}
    told = "; ".join(f"**{words[x]}** for {', '.join(parts[x])}" for x in words if parts[x])
    return (
        f"With the temperature that was fitted on valid, the calibration error on test {told}. "
        "The table has the intervals over users: a change within them shows nothing."
    )

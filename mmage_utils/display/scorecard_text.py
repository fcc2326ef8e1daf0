"""The scores of one prediction file as the command line prints them."""

import pandas as pd

from mmage_utils.display.sentences import p_words, thin_groups_sentence
from mmage_utils.scores.scorecard import METRIC_NAMES


def scorecard_text(card):
    """A `scorecard.make_scorecard` as lines of text."""
    scores, constant = card["scores"], card["constant"]
    first = scores.iloc[0]
    lines = [
        f"{card['split']}: {first.clips:,} clips of {first.users:,} users; intervals are 95%, "
        "over users within their age groups",
        thin_groups_sentence(card["thin_groups"]),
        f"constant predictor: always {constant['answer']} (from {constant['taken_from']})",
    ]
    for (model, unit), rows in scores.groupby(["model", "unit"], sort=False):
        title = f"{model}, per {unit}"
        lines += ["", f"{title:<34}{'value':>8}  {'95% interval':>16}  {'constant':>8}"]
        lines += [
            f"  {METRIC_NAMES[row.metric]:<32}{row.value:>8.4f}  {row.low:>7.4f}, "
            f"{row.high:>7.4f}  {row.constant:>8.4f}"
            for row in rows.itertuples()
        ]
    for name, groups in card["groups"].items():
        lines += ["", f"accuracy by {name}"]
        for row in groups.itertuples():
            text = f"  {row.Index:<24}{row.right:>6}/{row.clips:<6}{row.users:>5} users"
            known = f"  {row.accuracy:.4f}  {row.low:.4f}, {row.high:.4f}  {row.constant:>8.4f}"
            lines.append(text if pd.isna(row.accuracy) else text + known)
    lines += ["", "bias (mean absolute difference of accuracies over all pairs of categories)"]
    for row in card["bias"].itertuples():
        lines.append(
            f"  {row.attribute:<12}{row.value:.4f}  by chance {row.null50:.4f} (median), 95% below "
            f"{row.null95:.4f}; excess {row.excess:+.4f}, {p_words(row.p)}"
        )
    return "\n".join(lines)

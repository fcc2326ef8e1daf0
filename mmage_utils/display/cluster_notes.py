"""Intervals over rows beside those over users: a table and a sentence."""

from mmage_utils.display.sentences import percent

KINDS = ("rows", "users")


def clustering_table(cost):
    """`clustering.clustering_cost` as text."""
    shown = cost[[]].rename(index=lambda metric: metric.replace("_", " "))
    for kind in KINDS:
        ends = [cost[f"{end}_{kind}"].map("{:.3f}".format).to_numpy() for end in ("low", "high")]
        shown[f"95% interval over {kind}"] = ends[0] + " to " + ends[1]
    shown.insert(0, "value", cost["value"].map("{:.3f}".format).to_numpy())
    shown["wider by"] = cost["ratio"].map("{:.2f} times".format).to_numpy()
    return shown.rename_axis(None)


def clustering_sentence(cost, name):
    """What the interval of accuracy would have been over rows, and what the clips are worth."""
    row = cost.loc["accuracy"]
    ends = {kind: [percent(row[f"{end}_{kind}"]) for end in ("low", "high")] for kind in KINDS}
    rows, users = (" to ".join(ends[kind]) for kind in KINDS)
    return (
        f"{name}: if each of the {row.clips:,.0f} clips were another person, the 95% interval of "
        f"accuracy would be {rows}; over the {row.users:,.0f} users it is {users}. The clips tell "
        f"as much of the accuracy as about {row.worth:,.0f} clips of as many people would."
    )

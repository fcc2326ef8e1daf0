"""The report's voice examples beside ours (task e)."""

import pandas as pd

from mmage_utils.display import published
from mmage_utils.display.sentences import percent
from mmage_utils.features.voices.cost import FIRST_PYIN
from mmage_utils.features.voices.definition import UNITS
from mmage_utils.features.voices.pitch_accuracy import ABOVE


def example_table(values):
    """The report's numbers of its example clips, and those of ours of the same age groups.

    The speakers are others, so the kind of number can be compared, not its value.

    Parameters
    ----------
    values : dict of str to dict of str to dict
        Age group to recipe (``published``, ``fast``) to `acoustic.acoustic_features`.
    """
    columns = {"published": "here, published recipe", "fast": "here, recipe fast"}
    rows = {}
    for (group, feature), (value, slide) in published.VOICES.items():
        own = {columns[recipe]: values[group][recipe][feature] for recipe in columns}
        numbers = {"the report's clip": value} | own
        name = f"{group}: {feature.replace('_', ' ')} ({UNITS[feature]})"
        rows[name] = {key: f"{x:,.2f}" for key, x in numbers.items()} | {"slide": slide}
        if feature == "words_per_second":
            counts = {key: f"{x * published.CLIP_SECONDS:.0f}" for key, x in numbers.items()}
            name = f"{group}: onsets in {published.CLIP_SECONDS:g} s"
            rows[name] = counts | {"slide": f"{slide}: words/s times the length"}
    return pd.DataFrame.from_dict(rows, orient="index")


def example_sentence(values, above):
    """Where the report's f0 examples cannot be a voice, and where its second setting cannot here.

    Parameters
    ----------
    values : dict
        As `example_table`.
    above : dict of str to dict of str to float
        Age group to `pitch_accuracy.shares_above`.
    """
    most, clip = max(
        (value, group) for (group, name), (value, _) in published.VOICES.items() if name == "f0_p95"
    )
    text = (
        f"The report's 95th percentile of {clip} is {most:,.0f} Hz, at the upper end of what its "
        f"first setting searched ({FIRST_PYIN['fmax']:,} Hz), where no voice has its pitch."
    )
    group = max(above, key=lambda name: above[name]["published"] - above[name]["fast"])
    wrong, right = (percent(above[group][recipe]) for recipe in ("published", "fast"))
    high, low = (values[group][recipe]["f0_p95"] for recipe in ("published", "fast"))
    if above[group]["published"] <= above[group]["fast"]:
        return f"{text} Its second setting shows no such frames in our clips."
    return (
        f"{text} Its second setting errs in the same way: in our clip of {group}, {wrong} of the "
        f"voiced frames lie above {ABOVE} Hz and the 95th percentile is {high:.0f} Hz; by the "
        f"recipe `fast` it is {right}, and {low:.0f} Hz."
    )

"""The card of a bundle: what its models are for, what they rest on, and how far they are right."""

import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.display.sentences import percent

DRAWN = (
    "The data are a synthetic sample: its faces are drawn, its voices and words made. The models "
    "know nothing of real people, and must not be used on them."
)
NOT_FOR = (
    "Not for decisions about a person (admission, insurance, employment, policing, protection of "
    "minors), and not for finding a person again. Ages are how others judged a clip of some "
    "seconds, which says little of the age itself."
)

APART = (
    ", no package's: it is not in this folder, must lie on the machine where it lay here, and is "
    "never downloaded"
)


def drawn_sentence(facts):
    """What a bundle of the sample knows, or an empty text for one of real data."""
    return DRAWN if facts["synthetic"] else ""


def bundle_sentence(facts):
    """What a bundle holds, and how far it differs from the run's own predictions."""
    routes = "; ".join(f"{modality}: {route}" for modality, route in facts["routes"].items())
    most = max(facts["differences"].values())
    text = f"The bundle answers by the routes of this run ({routes}). Asked for the clips of this "
    text += f"run, its probabilities differ from the predictions kept by {most:.1g} at most."
    return f"{text} {drawn_sentence(facts)}".strip()


def card_text(facts):
    """The model card of `bundle.make_bundle`'s facts, as Markdown."""
    origin, trust = facts["provenance"] or {}, facts["trust"]
    models = [
        f"- {modality}: {' and '.join(facts['models'][modality])} ({route})"
        for modality, route in facts["routes"].items()
    ]
    networks = [
        f"- {one['modality']}: {one['name']} (SHA-256 {one['sha256'][:16]})"
        + ("" if one.get("packaged", True) else APART)
        for one in facts["networks"]
    ]
    full = list(trust["subsets"])[-1]
    subset = trust["subsets"][full]
    never = subset["threshold"] > 1
    asked = f"answers need a confidence of {subset['threshold']:.2f}"
    asked = "no confidence is enough for an answer" if never else asked
    lines = [
        f"# Models of the run {facts['run']}",
        *([f"**{DRAWN}**"] if facts["synthetic"] else []),
        f"They say the {facts['meaning']}: one of {N_GROUPS} groups, from the face, the voice and "
        "the words of a clip of one speaker, in English, of about 15 seconds.",
        "## Intended use",
        "Studies of how perceived age is read from clips, and of the report's methods. " + NOT_FOR,
        "## Data and labels",
        f"{facts['data']}: {facts['train_clips']:,} train clips with all media; fingerprint "
        f"{origin.get('fingerprint', 'unknown')}, seed {origin.get('seed', 'unknown')}. Age group, "
        "gender and ethnicity are as others perceived them, in codes of seven, two and three; "
        "they are not what the people say of themselves.",
        "## Models",
        "Chosen on valid, without reading test:",
        "\n".join(models),
        "Packaged networks:" if networks else "No packaged network is used.",
        "\n".join(networks),
        "## Scores on test",
        "With 95% intervals over users, beside the constant predictor, which always answers the "
        "largest group of train.",
        _score_table(facts["scores"]),
        "## By group",
        "Accuracy of the fused model on test; few users have no interval.",
        *(_group_table(name, rows) for name, rows in facts["by_group"].items()),
        "## When it answers",
        f"With all media, {asked}, chosen on valid so that {percent(trust['target'])} of the "
        "answers are right. Prediction sets hold the perceived age group with "
        f"{percent(trust['coverage'])}, by split conformal prediction over the {subset['users']} "
        "users of valid, each weighing the same; this holds for a new speaker who is drawn as "
        "they were, over all speakers, and not for each group of them. How often they do, on test:",
        *(_sets_table(name, rows) for name, rows in facts["sets_by_group"].items()),
    ]
    return "\n\n".join(filter(None, lines)) + "\n"


def _score_table(scores):
    rows = pd.DataFrame(scores)
    kept = ("accuracy", "balanced_accuracy", "kappa")
    lines = ["| model | score | value | 95% interval | constant |", "|---|---|---|---|---|"]
    for row in rows[rows["metric"].isin(kept)].itertuples():
        bounds = "" if pd.isna(row.low) else f"{row.low:.3f} to {row.high:.3f}"
        name = row.metric.replace("_", " ")
        lines.append(f"| {row.model} | {name} | {row.value:.3f} | {bounds} | {row.constant:.3f} |")
    return "\n".join(lines)


def _title(attribute):
    return {"AgeGroup": "age group"}.get(attribute, attribute.lower())


def _sets_table(attribute, rows):
    names = "held | clips | users | coverage | 95% interval | mean size"
    lines = [f"| {_title(attribute)} | {names} |", "|---|" + "---|" * 6]
    for row in pd.DataFrame(rows).itertuples():
        bounds = "" if pd.isna(row.low) else f"{row.low:.3f} to {row.high:.3f}"
        values = ["" if pd.isna(one) else f"{one:{form}}"
                  for one, form in ((row.coverage, ".3f"), (row.size, ".1f"))]  # fmt: skip
        numbers = f"{row.held} | {row.clips} | {row.users} | {values[0]} | {bounds} | {values[1]}"
        lines.append(f"| {row.Index} | {numbers} |")
    return "\n".join(lines)


def _group_table(attribute, rows):
    lines = [
        f"| {_title(attribute)} | right | clips | users | accuracy | 95% interval |",
        "|---|" + "---|" * 5,
    ]
    for row in pd.DataFrame(rows).itertuples():
        bounds = "" if pd.isna(row.low) else f"{row.low:.3f} to {row.high:.3f}"
        value = "" if pd.isna(row.accuracy) else f"{row.accuracy:.3f}"
        numbers = f"{row.right} | {row.clips} | {row.users}"
        lines.append(f"| {row.Index} | {numbers} | {value} | {bounds} |")
    return "\n".join(lines)

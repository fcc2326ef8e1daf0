"""How routes and representations are shown: what each tells on valid, and which was chosen."""

import pandas as pd

from mmage_utils.display.sentences import NOTHING, percent
from mmage_utils.scores.choice import CONSTANT


def representation_table(rows):
    """Where features come from and what they tell on valid: from which network or package.

    Parameters
    ----------
    rows : pandas.DataFrame
        `representations.compare_representations`.
    """
    known = rows["numbers"] > 0
    shown = pd.DataFrame(index=rows["representation"].to_numpy())
    shown["numbers a clip"] = rows["numbers"].map("{:,}".format).where(known, "").to_numpy()
    shown["licence"] = rows["licence"].to_numpy()
    seconds = rows["seconds"].map(lambda value: NOTHING if pd.isna(value) else f"{value:.3f}")
    shown["seconds a clip"] = seconds.where(known, "").to_numpy()
    return shown.join(_valid_columns(rows, shown.index))


def cite_networks(networks):
    """Names, licences and the first digits of the SHA-256 of networks, to write below a figure.

    Parameters
    ----------
    networks : list of dict
        `routes.describe_faces` and the like, or what a run kept of them.
    """
    known = [f"{one['name']} ({one['licence']}, {one['sha256'][:8]})" for one in networks]
    return "networks: " + (", ".join(known) or "none")


def cite_routes(choices, networks):
    """The chosen route of each model, and the networks, to write below a figure.

    Parameters
    ----------
    choices : dict of str to choice.Choice
        By the label of the model.
    networks : list of dict
        As `cite_networks`.
    """
    ways = [f"{name}: {choice.name}" for name, choice in choices.items()]
    return "; ".join([*ways, cite_networks(networks)])


def head_sentence(head):
    """Which representation and kind of head valid chose, and what went otherwise for some clips.

    Parameters
    ----------
    head : routes.Chosen
    """
    text = f"The best head is {'an' if head.kind[0] in 'aeiou' else 'a'} {head.kind} one on "
    text += f"**{head.name}**."
    notes = [note for note in head.rows["note"].unique() if note]
    return f"{text} Of train and valid: {'; '.join(notes)}." if notes else text


def choice_table(candidates):
    """The routes that `choice.choose_on_valid` chose from, the best first."""
    shown = _valid_columns(candidates, candidates["route"].to_numpy())
    shown["chosen"] = candidates["chosen"].map({True: "yes", False: ""}).to_numpy()
    return shown


def _valid_columns(rows, names):
    """What `choice.valid_scores` found, as texts."""
    pairs = zip(rows["gain"], rows["se"], strict=True)
    columns = {
        "valid log-loss": rows["log_loss"].map("{:.3f}".format).to_numpy(),
        "gain over the constant ± se": [f"{gain:+.3f} ± {se:.3f}" for gain, se in pairs],
        "valid accuracy": rows["accuracy"].map(percent).to_numpy(),
        "balanced": rows["balanced_accuracy"].map(percent).to_numpy(),
    }
    return pd.DataFrame(columns, index=names)


def choice_sentence(choice):
    """Which route valid chose, and why: a `choice.Choice`."""
    rows = choice.candidates[choice.candidates["route"] != CONSTANT]
    best = rows.iloc[0]
    words = f"{best['gain']:+.3f} nats a clip over the constant predictor (standard error "
    words += f"{best['se']:.3f} over users)"
    if choice.name == CONSTANT:
        text = f"Nothing is learnt that valid shows: the best route, {best['route']}, gains {words}"
        return f"{text}. The shares of train are answered instead."
    return f"Chosen on valid, without reading test: **{choice.name}**, which gains {words}."


def shortcut_sentence(rows, name):
    """What the files alone tell: a row of `representations.compare_representations`.

    Parameters
    ----------
    rows : pandas.DataFrame
    name : str
        Of the representation, such as ``format of the recording``.
    """
    row = rows.set_index("representation").loc[name]
    text = f"The {name} alone gains {row['gain']:+.3f} nats a clip over the constant predictor "
    text += f"(standard error {row['se']:.3f}, valid): "
    if row["gain"] > 2 * row["se"]:
        return (
            text + "**a shortcut is open**; what a network learns from it will not hold elsewhere."
        )
    return text + "no shortcut is seen."

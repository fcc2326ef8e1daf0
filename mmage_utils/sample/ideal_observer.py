"""The ideal observer of the sample: Bayes' rule on everything that the files were drawn from.

No model can do better on average than the observer that knows the generating distributions
(`cues`) and sees what was drawn, so its scores are the ceiling beside which the models' are read.
A modality's observer sees all that its files carry: a face shows its five dials, gender and
ethnicity; a voice its pitch, rate and formants, and gender; a transcript its topics and, by its
length, the rate of the voice. The voice is judged by how it speaks: who also understands the words
has the ceiling of both. It exists for the synthetic sample only.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm

from mmage_utils.data.labels import ETHNICITIES, GENDERS, N_GROUPS
from mmage_utils.errors import DataError
from mmage_utils.predictions import MODALITIES, P_COLUMNS, tabulate
from mmage_utils.sample import cues, transcripts
from mmage_utils.scores.comparison import differences
from mmage_utils.scores.evaluation import score_models, train_majority

CUES_FILE = "synthetic_cues.csv"
FORMANT_YEARS = (13, 19)  # a voice younger than these has the formants of a child or a teenager


def read_cues(folder):
    """Read the cues of the clips with media that `make_sample` wrote beside them.

    Raises
    ------
    DataError
        When the folder has no cues, as a folder of real data.
    """
    path = f"{folder}/{CUES_FILE}"
    try:
        return pd.read_csv(path, dtype={"topics": str})
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: only a synthetic sample has an ideal observer."
        ) from None


def observed_tables(run, clips, names=(*MODALITIES, "fusion"), *, split="test"):
    """Predictions of the ideal observer for the clips of a split, or None for real data.

    Parameters
    ----------
    run : runs.Run
    clips : pandas.DataFrame
        Clips with labels.
    names : sequence of str
        Any of image, audio, text, and ``fusion`` for all three together.
    split : str or None
        None for all clips with media.

    Returns
    -------
    dict of str to pandas.DataFrame or None
        Name to a prediction table.
    """
    if not run.synthetic:
        return None
    drawn, tables = read_cues(run.data_folder), {}
    for name in names:
        observed = observe(drawn, clips, MODALITIES if name == "fusion" else [name])
        wanted = clips if split is None else clips[clips["split"] == split]
        here = wanted.merge(observed, on="VideoName", validate="1:1")
        tables[name] = tabulate(here, here[P_COLUMNS])
    return tables


def ceilings(run, clips, names=(*MODALITIES, "fusion"), *, split="test"):
    """`evaluation.score_models` of `observed_tables`, or None for real data."""
    tables = observed_tables(run, clips, names, split=split)
    return tables and score_models(tables, majority=train_majority(clips))


def ceiling_gaps(run, clips, tables, metrics=("accuracy",)):
    """How far models are below the ideal observer on the same clips, or None for real data.

    Parameters
    ----------
    run, clips
        As `observed_tables`.
    tables : dict of (str, str) to pandas.DataFrame
        Label of the model and name of the observer to predictions of one split.
    metrics : sequence of str
        Scores of `metrics.scores_of`.

    Returns
    -------
    pandas.DataFrame or None
        `comparison.differences` of the model and its observer: paired, with intervals.
    """
    observers = observed_tables(run, clips, dict.fromkeys(name for _, name in tables))
    if observers is None:
        return None
    rows = []
    for (model, name), table in tables.items():
        observed = observers[name]
        observed = observed[observed["VideoName"].isin(table["VideoName"])]
        both = {model: table, f"ideal observer, {name}": observed}
        rows.append(differences(both, [tuple(both)], metrics))
    return pd.concat(rows, ignore_index=True)


def observe(drawn, clips, modalities=MODALITIES):
    """Posterior of the ideal observer for one modality or several together.

    Parameters
    ----------
    drawn : pandas.DataFrame
        `read_cues`.
    clips : pandas.DataFrame
        Clips with labels; those of train give the prior of age group, gender and ethnicity.
    modalities : sequence of str
        Any of image, audio, text.

    Returns
    -------
    pandas.DataFrame
        VideoName and p1..p7, the posterior probability of each age group.
    """
    years, share = cues.group_years_grid()
    log_likelihood = _log_likelihood(drawn, modalities, years)
    likelihood = np.exp(log_likelihood - log_likelihood.max((1, 2), keepdims=True))
    prior = (_seen(drawn, clips, modalities)[..., None] * _prior(clips)).sum(2)
    # Sum over the years within a group, then over gender.
    posterior = np.einsum("ngy,ay,nga->na", likelihood, share, prior)
    posterior /= posterior.sum(1, keepdims=True)
    table = pd.DataFrame(posterior, columns=P_COLUMNS)
    table.insert(0, "VideoName", drawn["VideoName"].to_numpy())
    return table


def _prior(clips):
    """Shares of gender, ethnicity and age group in train, shape (2, 3, 7).

    Half a clip is added to each gender and ethnicity within an age group that has clips.
    """
    train = clips[clips["split"] == "train"]
    counts = np.zeros((len(GENDERS), len(ETHNICITIES), N_GROUPS))
    np.add.at(counts, tuple(train[name] - 1 for name in ("Gender", "Ethnicity", "AgeGroup")), 1)
    groups = counts.sum((0, 1))
    within = (counts + 0.5) / (groups + 0.5 * counts[..., 0].size)
    return within * groups / len(train)


def _seen(drawn, clips, modalities):
    """Which genders and ethnicities a clip may have as seen or heard, shape (n, 2, 3)."""
    labels = clips.set_index("VideoName").loc[drawn["VideoName"]]
    may = np.ones((len(labels), len(GENDERS), len(ETHNICITIES)), dtype=bool)
    if {"image", "audio"} & set(modalities):
        may &= np.eye(len(GENDERS), dtype=bool)[labels["Gender"] - 1][:, :, None]
    if "image" in modalities:
        may &= np.eye(len(ETHNICITIES), dtype=bool)[labels["Ethnicity"] - 1][:, None]
    return may


def _log_likelihood(drawn, modalities, years):
    """Log-likelihood of a clip's cues given true age and gender, shape (clips, 2, years)."""
    apparent = np.arange(-0.2, 1.2, 0.005)  # log-year scale: people may look younger than 7
    evidence = {}
    if "image" in modalities:
        evidence["image"] = _face(drawn, apparent)
    if "audio" in modalities:
        evidence["audio"] = _voice(drawn, apparent) + _rate(drawn, apparent)
    if "text" in modalities:
        evidence["text"] = _topics(drawn, apparent)
        evidence.setdefault("audio", _rate(drawn, apparent))  # a slow voice says fewer words
    total = 0
    for modality, log_p in evidence.items():
        spread = _normal(apparent, cues.to_scale(years)[:, None], cues.APPARENT_SD[modality])
        top = log_p.max(2, keepdims=True)
        total = total + np.log(np.exp(log_p - top) @ np.exp(spread).T + 1e-300) + top
    return total


def _face(drawn, apparent):
    dials = drawn[[f"face_{dial}" for dial in cues.DIALS]].to_numpy()
    log_p = _normal(dials[:, :, None], apparent, cues.total_sd(cues.DIAL_SD)).sum(1)
    return np.repeat(log_p[:, None], 2, axis=1)


def _voice(drawn, apparent):
    years = cues.to_years(apparent)
    f0, f0_range, heard = drawn[["voice_f0", "voice_f0_range", "voice_years"]].to_numpy().T
    spread = _censored(f0_range, cues.norm_range(years), cues.RANGE_SD, (cues.LEAST_RANGE, np.inf))
    formants = np.digitize(heard, FORMANT_YEARS)[:, None] == np.digitize(years, FORMANT_YEARS)
    shared = spread + np.where(formants, 0, -np.inf)
    semitones = [12 * np.log2(f0[:, None] / cues.norm_f0(years, gender)) for gender in GENDERS]
    return _normal(np.stack(semitones, axis=1), 0, cues.total_sd(cues.F0_SD)) + shared[:, None]


def _rate(drawn, apparent):
    norms = cues.norm_rate(cues.to_years(apparent))
    log_p = _censored(drawn["voice_rate"].to_numpy(), norms, cues.RATE_SD, cues.RATE_LIMITS)
    return np.repeat(log_p[:, None], 2, axis=1)


def _topics(drawn, apparent):
    counts = np.zeros((len(drawn), len(transcripts.TOPICS)))
    names = [topic.name for topic in transcripts.TOPICS]
    for row, topics in enumerate(drawn["topics"].fillna("")):
        for name in filter(None, topics.split(";")):
            counts[row, names.index(name)] += 1
    log_p = counts @ np.log(transcripts.topic_probabilities(cues.to_years(apparent))).T
    return np.repeat(log_p[:, None], 2, axis=1)


def _censored(values, means, spread, limits):
    """Log-likelihood of values that were cut at limits, shape (n, means)."""
    values, sd = values[:, None], cues.total_sd(spread)
    low, high = limits
    inside = _normal(values, means, sd)
    inside = np.where(values <= low, norm.logcdf(low, means, sd), inside)
    return np.where(values >= high, norm.logsf(high, means, sd), inside)


def _normal(x, mean, sd):
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))

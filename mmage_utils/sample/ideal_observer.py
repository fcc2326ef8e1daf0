"""The ideal observer of the sample: Bayes' rule on the cues that were drawn.

No model can do better on average than the observer that knows the generating distributions
(`cues`) and sees the cues themselves, so its accuracy is the ceiling beside which the models'
scores are read. It exists for the synthetic sample only.
"""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import ATTRIBUTES
from mmage_utils.errors import DataError
from mmage_utils.predictions import P_COLUMNS, tabulate
from mmage_utils.sample import transcripts
from mmage_utils.sample.cues import (
    APPARENT_SD,
    DIAL_SD,
    F0_SD,
    FACE_DIALS,
    RANGE_SD,
    RATE_SD,
    VOICE_CUES,
    group_years_grid,
    norm_f0,
    norm_range,
    norm_rate,
    to_scale,
    to_years,
    total_sd,
)
from mmage_utils.scores.evaluation import score_models, train_majority

MODALITIES = {"image": "face", "audio": "voice", "text": "words"}
CUES_FILE = "synthetic_cues.csv"


def read_cues(folder):
    """Read the cues of the clips with media that `make_sample` wrote beside them.

    Raises
    ------
    DataError
        When the folder holds no cues, as a folder of real data does not.
    """
    path = f"{folder}/{CUES_FILE}"
    try:
        return pd.read_csv(path, dtype={"topics": str})
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: only a synthetic sample has an ideal observer."
        ) from None


def ceilings(run, clips, names=(*MODALITIES, "fusion"), *, split="test"):
    """Scores of the ideal observer beside which the models are read, or None for real data.

    Parameters
    ----------
    run : runs.Run
    clips : pandas.DataFrame
        Clips with labels.
    names : sequence of str
        Any of image, audio, text, and ``fusion`` for all three together.

    Returns
    -------
    pandas.DataFrame or None
        `evaluation.score_models` of the observer's answers for the clips of the split.
    """
    if not run.synthetic:
        return None
    cues, tables = read_cues(run.data_folder), {}
    for name in names:
        observed = observe(cues, clips, MODALITIES if name == "fusion" else [name])
        here = clips[clips["split"] == split].merge(observed, on="VideoName", validate="1:1")
        tables[name] = tabulate(here, here[P_COLUMNS])
    return score_models(tables, majority=train_majority(clips))


def observe(cues, clips, modalities=tuple(MODALITIES)):
    """Posterior of the ideal observer for one modality or several together.

    Parameters
    ----------
    cues : pandas.DataFrame
        `read_cues`.
    clips : pandas.DataFrame
        Clips with labels; train clips that have cues give the prior of age group and gender.
    modalities : sequence of str
        Any of image, audio, text.

    Returns
    -------
    pandas.DataFrame
        VideoName and p1..p7, the posterior probability of each age group.
    """
    train = clips[clips["VideoName"].isin(cues["VideoName"]) & (clips["split"] == "train")]
    prior = pd.crosstab(train["AgeGroup"], train["Gender"]).reindex(
        index=list(ATTRIBUTES["AgeGroup"]), columns=list(ATTRIBUTES["Gender"]), fill_value=0
    )
    prior = (prior / prior.to_numpy().sum()).to_numpy()
    years, share = group_years_grid()
    log_likelihood = sum(_log_likelihood(cues, modality, years) for modality in modalities)
    likelihood = np.exp(log_likelihood - log_likelihood.max((1, 2), keepdims=True))
    # Sum over the years within a group, then over gender, which no modality is told.
    posterior = np.einsum("ngy,ay,ag->na", likelihood, share, prior)
    posterior /= posterior.sum(1, keepdims=True)
    table = pd.DataFrame(posterior, columns=P_COLUMNS)
    table.insert(0, "VideoName", cues["VideoName"].to_numpy())
    return table


def _log_likelihood(cues, modality, years):
    """Log-likelihood of a clip's cues given true age and gender, shape (clips, 2, years)."""
    kind = MODALITIES[modality]
    apparent = np.arange(-0.2, 1.2, 0.005)  # log-year scale: people may look younger than 7
    evidence = {"face": _face, "voice": _voice, "words": _words}[kind](cues, apparent)
    spread = np.exp(_normal(apparent, to_scale(years)[:, None], APPARENT_SD[kind]))
    top = evidence.max(2, keepdims=True)
    return np.log(np.exp(evidence - top) @ spread.T + 1e-300) + top


def _face(cues, apparent):
    dials = cues[[f"face_{dial}" for dial in FACE_DIALS]].to_numpy()
    log_p = _normal(dials[:, :, None], apparent, total_sd(DIAL_SD)).sum(1)
    return np.repeat(log_p[:, None], 2, axis=1)


def _voice(cues, apparent):
    years = to_years(apparent)
    f0, f0_range, rate = (cues[f"voice_{cue}"].to_numpy()[:, None] for cue in VOICE_CUES)
    shared = _normal(f0_range, norm_range(years), total_sd(RANGE_SD))
    shared = shared + _normal(rate, norm_rate(years), total_sd(RATE_SD))
    of_gender = [
        _normal(12 * np.log2(f0 / norm_f0(years, gender)), 0, total_sd(F0_SD)) for gender in (1, 2)
    ]
    return np.stack(of_gender, axis=1) + shared[:, None]


def _words(cues, apparent):
    counts = np.zeros((len(cues), len(transcripts.TOPICS)))
    names = [topic.name for topic in transcripts.TOPICS]
    for row, topics in enumerate(cues["topics"].fillna("")):
        for name in filter(None, topics.split(";")):
            counts[row, names.index(name)] += 1
    log_p = counts @ np.log(transcripts.topic_probabilities(to_years(apparent))).T
    return np.repeat(log_p[:, None], 2, axis=1)


def _normal(x, mean, sd):
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))

"""The ideal observer of the sample: Bayes' rule on the cues that were drawn.

No model can do better on average than the observer that knows the generating distributions
(`cues`) and sees the cues themselves, so its accuracy is the ceiling beside which the models'
scores are read. It exists for the synthetic sample only.
"""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import count_labels
from mmage_utils.errors import DataError
from mmage_utils.predictions import MODALITIES, P_COLUMNS, tabulate
from mmage_utils.sample import cues, transcripts
from mmage_utils.scores.evaluation import score_models, train_majority

CUES_FILE = "synthetic_cues.csv"


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
    drawn, tables = read_cues(run.data_folder), {}
    for name in names:
        observed = observe(drawn, clips, MODALITIES if name == "fusion" else [name])
        here = clips[clips["split"] == split].merge(observed, on="VideoName", validate="1:1")
        tables[name] = tabulate(here, here[P_COLUMNS])
    return score_models(tables, majority=train_majority(clips))


def observe(drawn, clips, modalities=MODALITIES):
    """Posterior of the ideal observer for one modality or several together.

    Parameters
    ----------
    drawn : pandas.DataFrame
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
    train = clips[clips["VideoName"].isin(drawn["VideoName"]) & (clips["split"] == "train")]
    prior = count_labels(train, "AgeGroup", by="Gender").to_numpy() / len(train)
    years, share = cues.group_years_grid()
    log_likelihood = sum(_log_likelihood(drawn, modality, years) for modality in modalities)
    likelihood = np.exp(log_likelihood - log_likelihood.max((1, 2), keepdims=True))
    # Sum over the years within a group, then over gender, which no modality tells.
    posterior = np.einsum("ngy,ay,ag->na", likelihood, share, prior)
    posterior /= posterior.sum(1, keepdims=True)
    table = pd.DataFrame(posterior, columns=P_COLUMNS)
    table.insert(0, "VideoName", drawn["VideoName"].to_numpy())
    return table


def _log_likelihood(drawn, modality, years):
    """Log-likelihood of a clip's cues given true age and gender, shape (clips, 2, years)."""
    apparent = np.arange(-0.2, 1.2, 0.005)  # log-year scale: people may look younger than 7
    evidence = {"image": _face, "audio": _voice, "text": _words}[modality](drawn, apparent)
    spread = np.exp(_normal(apparent, cues.to_scale(years)[:, None], cues.APPARENT_SD[modality]))
    top = evidence.max(2, keepdims=True)
    return np.log(np.exp(evidence - top) @ spread.T + 1e-300) + top


def _face(drawn, apparent):
    dials = drawn[[f"face_{dial}" for dial in cues.DIALS]].to_numpy()
    log_p = _normal(dials[:, :, None], apparent, cues.total_sd(cues.DIAL_SD)).sum(1)
    return np.repeat(log_p[:, None], 2, axis=1)


def _voice(drawn, apparent):
    years = cues.to_years(apparent)
    names = ["voice_f0", "voice_f0_range", "voice_rate"]
    f0, f0_range, rate = drawn[names].to_numpy().T[:, :, None]
    shared = _normal(f0_range, cues.norm_range(years), cues.total_sd(cues.RANGE_SD))
    shared = shared + _normal(rate, cues.norm_rate(years), cues.total_sd(cues.RATE_SD))
    semitones = [12 * np.log2(f0 / cues.norm_f0(years, gender)) for gender in (1, 2)]
    return _normal(np.stack(semitones, axis=1), 0, cues.total_sd(cues.F0_SD)) + shared[:, None]


def _words(drawn, apparent):
    counts = np.zeros((len(drawn), len(transcripts.TOPICS)))
    names = [topic.name for topic in transcripts.TOPICS]
    for row, topics in enumerate(drawn["topics"].fillna("")):
        for name in filter(None, topics.split(";")):
            counts[row, names.index(name)] += 1
    log_p = counts @ np.log(transcripts.topic_probabilities(cues.to_years(apparent))).T
    return np.repeat(log_p[:, None], 2, axis=1)


def _normal(x, mean, sd):
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))

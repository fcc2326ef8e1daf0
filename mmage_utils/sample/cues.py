"""The generating distributions of the sample: what each face, voice and text gives away.

A user has one age in years, drawn evenly within the age group. In each modality the user *looks*,
*sounds* or *talks* somewhat older or younger: an apparent age, drawn once per user on a log scale
and independently per modality, which is what makes the modalities complementary. The cues of a
clip scatter around the apparent age. All scales below are log-years, mapped so that 0 is 7 years
and 1 is 80 years.

The directions follow published norms: fundamental frequency of men falls until the forties and
rises again in old age (Hollien & Shipp 1972, J. Speech Hear. Res. 15), that of women falls through
adult life (Stathopoulos, Huber & Sussman 2011, J. Speech Lang. Hear. Res. 54), and speech slows
down with age (Duchin & Mysak 1987, J. Commun. Disord. 20; Jacewicz, Fox & Wei 2010, J. Acoust.
Soc. Am. 128). The slopes are exaggerated and the scatter is reduced, so that a small sample has
something to learn. Nothing here is a finding about people.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.sample.face import DIALS

YEARS = (7, 80)
# Ages that a group covers, in years: [first, last).
GROUP_YEARS = dict(enumerate(pairwise((7, 14, 19, 25, 33, 46, 61, 80)), start=1))

APPARENT_SD = {"image": 0.036, "audio": 0.04, "text": 0.04}  # of a user, log-year scale
DIAL_SD = {"user": 0.045, "clip": 0.025}  # of each face dial around the apparent age
F0_SD = {"user": 0.9, "clip": 0.4}  # semitones around the norm of age and gender
RANGE_SD = {"user": 0.28, "clip": 0.2}  # semitones
LEAST_RANGE = 0.8  # semitones: nobody speaks in one tone
RATE_SD = {"user": 0.16, "clip": 0.14}  # words per second
RATE_LIMITS = (1.75, 4.1)  # words per second: 25 to 60 words fit a clip

_NORM_YEARS = (7, 10, 13, 16, 20, 30, 45, 60, 80)
_NORM_F0 = {
    1: (262, 246, 205, 148, 132, 114, 101, 116, 146),  # Hz, male
    2: (268, 256, 244, 234, 226, 208, 188, 174, 160),  # Hz, female
}
_NORM_RANGE = (4.6, 4.5, 4.4, 4.3, 4.1, 3.4, 2.6, 2.2, 1.8)  # semitones, standard deviation
_NORM_RATE = (2.5, 2.9, 3.3, 3.6, 3.7, 3.2, 2.6, 2.3, 2.1)  # words per second, pauses included


def to_scale(years):
    """Map years to the log scale of the cues: 7 years is 0, 80 years is 1."""
    return np.log(np.asarray(years) / YEARS[0]) / np.log(YEARS[1] / YEARS[0])


def to_years(scale):
    """Map the log scale of the cues back to years."""
    return YEARS[0] * (YEARS[1] / YEARS[0]) ** np.asarray(scale)


def norm_f0(years, gender):
    """Usual fundamental frequency in Hz at an age in years, for gender 1 (male) or 2 (female)."""
    return np.interp(years, _NORM_YEARS, _NORM_F0[gender])


def norm_range(years):
    """Usual standard deviation of the pitch contour, in semitones, at an age in years."""
    return np.interp(years, _NORM_YEARS, _NORM_RANGE)


def norm_rate(years):
    """Usual rate of speech in words per second, pauses included, at an age in years."""
    return np.interp(years, _NORM_YEARS, _NORM_RATE)


def total_sd(sd):
    """Standard deviation of a cue in one clip: the user's part and the clip's part together."""
    return np.hypot(sd["user"], sd["clip"])


def draw_cues(labels, seed):
    """Draw the cues of every clip of the label lists.

    Parameters
    ----------
    labels : pandas.DataFrame
        `label_lists.draw_labels`. The cues of a clip do not depend on which clips get media.
    seed : int
        The sample's seed.

    Returns
    -------
    pandas.DataFrame
        One row a clip: VideoName, years, the five face dials (log-year scale), voice_f0 (Hz),
        voice_f0_range (semitones), voice_rate (words per second), words_years (apparent age in
        years of the words), voice_years (of the voice, which its formants follow).
    """
    rng = np.random.default_rng([seed, 2])
    users = labels.drop_duplicates("UserID")[["UserID", "user_group", "Gender"]]
    first, last = np.array([GROUP_YEARS[group] for group in users["user_group"]]).T
    years = rng.uniform(first, last)
    user_of = pd.Index(users["UserID"]).get_indexer(labels["UserID"])
    n_users, n_clips = len(users), len(labels)

    apparent = {
        modality: to_scale(years) + rng.normal(0, sd, n_users)
        for modality, sd in APPARENT_SD.items()
    }

    def scatter(sd):
        return rng.normal(0, sd["user"], n_users)[user_of] + rng.normal(0, sd["clip"], n_clips)

    cues = {"VideoName": labels["VideoName"].to_numpy(), "years": years[user_of]}
    for dial in DIALS:
        cues[f"face_{dial}"] = apparent["image"][user_of] + scatter(DIAL_SD)
    voice_years = to_years(apparent["audio"])
    f0 = np.where(users["Gender"] == 1, norm_f0(voice_years, 1), norm_f0(voice_years, 2))
    cues["voice_f0"] = f0[user_of] * 2 ** (scatter(F0_SD) / 12)
    cues["voice_f0_range"] = np.maximum(
        norm_range(voice_years)[user_of] + scatter(RANGE_SD), LEAST_RANGE
    )
    cues["voice_rate"] = np.clip(norm_rate(voice_years)[user_of] + scatter(RATE_SD), *RATE_LIMITS)
    cues["words_years"] = to_years(apparent["text"])[user_of]
    cues["voice_years"] = voice_years[user_of]
    return pd.DataFrame(cues)


def group_years_grid(step=0.25):
    """Ages in years, and the share of each age group's people at each of them.

    Returns
    -------
    years : numpy.ndarray, shape (Y,)
    share : numpy.ndarray, shape (7, Y)
        Rows sum to 1.
    """
    years = np.arange(YEARS[0] + step / 2, YEARS[1], step)
    share = np.zeros((len(AGE_GROUPS), len(years)))
    for group, (first, last) in GROUP_YEARS.items():
        share[group - 1] = (years >= first) & (years < last)
    return years, share / share.sum(1, keepdims=True)

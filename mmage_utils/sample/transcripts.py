"""Spoken-style transcripts whose topics shift with the age of the speaker."""

import tomllib
from pathlib import Path
from typing import NamedTuple

import numpy as np

FLOOR = 0.01  # weight that every topic has at every age
MIN_FIRST_WORDS = 4  # that a sentence keeps which the beginning of a clip cuts

# Hesitations say nothing about age: they are sprinkled over all topics alike.
_OPENERS = ("um", "so", "well", "okay", "and", "yeah", "anyway", "but", "I mean", "you know")
_OPENER_PROBABILITY = 0.35
_INSERTS = ("um", "like", "you know", "kind of", "uh")
_INSERT_PROBABILITY = 0.2


class Topic(NamedTuple):
    """What people talk about, and at what age."""

    name: str
    peak_years: float  # age at which it is most likely; without meaning where `width` is infinite
    width: float  # standard deviation in log-years; infinite for a topic flat in age
    weight: float  # height of the bump
    sentences: tuple  # of str with ``{slot}`` fields; each belongs to one topic only
    fillers: dict  # of str to list of str: what may stand in each slot


def _load_topics():
    text = Path(__file__).with_name("topics.toml").read_text(encoding="utf-8")
    return tuple(Topic(**{"weight": 1.0} | topic) for topic in tomllib.loads(text)["topic"])


TOPICS = _load_topics()


def topic_probabilities(years) -> np.ndarray:
    """How likely each topic is at each age.

    The weight of topic t is ``weight_t exp(-(ln years - ln peak_t)^2 / (2 width_t^2)) + FLOOR``;
    the probabilities are the weights over their sum.

    Parameters
    ----------
    years : array_like, shape (n,)
        Ages in years, all positive.

    Returns
    -------
    numpy.ndarray, shape (n, T)
        One column per topic in the order of `TOPICS`; rows sum to 1.

    Raises
    ------
    ValueError
        If an age is not positive and finite.
    """
    years = np.atleast_1d(np.asarray(years, dtype=float))
    if not (np.isfinite(years) & (years > 0)).all():
        raise ValueError("years must be positive and finite")
    peaks, widths, heights = (
        np.array([getattr(topic, field) for topic in TOPICS])
        for field in ("peak_years", "width", "weight")
    )
    distance = (np.log(years)[:, None] - np.log(peaks)) / widths
    weights = heights * np.exp(-0.5 * distance**2) + FLOOR
    return weights / weights.sum(axis=1, keepdims=True)


def draw_topics(years, n, rng) -> list[int]:
    """Draw topics for a speaker of an age in years, independently of each other.

    Returns
    -------
    list of int, length n
        Indices into `TOPICS`; a topic may come more than once.
    """
    return rng.choice(len(TOPICS), size=n, p=topic_probabilities(years)[0]).tolist()


def _write_sentence(topic, template, rng) -> list[str]:
    """Fill the slots of a template and add hesitations; returns the words."""
    slots = {slot: words[rng.integers(len(words))] for slot, words in topic.fillers.items()}
    words = template.format(**slots).split()
    if rng.random() < _INSERT_PROBABILITY:
        place = int(rng.integers(2, len(words) - 1))
        insert = _INSERTS[rng.integers(len(_INSERTS))]
        words[place - 1] += ","
        words[place:place] = f"{insert},".split()
    if rng.random() < _OPENER_PROBABILITY:
        words = _OPENERS[rng.integers(len(_OPENERS))].split() + words
    words[0] = words[0][0].upper() + words[0][1:]
    words[-1] += "."
    return words


def write_transcript(topics, n_words, rng) -> tuple[str, int]:
    """Write what is heard in a clip cut from a longer talk: one sentence per topic.

    The first sentence may lack its beginning, but keeps `MIN_FIRST_WORDS` of its words; the last
    is cut where the number of words is reached.

    Parameters
    ----------
    topics : sequence of int
        Indices into `TOPICS`, used in order; 14 are always enough for 60 words.
    n_words : int
        Length of the text in words, that is in parts separated by white space.
    rng : numpy.random.Generator

    Returns
    -------
    text : str
        Exactly `n_words` words.
    used : int
        How many of the topics, from the first on, have a word in the text.

    Raises
    ------
    ValueError
        If `n_words` is less than 1, or if the topics run out before it is reached.
    """
    if n_words < 1:
        raise ValueError(f"n_words must be at least 1, got {n_words}")
    words, unsaid = [], {}
    for used, index in enumerate(topics, start=1):
        topic = TOPICS[index]
        # A topic drawn again goes on with sentences that have not been said yet.
        order = unsaid.setdefault(index, [])
        if not order:
            order.extend(rng.permutation(len(topic.sentences)).tolist())
        sentence = _write_sentence(topic, topic.sentences[order.pop()], rng)
        if not words and rng.random() < 0.5:
            sentence = sentence[rng.integers(0, len(sentence) - MIN_FIRST_WORDS + 1) :]
        sentence = sentence[: n_words - len(words)]
        words += sentence
        if len(words) == n_words:
            return " ".join(words), used
    raise ValueError(f"{len(topics)} topics gave {len(words)} of {n_words} words: pass more")

"""The transcripts: their length, their topics and how these shift with age."""

import itertools
import re

import numpy as np
import pytest

from mmage_utils.sample import transcripts
from mmage_utils.sample.transcripts import TOPICS


def _text(years=30.0, n_words=45, seed=0):
    rng = np.random.default_rng(seed)
    return transcripts.write_transcript(transcripts.draw_topics(years, 14, rng), n_words, rng)


@pytest.mark.parametrize("n_words", [25, 40, 60])
@pytest.mark.parametrize("seed", range(20))
def test_text_has_exactly_the_words_asked_for(n_words, seed):
    text, used = _text(years=8.0 + 3 * seed, n_words=n_words, seed=seed)
    assert len(text.split()) == n_words
    assert n_words / 15 <= used <= n_words / 4


def test_fourteen_topics_suffice_whatever_they_are():
    for topic in range(len(TOPICS)):
        for seed in range(10):
            text, _ = transcripts.write_transcript([topic] * 14, 60, np.random.default_rng(seed))
            assert len(text.split()) == 60


def test_too_few_topics_are_named():
    with pytest.raises(ValueError, match="of 60 words: pass more"):
        transcripts.write_transcript([0, 1], 60, np.random.default_rng(0))
    with pytest.raises(ValueError, match="n_words"):
        transcripts.write_transcript([0, 1], 0, np.random.default_rng(0))


def test_probabilities_sum_to_one_and_shift_with_age():
    ages = [10.0, 30.0, 65.0]
    probabilities = transcripts.topic_probabilities(ages)
    assert probabilities.shape == (3, len(TOPICS))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    aged = np.isfinite([topic.width for topic in TOPICS])
    peaks = np.array([topic.peak_years for topic in TOPICS])[aged]
    mean_peak = probabilities[:, aged] @ peaks / probabilities[:, aged].sum(axis=1)
    assert (np.diff(mean_peak) > 10).all()


def test_probabilities_follow_the_documented_formula():
    years = 21.0
    weights = [
        t.weight * np.exp(-((np.log(years) - np.log(t.peak_years)) ** 2) / (2 * t.width**2))
        + transcripts.FLOOR
        for t in TOPICS
    ]
    expected = np.array(weights) / np.sum(weights)
    np.testing.assert_allclose(transcripts.topic_probabilities([years])[0], expected)


@pytest.mark.parametrize("years", [0.0, -3.0, np.nan, np.inf])
def test_impossible_ages_are_refused(years):
    with pytest.raises(ValueError, match="positive"):
        transcripts.topic_probabilities([years])


def test_draws_follow_the_probabilities():
    drawn = transcripts.draw_topics(12.0, 4000, np.random.default_rng(0))
    shares = np.bincount(drawn, minlength=len(TOPICS)) / 4000
    np.testing.assert_allclose(shares, transcripts.topic_probabilities([12.0])[0], atol=0.03)


def test_same_seed_same_text_and_other_seed_other_text():
    assert _text(seed=3) == _text(seed=3)
    assert len({_text(seed=seed)[0] for seed in range(50)}) == 50


def test_topic_counts_from_its_first_word_on():
    used = [
        transcripts.write_transcript([0] * 14, n_words, np.random.default_rng(1))[1]
        for n_words in range(1, 30)
    ]
    assert used[0] == 1
    assert used[-1] > 1
    assert set(np.diff(used)) == {0, 1}


def test_every_sentence_belongs_to_one_topic_and_is_six_to_twelve_words():
    sentences = [sentence for topic in TOPICS for sentence in topic.sentences]
    assert len(set(sentences)) == len(sentences)
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    for topic in TOPICS:
        assert len(topic.sentences) >= 8
        assert all(len(set(fillers)) >= 4 for fillers in topic.fillers.values())
        for sentence in topic.sentences:
            slots = re.findall(r"{(\w+)}", sentence)
            assert slots
            for chosen in itertools.product(*(topic.fillers[slot] for slot in slots)):
                filled = sentence.format(**dict(zip(slots, chosen, strict=True)))
                assert 6 <= len(filled.split()) <= 12, filled

"""N-grams are those of train, and tell what an embedding may miss."""

import json

import numpy as np
import pandas as pd
import pytest

from mmage_utils.errors import DataError
from mmage_utils.features import text_ngrams
from mmage_utils.features.text_ngrams import KINDS, count_ngrams
from mmage_utils.models.regularised_heads import fit_head
from mmage_utils.scores import evaluation

TEXTS = ["my homework and my teacher", "homework for the teacher", "the garden", "zzz zzz", ""]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_of_length_one_for_each_kind_of_ngram(kind):
    counts = count_ngrams(TEXTS, [True, True, True, False, False], kind)
    lengths = np.sqrt(counts.multiply(counts).sum(1)).A1
    assert lengths[:3] == pytest.approx(np.sqrt(len(KINDS[kind])))
    assert lengths[4] == 0


def test_only_train_texts_decide_what_is_counted():
    train = [True, True, True, False, False]
    counts = count_ngrams(TEXTS, train, "words")
    other = count_ngrams([*TEXTS[:3], "quite another text, another text", ""], train, "words")
    assert counts.shape == other.shape
    np.testing.assert_array_equal(counts[:3].toarray(), other[:3].toarray())
    assert counts[3].nnz == 0


@pytest.mark.parametrize("kind", KINDS)
def test_counters_of_their_terms_and_weights_count_the_same(kind):
    counters = text_ngrams.learn_counters(np.array(TEXTS[:3], object), kind)
    terms, weights = text_ngrams.counter_facts(counters)
    again = text_ngrams.known_counters(kind, json.loads(json.dumps(terms)), weights)
    expected = count_ngrams(TEXTS, [True, True, True, False, False], kind)
    assert (text_ngrams.count_with(again, TEXTS) != expected).nnz == 0


def test_words_that_belong_to_an_age_are_learnt(rng):
    words = {3: ["lecture", "party"], 4: ["office", "meeting"], 5: ["children", "mortgage"]}
    groups = np.repeat(rng.choice([3, 4, 5], 150), 2)
    texts = [
        " ".join([*rng.choice(words[group], 2), *rng.choice(["and", "the", "so", "then"], 6)])
        for group in groups
    ]
    clips = pd.DataFrame(
        {
            "VideoName": [f"v{k}" for k in range(300)],
            "UserID": [f"u{k // 2}" for k in range(300)],
            "AgeGroup": groups,
            "split": np.repeat(["train", "valid", "test"], 100),
        }
    )
    head = fit_head(count_ngrams(texts, clips["split"] == "train"), clips)
    score = evaluation.score_models({"n-grams": head.table}, majority=4)
    assert evaluation.pick(score, model="n-grams").value > 0.95


def test_wrong_kinds_and_empty_texts_are_errors():
    with pytest.raises(ValueError, match="Unknown kind 'sounds': choose one of words, letters"):
        count_ngrams(TEXTS, [True] * 5, "sounds")
    with pytest.raises(DataError, match="No word stands in 2 of the 3 train texts"):
        count_ngrams(["", "", "", "word"], [True, True, True, False])

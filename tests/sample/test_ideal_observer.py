"""The ideal observer is calibrated, and ranks the modalities as the sample is made."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.errors import DataError
from mmage_utils.predictions import MODALITIES, P_COLUMNS
from mmage_utils.sample import transcripts
from mmage_utils.sample.cues import draw_cues
from mmage_utils.sample.ideal_observer import ceilings, observe, read_cues
from mmage_utils.scores.evaluation import pick, train_majority

N_CLIPS = 3000
N_TOPICS = 5  # of one clip, as in the sample


@pytest.fixture(scope="module")
def cues(labels):
    rng = np.random.default_rng(5)
    cues = draw_cues(labels, 0).iloc[rng.choice(len(labels), N_CLIPS, replace=False)]
    topics = [transcripts.draw_topics(years, N_TOPICS, rng) for years in cues["words_years"]]
    names = [";".join(transcripts.TOPICS[topic].name for topic in drawn) for drawn in topics]
    return cues.assign(topics=names).reset_index(drop=True)


@pytest.fixture(scope="module")
def posteriors(cues, labels):
    asked = {name: (name,) for name in MODALITIES} | {"all": tuple(MODALITIES)}
    return {name: observe(cues, labels, modalities) for name, modalities in asked.items()}


@pytest.fixture(scope="module")
def accuracies(posteriors, labels):
    truth = labels.set_index("VideoName")["AgeGroup"]
    return {
        name: np.mean(table[P_COLUMNS].to_numpy().argmax(1) + 1 == truth[table["VideoName"]])
        for name, table in posteriors.items()
    }


@pytest.mark.parametrize("name", [*MODALITIES, "all"])
def test_posteriors_are_probabilities(posteriors, name):
    p = posteriors[name][P_COLUMNS].to_numpy()
    assert p.shape == (N_CLIPS, 7)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(1), 1)


@pytest.mark.parametrize("name", [*MODALITIES, "all"])
def test_observer_is_as_often_right_as_it_says(posteriors, accuracies, name):
    said = posteriors[name][P_COLUMNS].max(axis=1).mean()
    assert said == pytest.approx(accuracies[name], abs=0.03)


def test_modalities_rank_as_intended_and_complement_each_other(accuracies, labels, cues):
    truth = labels.set_index("VideoName")["AgeGroup"][cues["VideoName"]]
    constant = (truth == train_majority(labels)).mean()
    image, audio, text = (accuracies[name] for name in MODALITIES)
    assert 0.82 >= image > audio > text > constant + 0.01
    assert accuracies["all"] > image + 0.01


def test_order_of_clips_does_not_matter(cues, labels, posteriors):
    order = np.random.default_rng(1).permutation(N_CLIPS)[:500]
    some = cues.iloc[np.sort(order)]
    mixed = cues.iloc[order]
    expected, found = (observe(part, labels).set_index("VideoName") for part in (some, mixed))
    pd.testing.assert_frame_equal(found.sort_index(), expected.sort_index())


def test_prior_is_taken_from_train_clips_only(cues, labels):
    some = cues[:500]
    spoilt = labels.assign(AgeGroup=labels["AgeGroup"].where(labels["split"] == "train", 7))
    pd.testing.assert_frame_equal(observe(some, spoilt), observe(some, labels))


def test_group_without_train_clips_has_no_probability(cues, labels):
    kept = labels[~((labels["split"] == "train") & (labels["AgeGroup"] == 5))]
    assert (observe(cues[:500], kept)["p5"] == 0).all()


def test_sample_is_scored_beside_its_constant_predictor(run, sample, clips):
    found = ceilings(run._replace(data_folder=sample), clips)
    assert found["model"].unique().tolist() == ["image", "audio", "text", "fusion"]
    fusion = pick(found, model="fusion")
    assert fusion.clips == 32
    assert fusion.value > fusion.constant
    assert list(read_cues(sample)["VideoName"]) == list(clips.dropna(subset="image")["VideoName"])


def test_real_data_have_no_observer(run, lists, clips):
    assert ceilings(run._replace(synthetic=False), clips) is None
    with pytest.raises(DataError, match=r"synthetic_cues\.csv is missing"):
        read_cues(lists)

"""The ideal observer is calibrated, and ranks the modalities as the sample is made."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from mmage_utils.errors import DataError
from mmage_utils.predictions import MODALITIES, P_COLUMNS, tabulate
from mmage_utils.sample.cues import draw_cues
from mmage_utils.sample.ideal_observer import (
    FORMANT_YEARS,
    ceiling_gaps,
    ceilings,
    observe,
    read_cues,
)
from mmage_utils.sample.label_lists import draw_labels
from mmage_utils.sample.write import write_words
from mmage_utils.scores.evaluation import pick, train_majority

N_CLIPS = 3000


def draw_media(labels, seed):
    """The cues of all clips and the transcripts that the real generator writes for them."""
    drawn = draw_cues(labels, seed)
    rng = np.random.default_rng([seed, 5])
    texts, topics = zip(*(write_words(clip, rng) for clip in drawn.to_dict("records")), strict=True)
    return drawn.assign(topics=topics, text=texts)


@pytest.fixture(scope="module")
def cues(labels):
    rng = np.random.default_rng(5)
    rows = rng.choice(len(labels), N_CLIPS, replace=False)
    return draw_media(labels, 0).iloc[rows].reset_index(drop=True)


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


def test_modalities_tell_something_and_complement_each_other(accuracies, labels, cues):
    truth = labels.set_index("VideoName")["AgeGroup"][cues["VideoName"]]
    constant = (truth == train_majority(labels)).mean()
    assert all(constant + 0.1 < accuracies[name] < 0.85 for name in MODALITIES)
    assert accuracies["all"] > max(accuracies[name] for name in MODALITIES) + 0.01


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
    some = cues[cues["VideoName"].isin(kept["VideoName"])][:500]
    assert (observe(some, kept)["p5"] == 0).all()


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


@pytest.fixture(scope="module")
def crowd():
    """Clips of several samples, and what can be seen, heard or read of each, by modality."""
    labels = pd.concat(
        [
            draw_labels(seed).assign(seed=seed, UserID=lambda t, k=seed: t["UserID"] + f"/{k}")
            for seed in (21, 22, 23)
        ],
        ignore_index=True,
    )
    drawn = pd.concat(
        [draw_media(rows, seed) for seed, rows in labels.groupby("seed")], ignore_index=True
    )
    woman, ethnicity = labels["Gender"].to_numpy() == 2, np.eye(3)[labels["Ethnicity"] - 1]
    formants = np.digitize(drawn["voice_years"], FORMANT_YEARS)
    voice = drawn[["voice_f0", "voice_f0_range", "voice_rate"]].to_numpy()
    words = CountVectorizer(token_pattern=r"[\w']+", min_df=5).fit_transform(drawn["text"])
    length = drawn["text"].str.split().str.len().to_numpy()
    return (
        labels,
        drawn,
        {
            "image": np.column_stack([drawn.filter(like="face_"), woman, ethnicity]),
            "audio": np.column_stack([voice, woman, formants]),
            "text": sparse.hstack([words, sparse.csr_matrix(length[:, None] / 60)], format="csr"),
        },
    )


def lead(labels, p, other):
    """How much less log-loss has `other` than `p`, in standard errors over users?"""
    rows, truth = np.arange(len(labels)), labels["AgeGroup"].to_numpy() - 1
    gain = np.log(np.clip(other[rows, truth], 1e-12, 1)) - np.log(p[rows, truth])
    by_user = pd.Series(gain).groupby(labels["UserID"].to_numpy()).sum().to_numpy()
    return by_user.sum() / np.sqrt((by_user**2).sum())


def probabilities(model, x, labels):
    """Fit on the train clips, and predict the others."""
    train = (labels["split"] == "train").to_numpy()
    model.fit(x[train], labels["AgeGroup"][train])
    p = np.full(((~train).sum(), 7), 1e-12)
    p[:, model.classes_ - 1] = model.predict_proba(x[~train])
    return p


def observe_others(crowd, modality, labels=None):
    """The observer's probabilities of the clips that are not of train."""
    known = crowd[0] if labels is None else labels
    p = observe(crowd[1], known, [modality])[P_COLUMNS].to_numpy()
    return p, p[(crowd[0]["split"] != "train").to_numpy()]


@pytest.mark.parametrize("modality", MODALITIES)
def test_no_model_of_what_was_drawn_beats_the_observer(crowd, modality):
    labels, _, seen = crowd
    others = labels[labels["split"] != "train"]
    model = HistGradientBoostingClassifier(max_iter=60, learning_rate=0.1, random_state=0)
    if modality == "text":
        model = LogisticRegression(C=0.3, max_iter=500, tol=1e-2)
    p = probabilities(model, seen[modality], labels)
    observed = observe_others(crowd, modality)[1]
    accuracy, best = (
        np.mean(q.argmax(1) + 1 == others["AgeGroup"].to_numpy()) for q in (p, observed)
    )
    assert 0.55 < accuracy < best  # the model learns
    assert lead(others, observed, p) < 2


def lead_of_correction(samples, modality, *, blind):
    """Lead of the observer corrected to the age groups of each gender.

    Corrected on the train clips of half of the samples, and judged on those of the others, whose
    prior is the same. A blind observer is told of train clips among which the genders are dealt
    out, so that they say nothing of the age group.
    """
    labels, posteriors = [], []
    for seed, (rows, drawn) in enumerate(samples):
        known = rows
        if blind:
            train = rows[rows["split"] == "train"]
            genders = np.random.default_rng(seed).permutation(train["Gender"])
            dealt = train.assign(Gender=genders, VideoName="dealt " + train["VideoName"])
            known = pd.concat([rows.assign(split="valid"), dealt])
        labels.append(rows.assign(UserID=rows["UserID"] + f"/{seed}"))
        posteriors.append(observe(drawn, known, [modality])[P_COLUMNS].to_numpy())
    labels, p = pd.concat(labels, ignore_index=True), np.vstack(posteriors)
    labels["sample"] = np.repeat(range(len(samples)), [len(rows) for rows, _ in samples])
    train = (labels["split"] == "train").to_numpy()
    labels, p = labels[train].reset_index(drop=True), p[train]
    corrected, fitted = p.copy(), (labels["sample"] % 2 == 0).to_numpy()
    for gender in (1, 2):
        own = (labels["Gender"] == gender).to_numpy()
        truth = np.bincount(labels["AgeGroup"][own & fitted], minlength=8)[1:]
        corrected[own] *= truth / p[own & fitted].sum(0)
    corrected /= corrected.sum(1, keepdims=True)
    return lead(labels[~fitted], p[~fitted], corrected[~fitted])


@pytest.fixture(scope="module")
def samples():
    return [(rows := draw_labels(seed), draw_cues(rows, seed)) for seed in range(40, 52)]


@pytest.mark.parametrize("modality", ["image", "audio"])
def test_observer_needs_no_correction_unless_it_denies_what_gender_tells(samples, modality):
    assert lead_of_correction(samples, modality, blind=False) < 3
    assert lead_of_correction(samples, modality, blind=True) > 3


def test_distance_to_the_observer_is_paired(run, sample, clips):
    here = run._replace(data_folder=sample)
    perfect = ceilings(here, clips, ["image"])
    test = clips[(clips["split"] == "test") & clips["image"].notna()]
    always = tabulate(test, np.eye(7)[np.full(len(test), 3)])
    gap = ceiling_gaps(here, clips, {("always 25-32", "image"): always})
    limit = pick(perfect, model="image")
    assert gap["value"].iloc[0] == pytest.approx(limit.constant - limit.value)
    assert gap["low"].iloc[0] < gap["value"].iloc[0] < gap["high"].iloc[0]
    assert ceiling_gaps(here._replace(synthetic=False), clips, {("a", "image"): always}) is None

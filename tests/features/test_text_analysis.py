"""Words that pull and clusters: known ones are found, chance is not."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.data.clips import by_split
from mmage_utils.display import data_tables, sentences
from mmage_utils.features import text_analysis


@pytest.fixture
def people():
    """120 users of two clips in three age groups: 80 train, 40 valid."""
    rng = np.random.default_rng(0)
    users = [f"user{k:03d}" for k in range(120)]
    rows = [
        (f"{user}.{clip}.mp4", user, 3 + k % 3, "train" if k < 80 else "valid")
        for k, user in enumerate(users)
        for clip in range(2)
    ]
    clips = pd.DataFrame(rows, columns=["VideoName", "UserID", "AgeGroup", "split"])
    return clips.assign(Gender=1, Ethnicity=2).sample(frac=1, random_state=rng.integers(99))


def _texts(clips, *, own):
    """Common words for everybody, and one word for each age group where `own`."""
    rng = np.random.default_rng(1)
    common = np.array(["the", "a", "day", "house", "tree", "car", "dog", "rain", "lunch", "train"])
    telling = {3: "exam", 4: "rent", 5: "mortgage"} if own else {}
    return [
        " ".join([*rng.choice(common, 6), telling.get(group, "the")]) for group in clips["AgeGroup"]
    ]


def test_the_words_of_a_group_are_found_and_predict_it(people):
    table, predicted = text_analysis.pulling_words(_texts(people, own=True), people, top=3)
    first = table.groupby("AgeGroup").first()
    assert first["word"].to_dict() == {3: "exam", 4: "rent", 5: "mortgage"}
    counts = by_split(people, "train").groupby("AgeGroup")["UserID"].nunique()
    assert first["users"].to_dict() == first["of_users"].to_dict() == counts.to_dict()
    assert first["elsewhere"].eq(0).all()
    assert list(predicted["VideoName"]) == list(people["VideoName"])
    valid = predicted[predicted["split"] == "valid"]
    assert (valid["prediction"] == valid["ground_truth"]).mean() > 0.95
    shown = data_tables.words_table(table).loc["19-24"]
    assert shown["users"] == counts[3]
    assert shown.iloc[1].startswith(f"exam ({counts[3]} + 0), ")


def test_words_that_tell_nothing_predict_nothing(people):
    _, predicted = text_analysis.pulling_words(_texts(people, own=False), people)
    valid = predicted[predicted["split"] == "valid"]
    assert (valid["prediction"] == valid["ground_truth"]).mean() < 0.55


def test_a_word_of_few_speakers_does_not_count(people):
    texts = np.array(_texts(people, own=False), dtype=object)
    few = by_split(people, "train")
    few = few[few["AgeGroup"] == 3]["UserID"].unique()[:4]
    here = people["UserID"].isin(few).to_numpy()
    texts[here] = texts[here] + " zebra"
    assert "zebra" not in set(text_analysis.pulling_words(texts, people, top=20)[0]["word"])
    assert "zebra" in set(
        text_analysis.pulling_words(texts, people, top=20, min_users=4)[0]["word"]
    )


def test_a_telling_word_of_a_group_of_two_users_is_shown(people):
    train = by_split(people, "train")["UserID"].unique()
    people.loc[people["UserID"].isin(train[:2]), "AgeGroup"] = 1
    texts = [
        f"{text} {'teddy' if group == 1 else 'the'}"
        for text, group in zip(_texts(people, own=False), people["AgeGroup"], strict=True)
    ]
    table, _ = text_analysis.pulling_words(texts, people)
    first = table[table["AgeGroup"] == 1].iloc[0]
    assert (first["word"], first["users"], first["of_users"]) == ("teddy", 2, 2)


@pytest.mark.parametrize("kind", ["one group", "no words", "rare words"])
def test_where_no_word_can_pull_there_is_none_and_the_prior_is_answered(people, kind):
    texts = _texts(people, own=False)
    if kind == "one group":
        people["AgeGroup"] = 4
    elif kind == "no words":
        texts = [""] * len(people)
    else:
        texts = people["VideoName"].str.replace(".", "").tolist()
    table, predicted = text_analysis.pulling_words(texts, people)
    assert table.empty
    assert data_tables.words_table(table).empty
    share = (by_split(people, "train")["AgeGroup"] == 4).mean()
    np.testing.assert_allclose(predicted["p4"], share)


def test_only_train_decides_which_words_pull(people):
    texts = _texts(people, own=True)
    other = [
        "scrambled words" if split == "valid" else text
        for text, split in zip(texts, people["split"], strict=True)
    ]
    one, other = (text_analysis.pulling_words(t, people)[0] for t in (texts, other))
    pd.testing.assert_frame_equal(one, other)


def _vectors(clips, spread):
    """One direction an age group, each user near it."""
    rng = np.random.default_rng(2)
    corners = {3: (1, 0, 0), 4: (0, 1, 0), 5: (0, 0, 1)}
    users = {user: rng.normal(0, spread, 3) for user in clips["UserID"].unique()}
    rows = zip(clips["AgeGroup"], clips["UserID"], strict=True)
    return np.array([corners[group] + users[user] for group, user in rows])


def test_clusters_are_told_from_chance(people):
    table, vote = text_analysis.concentration(_vectors(people, 0.1), people)
    assert table.index.tolist() == [3, 4, 5]
    assert (table["silhouette"] > 0.8).all()
    assert (table["silhouette"] > table["chance_high"]).all()
    assert table["clips"].sum() == len(vote) == 80
    assert table["users"].sum() == 40
    assert (table["right"] == table["clips"]).all()
    shown = data_tables.concentration_table(table)
    assert shown.loc["33-45", "right by neighbours"] == "28/28"
    said = sentences.concentration_sentence(table)
    assert "**concentrated**: 19-24 (" in said
    assert said.endswith("**scattered**: none.")
    assert (table["p_holm"] < 0.05).all()


def test_users_apart_are_no_clusters_of_age(people):
    """Two clips of one user lie together; dealing out whole users takes that into account."""
    rng = np.random.default_rng(3)
    places = {user: rng.normal(0, 1, 3) for user in people["UserID"].unique()}
    vectors = np.array([places[user] for user in people["UserID"]])
    table, _ = text_analysis.concentration(vectors, people)
    assert (table["p_holm"] > 0.05).all()
    assert "**concentrated**: none; **scattered**: none" in sentences.concentration_sentence(table)


def test_silhouettes_are_those_of_scikit_learn(rng):
    from sklearn.metrics import silhouette_samples
    from sklearn.metrics.pairwise import cosine_distances

    distances = cosine_distances(rng.normal(size=(40, 5)))
    np.fill_diagonal(distances, 0)
    groups = np.repeat([2, 3, 7], (25, 5, 10))
    theirs = silhouette_samples(distances, groups, metric="precomputed")
    found = text_analysis.silhouettes(distances, groups)
    for group in (2, 3, 7):
        assert found[group] == pytest.approx(theirs[groups == group].mean())
    lonely = text_analysis.silhouettes(distances, np.repeat([2, 3, 7], (25, 14, 1)))
    assert np.isnan(lonely[7])
    assert np.isnan(text_analysis.silhouettes(distances, np.full(40, 4))).all()


def test_without_an_effect_few_groups_are_called_concentrated():
    named = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        user = np.repeat(np.arange(60), rng.integers(1, 6, 60))
        group = rng.choice([2, 3, 4, 5], 60, p=[0.1, 0.3, 0.4, 0.2])
        clips = pd.DataFrame(
            {
                "VideoName": [f"{k}.mp4" for k in range(len(user))],
                "UserID": [f"user{k:02d}" for k in user],
                "AgeGroup": group[user],
                "split": np.where(user < 20, "train", "valid"),
            }
        )
        vectors = rng.normal(size=(60, 6))[user] + 0.5 * rng.normal(size=(len(user), 6))
        table, _ = text_analysis.concentration(vectors, clips, shuffles=200, seed=seed)
        named += (table["p_holm"] < 0.05).any()
    assert named <= 3  # one in twenty is expected


def test_few_users_and_single_groups_are_not_judged(people):
    valid = by_split(people, "valid")["UserID"].unique()
    people.loc[people["UserID"].isin(valid[:3]), "AgeGroup"] = 7
    table, _ = text_analysis.concentration(_vectors(people.assign(AgeGroup=3), 0.1), people)
    assert np.isnan(table.loc[7, "p_holm"])
    assert sentences.concentration_sentence(table).endswith(
        "Too few users to judge: 61+ (3 users)."
    )
    alone = people.assign(AgeGroup=4)
    table, _ = text_analysis.concentration(_vectors(alone, 0.1), alone)
    assert data_tables.concentration_table(table).loc["25-32", "silhouette"] == "–"
    assert "Too few users to judge" in sentences.concentration_sentence(table)


def test_a_map_has_a_point_a_clip_even_of_few_clips(people):
    few = pd.concat([people, people.head(6).assign(split="test")], ignore_index=True)
    points = text_analysis.text_map(_vectors(few, 0.1), few, perplexity=30)
    assert {split: one.shape for split, one in points.items()} == {
        "train": ((few["split"] == "train").sum(), 2),
        "valid": ((few["split"] == "valid").sum(), 2),
        "test": (6, 2),
    }


def test_rows_in_another_order_give_the_same_clusters(people):
    vectors = _vectors(people, 0.6)
    order = np.random.default_rng(4).permutation(len(people))
    one, _ = text_analysis.concentration(vectors, people)
    other, _ = text_analysis.concentration(vectors[order], people.iloc[order])
    columns = ["clips", "users", "silhouette", "right"]
    pd.testing.assert_frame_equal(one[columns], other[columns])


def test_padding_moves_a_mean_over_all_positions_and_not_one_over_words():
    text = "my friend and me played on the swings"
    padded = text_analysis.pad_mean(text, "minilm", (4, 32))
    assert padded["padding"].tolist() == [4, 32]
    assert (padded["own"] > 0.999).all()
    assert padded["cosine"].is_monotonic_decreasing
    assert padded["cosine"].iloc[-1] < 0.9


def test_mean_cosine_is_of_different_rows():
    assert text_analysis.mean_cosine(np.eye(3)) == pytest.approx(0)
    assert text_analysis.mean_cosine(np.array([[1.0, 0], [3, 0], [0, 2]])) == pytest.approx(1 / 3)

"""Labels that may be wrong, near-duplicates, and what counting rows would have given."""

import numpy as np
import pandas as pd
import pytest
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import cluster_notes, label_notes
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores import clustering, label_noise, near_duplicates
from mmage_utils.scores.evaluation import score


def draw(rng, tabled, *, clips=600, sharpness=3.0, users=200):
    """Predictions that are often right, of users with some clips each."""
    truth = rng.choice(7, clips, p=[0.03, 0.07, 0.2, 0.4, 0.2, 0.07, 0.03]) + 1
    user = rng.integers(0, users, clips)
    truth = truth[user]  # a user has one age group
    logits = rng.normal(size=(clips, 7)) + sharpness * np.eye(7)[truth - 1]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return tabled(truth, users=[f"u{k:03d}" for k in user], p=p)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_suspects_are_those_of_cleanlab(rng, tabled, sharpness):
    table = draw(rng, tabled, sharpness=sharpness)
    p, labels = table[P_COLUMNS].to_numpy(), table["ground_truth"].to_numpy() - 1
    own = label_noise.suspect_labels(table)
    theirs = find_label_issues(labels, p, filter_by="confident_learning", n_jobs=1)
    # cleanlab takes the largest probability where several groups are confident, be it of a
    # confident group or not; the paper takes the largest of the confident ones.
    thresholds = np.array([p[labels == k, k].mean() for k in range(7)])
    confident = p >= thresholds
    other = (confident.sum(1) > 1) & ~confident[np.arange(len(p)), p.argmax(1)]
    assert own["suspect"].sum() > 5
    assert (own["suspect"].to_numpy() == theirs)[~other].all()


def test_joint_is_that_of_cleanlab_where_one_group_at_most_is_confident(rng, tabled):
    table = draw(rng, tabled, sharpness=5.0)
    p, labels = table[P_COLUMNS].to_numpy(), table["ground_truth"].to_numpy() - 1
    thresholds = np.array([p[labels == k, k].mean() for k in range(7)])
    confident = (p >= thresholds).sum(1)
    assert confident.max() == 1
    found = label_noise.suspect_labels(table)[confident == 1]
    joint = label_noise.confident_joint(found)
    assert 0 < joint.sum() < len(table)
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))  # as cleanlab has it
    assert (joint == compute_confident_joint(labels, p, calibrate=False)).all()


def test_a_label_that_the_model_answers_is_never_suspect(rng, tabled):
    found = label_noise.suspect_labels(draw(rng, tabled, sharpness=1.0))
    right = found["prediction"] == found["ground_truth"]
    assert not found.loc[right, "suspect"].any()
    assert (
        found.loc[found["suspect"], "suggested"] != found.loc[found["suspect"], "ground_truth"]
    ).all()
    assert found["self_confidence"].between(0, 1).all()


def test_a_group_without_labels_is_not_suggested(rng, tabled):
    table = draw(rng, tabled, sharpness=1.0)
    found = label_noise.suspect_labels(table[table["ground_truth"] != 4])
    assert (found["suggested"] != 4).all()


def test_labels_are_moved_for_whole_users_to_the_next_group(rng, tabled):
    table = draw(rng, tabled)
    moved = label_noise.move_labels(table, share=0.1, seed=3)
    assert moved["moved"].groupby(moved["UserID"]).nunique().max() == 1
    assert moved.loc[moved["moved"], "UserID"].nunique() == round(0.1 * table["UserID"].nunique())
    step = (moved["ground_truth"] - table["ground_truth"]).abs()
    assert (step == moved["moved"]).all()
    assert moved["ground_truth"].between(1, 7).all()
    pd.testing.assert_frame_equal(moved, label_noise.move_labels(table, share=0.1, seed=3))
    assert not moved["moved"].equals(label_noise.move_labels(table, share=0.1, seed=4)["moved"])


def test_moved_labels_are_found_by_a_model_that_knows(rng, tabled):
    counts = label_noise.count_found(draw(rng, tabled, sharpness=8.0), share=0.1)
    assert counts["moved"] + counts["kept"] == counts["clips"]
    assert counts["moved_suspect"] > 0.9 * counts["moved"]
    assert counts["kept_suspect"] < 0.02 * counts["kept"]
    blind = label_noise.count_found(draw(rng, tabled, sharpness=0.0), share=0.1)
    shares = [blind[f"{kind}_suspect"] / blind[kind] for kind in ("moved", "kept")]
    assert abs(shares[0] - shares[1]) < 0.25


def test_scores_without_clips_are_those_of_the_rest(rng, tabled):
    table = draw(rng, tabled)
    out = table["VideoName"].head(100)
    rows = label_noise.scores_without(table, {"half": out, "all": table["VideoName"]}, majority=4)
    assert list(rows.index) == ["all clips", "half"]  # of nothing there is no score
    rest = score(table.iloc[100:], majority=4).set_index("metric").loc["accuracy"]
    assert rows.loc["half", "accuracy"] == rest["value"]
    assert rows.loc["half", "accuracy, low"] == rest["low"]
    assert rows.loc["half", "clips"] == len(table) - 100
    text = label_notes.without_table(rows)
    assert f"{100 * rest['value']:.1f}%" in text.loc["half", "accuracy"]


def test_leaving_out_suspects_flatters_and_a_random_draw_does_not(rng, tabled):
    table = draw(rng, tabled, clips=1500, sharpness=1.5)
    found = label_noise.suspect_labels(table)
    names = found.loc[found["suspect"], "VideoName"]
    left = {"without suspect labels": names}
    left["without as many at random"] = table["VideoName"].sample(len(names), random_state=0)
    rows = label_noise.scores_without(table, left, majority=4)
    gain = rows["accuracy"] - rows.loc["all clips", "accuracy"]
    assert gain["without suspect labels"] > 0.02
    assert abs(gain["without as many at random"]) < 0.02
    assert "it is no score of the model" in label_notes.without_sentence(rows)
    assert "No label" in label_notes.without_sentence(rows.head(1))


def test_sentences_of_suspects_count_them(rng, tabled):
    table = draw(rng, tabled)
    found, counts = label_noise.suspect_labels(table), label_noise.count_found(table)
    text = label_notes.suspect_sentence(found, counts, synthetic=False)
    assert f"{found['suspect'].sum():,} of {len(table):,} test labels" in text
    assert f"{counts['moved_suspect']:,} are" in text
    assert label_notes.TRUE_LABELS not in text
    assert label_notes.TRUE_LABELS in label_notes.suspect_sentence(found, counts, synthetic=True)
    shown = label_notes.suspect_table({"test": found})
    assert shown["test", "suspect"].sum() == found["suspect"].sum()
    assert shown["test", "clips"].sum() == len(table)


def test_suspects_are_listed_by_name_the_least_probable_labels_first(rng, tabled):
    found = label_noise.suspect_labels(draw(rng, tabled, sharpness=1.0))
    half = {"valid": found.head(300).assign(split="valid"), "test": found.tail(300)}
    rows = label_noise.list_suspects(half)
    assert set(rows["VideoName"]) == set(found.loc[found["suspect"], "VideoName"])
    assert rows["self_confidence"].is_monotonic_increasing
    assert set(rows["split"]) == {"valid", "test"}
    first = rows.iloc[0]
    source = found.set_index("VideoName").loc[first["VideoName"]]
    assert first["label"] == source["ground_truth"] != first["suggested"]
    assert first["suggested_confidence"] == source[f"p{first['suggested']}"]
    shown = label_notes.named_suspects(rows, 7)
    assert shown.index.tolist() == rows["VideoName"].head(7).tolist()
    assert shown.iloc[0]["label"] == AGE_GROUPS[first["label"]]
    none = label_noise.list_suspects({"test": found[~found["suspect"]]})
    assert len(label_notes.named_suspects(none)) == 0


@pytest.fixture
def people():
    """Clips of 40 users, three each, and vectors in which a user's clips are alike."""
    rng = np.random.default_rng(5)
    user = np.repeat(np.arange(40), 3)
    split = np.array(["train", "valid", "test", "test"])[user % 4]
    names = [f"c{k:03d}.mp4" for k in range(len(user))]
    clips = pd.DataFrame({"VideoName": names, "UserID": user.astype(str), "split": split})
    vectors = rng.normal(size=(40, 64))[user] + 0.2 * rng.normal(size=(len(user), 64))
    return clips, vectors


def test_a_copy_under_another_name_is_found_across_splits(people):
    clips, vectors = people
    vectors[6] = vectors[0]  # of user 2, in test, and of user 0, in train
    pairs, threshold = near_duplicates.near_duplicates(vectors, clips)
    assert threshold > near_duplicates.LEAST
    assert pairs.iloc[0][["first", "second"]].tolist() == ["c000.mp4", "c006.mp4"]
    assert pairs.iloc[0].similarity == pytest.approx(1, abs=1e-5)
    assert near_duplicates.leaked(pairs) == ["c006.mp4"]


def test_clips_of_one_user_are_no_near_duplicates(people):
    clips, vectors = people
    pairs, _ = near_duplicates.near_duplicates(vectors, clips)
    assert len(pairs) == 0
    # All the same: every pair of different users is near.
    pairs, _ = near_duplicates.near_duplicates(np.ones_like(vectors), clips)
    n, within = len(clips), 40 * 3
    assert len(pairs) == n * (n - 1) // 2 - within


def test_blocks_change_nothing(people, monkeypatch):
    clips, vectors = people
    vectors = vectors.round(0)  # so that many are near
    whole, _ = near_duplicates.near_duplicates(vectors, clips, alike=0.0)
    monkeypatch.setattr(near_duplicates, "BLOCK", 7)
    blocks, _ = near_duplicates.near_duplicates(vectors, clips, alike=0.0)
    keys = ["first", "second"]
    assert set(map(tuple, whole[keys].to_numpy())) == set(map(tuple, blocks[keys].to_numpy()))


def test_what_has_no_numbers_or_no_second_clip_is_left_out(people):
    clips, vectors = people
    vectors[6] = vectors[0]
    vectors[0] = np.nan
    vectors[1] = 0
    pairs, _ = near_duplicates.near_duplicates(vectors, clips)
    assert not pairs["first"].isin(["c000.mp4", "c001.mp4"]).any()
    alone = clips.drop_duplicates("UserID")
    pairs, threshold = near_duplicates.near_duplicates(vectors[alone.index], alone)
    assert len(pairs) == 0
    assert np.isnan(threshold)


def test_pairs_are_counted_by_modality_and_in_several(people):
    clips, vectors = people
    vectors[6] = vectors[0]
    image, _ = near_duplicates.near_duplicates(vectors, clips)
    vectors[9] = vectors[20]
    audio, _ = near_duplicates.near_duplicates(vectors, clips)
    counts = near_duplicates.count_pairs({"image": image, "audio": audio, "text": image.head(0)})
    assert counts.loc["image"].tolist() == [1, 1, 1]
    assert counts.loc["audio", "pairs"] == 2
    assert counts.loc["text"].tolist() == [0, 0, 0]
    assert counts.loc["two or more", "pairs"] == 1
    text = label_notes.pairs_sentence(counts, len(clips), 60)
    assert "1 pairs of different users" in text
    assert "tell nothing" not in text
    text = label_notes.pairs_sentence(counts, len(clips), 9)
    assert "Near in image, 1 of 9 test clips have one like them in train or valid" in text
    assert "Near in text" not in text
    none = near_duplicates.count_pairs({"image": image, "text": image.head(0)})
    assert "no pair of different users" in label_notes.pairs_sentence(none, len(clips), 60)
    assert "in two splits" in label_notes.pairs_table(counts)


def test_rows_are_as_good_as_users_when_each_user_has_one_clip(rng, tabled):
    table = draw(rng, tabled).drop_duplicates("UserID")
    cost = clustering.clustering_cost(table, majority=4)
    assert np.allclose(cost["ratio"], 1)
    assert np.allclose(cost["worth"], len(table))


def test_copies_of_a_clip_are_worth_one(rng, tabled):
    one = draw(rng, tabled, users=600).drop_duplicates("UserID")
    copies = pd.concat([one.assign(VideoName=one["VideoName"] + str(k)) for k in range(4)])
    cost = clustering.clustering_cost(copies.reset_index(drop=True), majority=4)
    assert cost.loc["accuracy", "ratio"] == pytest.approx(2, rel=0.03)
    assert cost.loc["accuracy", "worth"] == pytest.approx(len(one), rel=0.06)
    text = cluster_notes.clustering_sentence(cost, "the model")
    assert f"over the {len(one):,} users" in text
    assert (
        cluster_notes.clustering_table(cost).loc["accuracy", "wider by"].startswith(("1.9", "2.0"))
    )

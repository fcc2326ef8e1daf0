"""Prediction tables: written, read, joined on VideoName, and added up per user."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils import predictions
from mmage_utils.errors import DataError
from mmage_utils.predictions import P_COLUMNS, PREDICTION_COLUMNS

# User a: the first clip says 3, the second 5 more firmly; user b: one clip.
P = [[0, 0, 0.6, 0.1, 0.3, 0, 0], [0, 0, 0.1, 0, 0.9, 0, 0], [0, 0, 0, 1.0, 0, 0, 0]]


@pytest.fixture
def random_table(rng, tabled):
    return tabled(rng.integers(1, 8, 40), p=rng.dirichlet(np.ones(7), 40))


def _labels(table):
    return pd.DataFrame(
        {
            "VideoName": table["VideoName"],
            "AgeGroup": table["ground_truth"],
            "Gender": 1,
            "Ethnicity": range(len(table)),
        }
    )


def test_table_has_the_columns_and_predicts_the_argmax(random_table):
    assert list(random_table) == PREDICTION_COLUMNS
    assert (random_table["prediction"] == random_table[P_COLUMNS].to_numpy().argmax(1) + 1).all()


def test_table_ignores_the_index_of_the_clips():
    clips = pd.DataFrame(
        {
            "VideoName": ["x.mp4", "y.mp4"],
            "UserID": ["x", "y"],
            "split": "test",
            "AgeGroup": [2, 5],
        },
        index=[7, 3],
    )
    table = predictions.tabulate(clips, np.eye(7)[[1, 4]])
    assert table[["ground_truth", "prediction"]].to_numpy().tolist() == [[2, 2], [5, 5]]


def test_written_table_is_read_back_to_eight_digits(run, random_table):
    predictions.write_predictions(run, "image", random_table)
    result = predictions.read_predictions(run, "image", "02_image_classifier")
    pd.testing.assert_frame_equal(result, random_table, rtol=0, atol=1e-8, check_dtype=False)


def test_missing_predictions_name_the_notebook_to_run(run):
    with pytest.raises(DataError, match=r"image\.csv is missing: .*02_image_classifier"):
        predictions.read_predictions(run, "image", "02_image_classifier")


def test_predictions_without_a_column_are_refused(run, random_table):
    predictions.write_predictions(run, "image", random_table)
    path = run.folder / "predictions" / "image.csv"
    pd.read_csv(path).drop(columns="p7").to_csv(path, index=False)
    with pytest.raises(DataError, match=r"image\.csv lacks p7"):
        predictions.read_predictions(run, "image", "02_image_classifier")


def test_labels_are_joined_on_the_name(random_table):
    labels = _labels(random_table)
    joined = predictions.join_labels(random_table, labels.sample(frac=1, random_state=0))
    assert joined["Ethnicity"].tolist() == list(range(40))
    assert joined["VideoName"].tolist() == random_table["VideoName"].tolist()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.replace("clip0003.mp4", "other.mp4"), "1 predicted clips.*first other.mp4"),
        (lambda t: t.assign(ground_truth=t["ground_truth"] % 7 + 1), "40 clips contradicts"),
        (lambda t: pd.concat([t, t.tail(1)]), "listed twice"),
    ],
)
def test_predictions_that_do_not_fit_the_labels_are_refused(random_table, spoil, message):
    with pytest.raises(DataError, match=message):
        predictions.join_labels(spoil(random_table), _labels(random_table))


def test_labels_that_list_a_clip_twice_are_refused(random_table):
    labels = _labels(random_table)
    with pytest.raises(DataError, match="listed twice"):
        predictions.join_labels(random_table, pd.concat([labels, labels.head(1)]))


def test_clips_of_a_user_are_added_up_by_hand(tabled):
    users = predictions.add_up_per_user(tabled([3, 5, 4], p=P, users=["a", "a", "b"]))
    assert users["UserID"].tolist() == ["a", "b"]
    assert users.loc[0, P_COLUMNS].tolist() == pytest.approx([0, 0, 0.35, 0.05, 0.6, 0, 0])
    assert users["prediction"].tolist() == [5, 4]
    assert users["clips"].tolist() == [2, 1]


@pytest.mark.parametrize(("truth", "expected"), [([5, 3], 3), ([5, 5, 3], 5), ([7, 1, 7, 1], 1)])
def test_truth_of_a_user_is_the_most_frequent_and_the_younger_on_a_tie(tabled, truth, expected):
    users = predictions.add_up_per_user(tabled(truth, truth, users=["a"] * len(truth)))
    assert users["ground_truth"].tolist() == [expected]


def test_every_clip_gets_the_prediction_of_its_user(tabled):
    table = tabled([3, 4, 5], p=np.array(P)[[0, 2, 1]], users=["a", "b", "a"])
    spread = predictions.spread_to_clips(table)
    assert spread["prediction"].tolist() == [5, 4, 5]
    assert spread["ground_truth"].tolist() == [3, 4, 5]
    assert spread["VideoName"].tolist() == table["VideoName"].tolist()
    assert spread["p3"].tolist() == pytest.approx([0.35, 0, 0.35])
    assert table["prediction"].tolist() == [3, 4, 5]  # the input is left alone


def test_shared_clips_come_in_the_order_of_the_first_table(random_table):
    first, second = random_table.iloc[5:30], random_table.iloc[10:].sample(frac=1, random_state=0)
    one, two = predictions.shared_clips([first, second])
    assert one["VideoName"].tolist() == random_table["VideoName"].tolist()[10:30]
    pd.testing.assert_frame_equal(one, two, check_like=True)


def test_softmax_of_the_logits_gives_the_probabilities_back(random_table):
    result = predictions.softmax(predictions.logits(random_table))
    np.testing.assert_allclose(result, random_table[P_COLUMNS], atol=1e-10)


def test_softmax_accepts_large_logits():
    np.testing.assert_allclose(predictions.softmax([[1e4, 1e4, -1e4]]), [[0.5, 0.5, 0]])


def test_logits_of_a_zero_probability_are_finite(tabled):
    assert np.isfinite(predictions.logits(tabled([3, 5, 4], p=P))).all()

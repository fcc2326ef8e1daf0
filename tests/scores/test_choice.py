"""Routes chosen on valid: the better one, both averaged, or nothing where nothing is shown."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.display import choice_notes
from mmage_utils.errors import DataError
from mmage_utils.predictions import P_COLUMNS, softmax, tabulate
from mmage_utils.scores import evaluation
from mmage_utils.scores.choice import CONSTANT, choose_on_valid, constant_table, weighted_mean
from mmage_utils.scores.representations import Representation, compare_representations, timed


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(3)
    groups = rng.choice(np.arange(1, 8), 450, p=(0.02, 0.05, 0.2, 0.48, 0.2, 0.03, 0.02))
    return pd.DataFrame(
        {
            "VideoName": [f"v{k}.mp4" for k in range(450)],
            "UserID": [f"u{k // 3}" for k in range(450)],
            "AgeGroup": groups,
            "split": np.repeat(["train", "valid", "test"], 150),
        }
    )


@pytest.fixture
def predict(clips):
    """Function that makes predictions that lean to the truth by a weight, with own noise."""

    def make(weight, seed=0):
        truth = np.eye(7)[clips["AgeGroup"] - 1]
        noise = np.random.default_rng(seed).dirichlet(np.ones(7), len(clips))
        return tabulate(clips, weight * truth + (1 - weight) * noise)

    return make


def test_the_better_route_is_chosen(predict):
    choice = choose_on_valid({"weak": predict(0.3), "strong": predict(0.7, 1)}, average=False)
    assert choice.name == "strong"
    pd.testing.assert_frame_equal(choice.table, predict(0.7, 1))
    assert choice.candidates["route"].tolist()[0] == "strong"
    assert choice.candidates["log_loss"].is_monotonic_increasing
    assert choice.candidates.set_index("route")["chosen"].to_dict() == {
        "strong": True, "weak": False, CONSTANT: False
    }  # fmt: skip
    text = choice_notes.choice_sentence(choice)
    assert text.startswith("Chosen on valid, without reading test: **strong**, which gains +")
    assert choice_notes.choice_table(choice.candidates).loc["strong", "chosen"] == "yes"


def test_routes_that_err_in_different_ways_are_averaged(clips, rng):
    truth = 4 * np.eye(7)[clips["AgeGroup"] - 1]
    noisy = (softmax(truth + rng.normal(0, 2, truth.shape)) for _ in "ab")
    routes = {name: tabulate(clips, p) for name, p in zip("ab", noisy, strict=True)}
    choice = choose_on_valid(routes)
    assert choice.name == "average of a and b"
    expected = (routes["a"][P_COLUMNS] + routes["b"][P_COLUMNS]) / 2
    pd.testing.assert_frame_equal(choice.table[P_COLUMNS], expected)


@pytest.mark.parametrize("balanced", [False, True])
def test_where_nothing_is_shown_the_shares_of_train_answer(clips, rng, balanced):
    constant = constant_table(clips, balanced=balanced)[P_COLUMNS].to_numpy()
    noise = (softmax(np.log(constant) + rng.normal(0, 1, constant.shape)) for _ in "ab")
    routes = {name: tabulate(clips, p) for name, p in zip("ab", noise, strict=True)}
    choice = choose_on_valid(routes, balanced=balanced)
    assert choice.name == CONSTANT
    assert (choice.table["prediction"] == evaluation.train_majority(clips)).all()
    assert "Nothing is learnt that valid shows" in choice_notes.choice_sentence(choice)


def test_a_small_gain_within_one_standard_error_is_not_taken(clips):
    table = constant_table(clips)
    valid = np.flatnonzero(clips["split"] == "valid")
    p = table[P_COLUMNS].to_numpy()
    truth = clips["AgeGroup"].to_numpy() - 1
    p[valid[0], truth[valid[0]]] += 0.5
    p[valid[30], truth[valid[30]]] *= 0.7  # of another user
    lucky = tabulate(clips, p / p.sum(1, keepdims=True))
    choice = choose_on_valid({"lucky": lucky}, average=False)
    row = choice.candidates.set_index("route").loc["lucky"]
    assert 0 < row["gain"] < row["se"]
    assert choice.name == CONSTANT


def test_test_clips_decide_nothing(clips, predict):
    weak, strong = predict(0.3), predict(0.7, 1)
    at = (clips["split"] == "test").to_numpy()
    weak.loc[at, P_COLUMNS] = strong.loc[at, P_COLUMNS] = 1 / 7
    weak.loc[at, "ground_truth"] = strong.loc[at, "ground_truth"] = 1
    found = choose_on_valid({"weak": weak, "strong": strong}).candidates
    expected = choose_on_valid({"weak": predict(0.3), "strong": predict(0.7, 1)}).candidates
    pd.testing.assert_frame_equal(found, expected)


def test_routes_of_other_clips_are_refused(predict):
    with pytest.raises(DataError, match="do not predict the same clips in one order"):
        choose_on_valid({"a": predict(0.3), "b": predict(0.3).iloc[::-1]})
    table = predict(0.3)
    with pytest.raises(DataError, match="no valid clip"):
        choose_on_valid({"a": table[table["split"] != "valid"]})


def test_balanced_choice_weighs_groups_alike(clips, predict):
    """A route that knows only the large group is good by clips, and bad by groups."""
    rare = clips["AgeGroup"].isin([1, 2, 6, 7]).to_numpy()[:, None]
    p = np.where(rare, predict(0)[P_COLUMNS], predict(0.6)[P_COLUMNS])
    routes = {"large": tabulate(clips, p), "all": predict(0.4, 3)}
    by_clip, by_group = (choose_on_valid(routes, balanced=b, average=False) for b in (False, True))
    assert by_clip.name == "large"
    assert by_group.name == "all"


def test_standard_error_is_over_users(rng):
    values = np.repeat(rng.normal(0, 1, 200), 5)
    table = pd.DataFrame({"UserID": np.repeat(np.arange(200), 5)})
    mean, se = weighted_mean(table, values, np.full(1000, 1 / 1000))
    assert mean == pytest.approx(values.mean())
    assert se == pytest.approx(values[::5].std(ddof=1) / np.sqrt(200))
    one = pd.DataFrame({"UserID": [1, 1]})
    assert weighted_mean(one, np.ones(2), np.full(2, 0.5))[1] == np.inf


def test_representations_are_scored_by_the_same_head(clips, rng):
    told = rng.normal(0, 1, (450, 3)) + clips[["AgeGroup"]].to_numpy()
    noise = rng.normal(0, 1, (450, 20))
    both = {"told": Representation(told, "MIT", 0.02), "noise": Representation(noise)}
    heads, rows = compare_representations(both, clips)
    assert set(heads) == {"told", "noise"}
    found = rows.set_index("representation")
    assert list(found.index) == ["told", "noise", CONSTANT]
    loss = found["log_loss"]
    assert loss["told"] < loss["noise"] < loss[CONSTANT] + 0.1
    shown = choice_notes.representation_table(rows)
    assert shown.loc["told", ["numbers a clip", "licence", "seconds a clip"]].tolist() == [
        "3", "MIT", "0.020"
    ]  # fmt: skip
    assert shown.loc["noise", "seconds a clip"] == "–"


def test_timed_divides_by_what_was_computed():
    class Result:
        vectors, computed = np.zeros((4, 2)), 2

    one, result = timed(lambda: Result, licence="CC0")
    assert (one.licence, result) == ("CC0", Result)
    assert one.seconds >= 0
    Result.computed = 0
    assert np.isnan(timed(lambda: Result)[0].seconds)


def test_a_shortcut_is_named(clips, rng):
    rate = Representation(clips[["AgeGroup"]].to_numpy() * 1000.0)
    equal = Representation(np.ones((450, 1)))
    rows = compare_representations({"rate of the file": rate, "size of the file": equal}, clips)[1]
    assert "**a shortcut is open**" in choice_notes.shortcut_sentence(rows, "rate of the file")
    assert choice_notes.shortcut_sentence(rows, "size of the file").endswith("no shortcut is seen.")


def test_balanced_representations_are_scored_by_groups_alike(clips, rng):
    three = clips[clips["AgeGroup"].isin([3, 4, 5])].reset_index(drop=True)
    told = three[["AgeGroup"]].to_numpy() + rng.normal(0, 0.5, (len(three), 3))
    rows = compare_representations({"told": Representation(told)}, three, balanced=True)[1]
    told, constant = rows.itertuples()
    assert constant.log_loss == pytest.approx(np.log(3), abs=0.03)
    assert told.gain > 0.3

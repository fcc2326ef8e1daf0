"""Checks name what is wrong with a prediction file, and find nothing in a correct one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmage_utils.data.labels import LABEL_LIST
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.sample.label_lists import draw_labels
from mmage_utils.scores.prediction_check import check_predictions, read_reference

QUIET = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="session")
def list_folder(tmp_path_factory):
    """The three full label lists, without media."""
    folder = tmp_path_factory.mktemp("lists")
    for split, rows in draw_labels(0).groupby("split"):
        path = folder / LABEL_LIST.format(split=split)
        rows.drop(columns=["split", "user_group"]).to_csv(path, index=False)
    return folder


@pytest.fixture(scope="session")
def reference(list_folder):
    return read_reference(list_folder / "test_set_age_labels.csv")


def honest(labels, accuracy, rng, *, near=0.5):
    """Predictions of about the accuracy asked: wrong ones are near, or from the marginals."""
    truth = labels["AgeGroup"].to_numpy()
    step = np.clip(truth + rng.choice([-1, 1], len(truth)), 1, 7)
    other = np.where(rng.random(len(truth)) < near, step, rng.permutation(truth))
    return np.where(rng.random(len(truth)) < accuracy, truth, other)


def course_file(labels, prediction):
    return pd.DataFrame(
        {
            "VideoName": labels["VideoName"],
            "ground_truth": labels["AgeGroup"],
            "prediction": prediction,
        }
    )


def examine(tmp_path, table, reference):
    path = tmp_path / "predictions.csv"
    table.to_csv(path, index=False)
    return check_predictions(path, reference)


def whats(examination):
    return [finding.what for finding in examination.findings]


@pytest.fixture
def table(reference, rng):
    return course_file(reference.labels, honest(reference.labels, 0.5, rng))


def test_a_file_in_order_has_no_finding(tmp_path, table, reference):
    findings, scored = examine(tmp_path, table, reference)
    assert findings == []
    assert len(scored) == len(reference.labels)


def test_no_false_alarm_in_200_honest_models(reference, monkeypatch, tmp_path, rng):
    labels = reference.labels
    alarms = []
    for accuracy in np.linspace(0.3, 0.6, 200):
        prediction = honest(labels, accuracy, rng, near=rng.random())
        # The share of right answers is what is asked, chance hits included.
        alarms += whats(examine(tmp_path, course_file(labels, prediction), reference))
    assert alarms == []


def test_rows_in_a_random_order_are_noticed(tmp_path, reference, rng):
    noticed = 0
    for accuracy in np.linspace(0.4, 0.95, 40):
        prediction = rng.permutation(honest(reference.labels, accuracy, rng))
        names = whats(examine(tmp_path, course_file(reference.labels, prediction), reference))
        noticed += names == ["rows in another order than their labels"]
    # One random order in fifty or so lies outside what 99% of random orders give.
    assert noticed >= 37


def test_shuffled_rows_are_said_to_be_shuffled(tmp_path, table, reference, rng):
    table["prediction"] = rng.permutation(table["prediction"])
    findings, scored = examine(tmp_path, table, reference)
    assert [finding.what for finding in findings] == ["rows in another order than their labels"]
    assert "random order" in findings[0].evidence
    assert scored is not None


def test_a_whole_file_shuffled_against_its_names_is_noticed(tmp_path, table, reference, rng):
    table[["ground_truth", "prediction"]] = table[["ground_truth", "prediction"]].to_numpy()[
        rng.permutation(len(table))
    ]
    names = whats(examine(tmp_path, table, reference))
    assert "ground truth in another order than the clips" in names


@given(seed=st.integers(0, 10_000), accuracy=st.floats(0.4, 0.9))
@QUIET
def test_order_of_rows_changes_nothing(tmp_path, reference, seed, accuracy):
    rng = np.random.default_rng(seed)
    table = course_file(reference.labels, honest(reference.labels, accuracy, rng))
    table = table.iloc[rng.permutation(len(table))]
    assert examine(tmp_path, table, reference).findings == []


@given(seed=st.integers(0, 10_000), accuracy=st.floats(0.4, 0.9))
@QUIET
def test_zero_based_labels_are_named_with_the_shift(tmp_path, reference, seed, accuracy):
    prediction = honest(reference.labels, accuracy, np.random.default_rng(seed)) - 1
    findings, _ = examine(tmp_path, course_file(reference.labels, prediction), reference)
    assert "0-based labels" in [finding.what for finding in findings]
    assert any("add +1" in finding.fix for finding in findings)


def test_zero_based_ground_truth_is_named(tmp_path, table, reference):
    table[["ground_truth", "prediction"]] -= 1
    names = whats(examine(tmp_path, table, reference))
    assert {"shifted ground truth", "0-based labels"} <= set(names)


@pytest.mark.parametrize("group", [1, 4, 7])
def test_constant_output_is_named(tmp_path, table, reference, group):
    table["prediction"] = group
    assert whats(examine(tmp_path, table, reference)) == ["constant output"]


def test_a_duplicate_row_is_named_and_scored_once(tmp_path, table, reference):
    table = pd.concat([table, table.iloc[[7]]])
    findings, scored = examine(tmp_path, table, reference)
    assert [finding.what for finding in findings] == ["duplicate clips"]
    assert table["VideoName"].iloc[7] in findings[0].evidence
    assert len(scored) == len(reference.labels)


def test_a_missing_clip_is_named(tmp_path, table, reference):
    findings, _ = examine(tmp_path, table.drop(index=3), reference)
    assert [finding.what for finding in findings] == ["missing clips"]
    assert f"1 of {len(table)}, first {table['VideoName'][3]}" in findings[0].evidence


def test_another_split_is_named(tmp_path, list_folder, reference, rng):
    valid = read_reference(list_folder / "valid_set_age_labels.csv")
    other = course_file(valid.labels, honest(valid.labels, 0.5, rng))
    findings, scored = examine(tmp_path, other, reference)
    assert findings[0].what == "clips of another split"
    assert f"{len(other)} are of valid" in findings[0].evidence
    assert scored is None


def test_extra_clips_are_named(tmp_path, table, reference):
    table.loc[0, "VideoName"] = "nobody_here.000.mp4"
    assert set(whats(examine(tmp_path, table, reference))) == {"extra clips", "missing clips"}


def test_contradicting_ground_truth_is_counted(tmp_path, table, reference):
    table.loc[:9, "ground_truth"] = table.loc[:9, "ground_truth"] % 7 + 1
    findings, _ = examine(tmp_path, table, reference)
    assert [finding.what for finding in findings] == ["ground truth contradicts the label list"]
    assert f"in 10 of {len(table)} rows" in findings[0].evidence


def with_probabilities(table, rng):
    p = rng.dirichlet(np.ones(7), len(table))
    chosen = table["prediction"].to_numpy() - 1
    rows = np.arange(len(p))
    largest = p.argmax(1)
    p[rows, largest], p[rows, chosen] = p[rows, chosen], p[rows, largest]
    table[P_COLUMNS] = p
    return table


def test_honest_probabilities_are_kept(tmp_path, table, reference, rng):
    findings, scored = examine(tmp_path, with_probabilities(table, rng), reference)
    assert findings == []
    assert set(P_COLUMNS) <= set(scored)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda t: t.assign(p3=t["p3"] + 0.5), "probabilities not normalised"),
        (lambda t: t.assign(p3=-0.1), "broken probabilities, not scored"),
        (lambda t: t.assign(p3=np.where(t.index == 5, np.nan, t["p3"])), "broken probabilities"),
        (
            lambda t: t.assign(
                **dict(zip(P_COLUMNS, t[P_COLUMNS[::-1]].to_numpy().T, strict=True))
            ),
            "prediction is not the argmax",
        ),
    ],
)
def test_wrong_probabilities_are_named(tmp_path, table, reference, rng, spoil, what):
    table = spoil(with_probabilities(table, rng))
    assert any(name.startswith(what) for name in whats(examine(tmp_path, table, reference)))


@pytest.mark.parametrize("quote", ['"', ""])
def test_bracketed_lists_are_read(tmp_path, table, reference, rng, quote):
    table = with_probabilities(table, rng)
    lines = ["VideoName,ground_truth,prediction,probabilities"]
    for row in table.itertuples(index=False):
        numbers = ", ".join(f"{value:.6f}" for value in row[3:])
        lines.append(f"{row[0]},{row[1]},{row[2]},{quote}[{numbers}]{quote}")
    path = tmp_path / "lists.csv"
    path.write_text("\n".join(lines))
    findings, scored = check_predictions(path, reference)
    assert findings == []
    np.testing.assert_allclose(scored[P_COLUMNS], table[P_COLUMNS], atol=1e-5)


def test_names_without_mp4_are_joined(tmp_path, table, reference):
    table["VideoName"] = table["VideoName"].str.removesuffix(".mp4")
    assert examine(tmp_path, table, reference).findings == []


def test_a_file_of_all_splits_is_scored_on_the_list_given(tmp_path, list_folder, reference, rng):
    tables = []
    for split in ("train", "valid", "test"):
        labels = read_reference(list_folder / f"{split}_set_age_labels.csv").labels
        tables.append(course_file(labels, honest(labels, 0.5, rng)).assign(split=split))
    findings, scored = examine(tmp_path, pd.concat(tables), reference)
    assert findings == []
    assert set(scored["VideoName"]) == set(reference.labels["VideoName"])


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty file"),
        (b"\xef\xbb\xbf\n,,\n", "empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a CSV file"),
        (b"VideoName,answer\na.mp4,3\n", "column missing: prediction"),
        (b"VideoName,ground_truth,prediction\n", "no rows"),
    ],
)
def test_what_cannot_be_scored_is_refused(tmp_path, reference, content, what):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    findings, scored = check_predictions(path, reference)
    assert scored is None
    assert [finding.what for finding in findings if finding.fatal] == [what]


@pytest.mark.parametrize(
    ("encoding", "separator", "what"),
    [("utf-16", ",", "wrong encoding"), ("utf-8", ";", "wrong separator")],
)
def test_what_can_be_overlooked_is_named_and_scored(
    tmp_path, table, reference, encoding, separator, what
):
    path = tmp_path / "odd.csv"
    table.to_csv(path, index=False, sep=separator, encoding=encoding)
    findings, scored = check_predictions(path, reference)
    assert [finding.what for finding in findings] == [what]
    assert len(scored) == len(reference.labels)

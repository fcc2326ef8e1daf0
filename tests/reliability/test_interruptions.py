"""A run that is killed, again and again, goes on and makes what a run left in peace makes."""

import json

import interruptions
import pytest


@pytest.mark.slow
def test_a_small_run_survives_each_signal(tmp_path):
    rows, faults = interruptions.interrupt(tmp_path, 3, toy=True)
    assert faults == []
    assert [row[4] for row in rows] == [[]] * len(rows)


@pytest.mark.slow
@pytest.mark.long
def test_the_report_survives_kills(tmp_path):
    rows, faults = interruptions.interrupt(tmp_path, 4, seed=1)
    assert faults == []
    assert [row[4] for row in rows] == [[]] * len(rows)


def test_what_differs_is_noticed_and_times_are_not(tmp_path):
    made = []
    for name, n, seconds in (("one", 1, 2.0), ("two", 1, 3.0), ("three", 2, 2.0)):
        folder = tmp_path / name / "runs" / "tiny" / "results"
        folder.mkdir(parents=True)
        record = {"n": n, "fits": [{"seconds": seconds}], "provenance": name}
        record["file"] = str(tmp_path / name / "cache" / "x.sqlite")
        (folder / "a.json").write_text(json.dumps(record))
        (folder / "times.json").write_text(str(seconds))
        made.append(interruptions.products(tmp_path / name))
    (folder / ".abcdefgh.json").write_text("{")  # cut off by a kill
    assert interruptions.products(tmp_path / "three").keys() == {"a.json"}
    assert interruptions.differences(made[0], made[1]) == []
    assert interruptions.differences(made[0], made[2]) == ["a.json"]
    assert interruptions.differences(made[0], {}) == ["a.json"]


@pytest.mark.parametrize(
    ("said", "polite"),
    [
        ("mmage: interrupted; ./run_all.sh --run x goes on where it stopped.\n", True),
        ("mmage: interrupted.\n", False),
        ("", False),
        ("Traceback\nmmage: interrupted; ./run_all.sh goes on where it stopped.\n", False),
    ],
)
def test_politeness_is_one_line(said, polite):
    assert interruptions.is_polite(said) is polite

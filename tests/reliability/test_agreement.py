"""The same answers on other machines: what may differ is learnt, and differs little."""

import os
import subprocess
import sys

import agreement
import numpy as np
import pytest

from mmage_utils.data.provenance import describe_machine
from mmage_utils.files import ROOT
from mmage_utils.models.device import has_bfloat16
from mmage_utils.sample.large_lists import write_lists

EVALUATE = "import sys; from mmage_utils.cli import app; app(['evaluate', *sys.argv[1:]])"


@pytest.mark.slow
def test_small_runs_agree_and_a_difference_is_a_fault(tmp_path, monkeypatch):
    table, faults = agreement.agree(tmp_path, toy=True)
    assert faults == []
    assert table.empty  # the two small notebooks predict nothing
    expected = agreement.counted(tmp_path / "0")
    assert set(expected) == {"a.json", "toy.sqlite"}
    results = tmp_path / "1" / "runs" / "tiny" / "results" / "a.json"
    results.write_text(results.read_text().replace("20000", "20001"))
    assert agreement.counted(tmp_path / "1") != expected


@pytest.mark.slow
@pytest.mark.long
def test_the_report_agrees(tmp_path):
    table, faults = agreement.agree(tmp_path)
    assert faults == []
    assert table.groupby("setting").size().min() > 20


def test_how_far_two_tables_are_apart(tabled):
    table = tabled([4, 5, 4, 5], [4, 5, 5, 5])
    assert set(agreement.compare(table, table.sample(frac=1, random_state=0)).values()) == {0.0}
    other = table.copy()
    columns = agreement.COLUMNS
    other.loc[0, columns] = np.roll(table.loc[0, columns], 1)
    other.loc[0, "prediction"] = 5
    apart = agreement.compare(table, other)
    assert apart["p"] == pytest.approx(0.93)
    assert apart["changed"] == apart["accuracy"] == 0.25


def test_scores_of_given_predictions_are_the_same_on_any_number_of_threads(tmp_path):
    folder, said = tmp_path / "lists", []
    write_lists(folder, 3_000)
    for threads in ("1", "2"):
        command = [sys.executable, "-c", EVALUATE, folder / "predictions.csv", folder]
        card = tmp_path / f"{threads}.json"
        subprocess.run(
            [*map(str, command), "--json", str(card)],
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": threads},
            capture_output=True, check=True,
        )  # fmt: skip
        said.append(card.read_bytes())
    assert said[0] == said[1]
    assert b"balanced" in said[0]


def test_float32_is_kept_to_where_it_is_asked_for(monkeypatch):
    monkeypatch.setenv("MMAGE_FLOAT32", "1")
    describe_machine.cache_clear()
    assert has_bfloat16() is False
    assert describe_machine()["float32"] is True
    monkeypatch.setenv("MMAGE_FLOAT32", "0")
    describe_machine.cache_clear()
    assert describe_machine()["float32"] is False

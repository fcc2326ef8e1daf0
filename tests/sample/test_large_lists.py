"""Label lists of any size, and predictions that can be scored."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from mmage_utils.cli import app
from mmage_utils.data.clips import read_clips
from mmage_utils.errors import DataError, UsageError
from mmage_utils.sample.large_lists import copy_labels, write_lists


def test_copies_have_the_groups_of_the_lists_and_users_of_their_own():
    labels = copy_labels(25_000)
    assert len(labels) == labels["VideoName"].nunique() == 25_000
    users = labels.drop_duplicates("UserID")
    assert len(users) > 2 * 3_060
    first, second = labels[:10_000], labels[10_000:20_000]
    assert not set(first["UserID"]) & set(second["UserID"])
    columns = ["AgeGroup", "Gender", "Ethnicity", "split"]
    pd.testing.assert_frame_equal(first[columns], second[columns].reset_index(drop=True))
    assert set(labels[20_000:]["split"]) == {"train", "valid", "test"}


def test_lists_are_read_and_their_predictions_scored_alike_from_both_files(tmp_path):
    folder = tmp_path / "lists"
    write_lists(folder, 3_000, seed=4)
    assert len(read_clips(folder)) == 3_000
    run, out = CliRunner(), tmp_path / "card.json"
    cards = []
    for name in ("predictions.csv", "predictions.parquet"):
        result = run.invoke(app, ["evaluate", str(folder / name), str(folder), "--json", str(out)])
        assert result.exit_code == 0, result.output
        cards.append(out.read_text())
    assert cards[0] == cards[1]


def test_nothing_is_overwritten_and_few_clips_are_no_lists(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DataError, match="not empty"):
        write_lists(tmp_path, 1_000)
    with pytest.raises(UsageError, match="100 clips or more"):
        write_lists(tmp_path / "new", 10)

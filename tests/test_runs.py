"""Files are written whole, results survive JSON, and synthetic figures say so."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmage_utils import files, runs
from mmage_utils.errors import DataError


def test_file_is_kept_and_nothing_left_behind_when_writing_fails(tmp_path):
    path = tmp_path / "out" / "table.csv"
    files.write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        files.write_text(path, "half \ud800")
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["table.csv"]


def test_file_appears_only_when_it_is_whole_and_readable_by_all(tmp_path):
    path = tmp_path / "table.csv"
    with files.whole(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.suffix == ".csv"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_figure_says_so_once(run, synthetic):
    run = run._replace(synthetic=synthetic)
    figure, axes = plt.subplots(2, 2)
    drawn = {"figure": figure, "axes": axes[0, 0], "row": axes[0], "grid": axes, "list": [*axes[1]]}
    for name, what in drawn.items():
        runs.save_figure(run, what, name)
    assert [text.get_text() for text in figure.texts] == [run.data] * synthetic
    for name in drawn:
        with Image.open(run.folder / "figures" / f"{name}.png") as image:
            assert image.format == "PNG"
            assert image.width > 300


def test_a_page_that_names_its_data_gets_no_label_and_is_svg_too(run):
    figure = plt.figure(figsize=(6, 3))
    title = figure.text(0.5, 0.9, f"Summary ({run.data})")
    runs.save_figure(run, figure, "summary", page=True)
    assert figure.texts == [title]
    assert run.data in (run.folder / "figures" / "summary.svg").read_text()
    with Image.open(run.folder / "figures" / "summary.png") as image:
        assert image.size == (6 * runs.DPI, 3 * runs.DPI)


def test_saved_figures_have_twice_the_pixels_of_the_screen(run):
    figure, ax = plt.subplots(figsize=(5, 3), dpi=96)
    ax.plot([1, 3, 2])
    runs.save_figure(run, figure, "a_line")
    with Image.open(run.folder / "figures" / "a_line.png") as image:
        assert image.width == pytest.approx(2 * 5 * 96, rel=0.1)


def test_same_figure_gives_the_same_bytes(run):
    for name in ("first", "second"):
        figure, ax = plt.subplots()
        ax.plot([1, 3, 2])
        runs.save_figure(run, figure, name)
    paths = (run.folder / "figures" / f"{name}.png" for name in ("first", "second"))
    first, second = (path.read_bytes() for path in paths)
    assert first == second


def test_results_are_read_back_as_plain_values(run):
    runs.save_results(
        run,
        "g",
        {
            "n": np.int64(3),
            "share": np.float32(0.5),
            "right": np.bool_(True),
            "none": [float("nan"), np.inf, None],
            "array": np.array([[1, 2], [3, 4]]),
            "column": pd.Series([1.5, np.nan], index=["7-13", "61+"]),
            "table": pd.DataFrame({"clips": [1, 2]}, index=["a", "b"]),
            "pair": (1, 2),
            4: {"nested": {np.int64(5): np.array([np.nan])}},
            "rows": pd.DataFrame({"clips": [1, 2]}, index=[3, 7]),
        },
        headline="h",
    )
    results = runs.load_results(run, "g", "07_multimodal_fusion")
    assert results == {
        "run": "test",
        "data": "synthetic sample, seed 0",
        "synthetic": True,
        "headline": "h",
        "n": 3,
        "share": 0.5,
        "right": True,
        "none": [None, None, None],
        "array": [[1, 2], [3, 4]],
        "column": {"7-13": 1.5, "61+": None},
        "table": {"a": {"clips": 1}, "b": {"clips": 2}},
        "rows": [{"clips": 1}, {"clips": 2}],
        "pair": [1, 2],
        "4": {"nested": {"5": [None]}},
    }
    assert "NaN" not in (run.folder / "results" / "g.json").read_text()


def test_missing_results_name_the_notebook_to_run(run):
    with pytest.raises(DataError, match=r"results/b\.json is missing: .*02_image_classifier.*02"):
        runs.load_results(run, "b", "02_image_classifier")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "/tmp/x", "a/"])
def test_run_names_that_are_not_plain_folder_names_are_refused(name, lists):
    with pytest.raises(DataError, match="must be a plain folder name"):
        runs.open_run(name, lists)


def test_run_knows_its_data(lists, sample):
    run, clips = runs.open_run("full", lists)
    assert (run.data, run.synthetic, len(clips)) == ("First Impressions", False, 9)
    assert run.folder == files.ROOT / "runs" / "full"
    run, clips = runs.open_run("sample", sample, n_clips=160, seed=0)
    assert (run.data, run.synthetic, len(clips)) == ("synthetic sample, seed 0", True, 10_000)


def test_missing_data_are_refused_unless_a_sample_is_asked_for(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        runs.open_run("full", tmp_path / "nowhere")


def test_digest_depends_on_content_order_and_grouping():
    assert files.digest("a", [b"b", np.arange(3)]) == files.digest("a", iter([b"b", np.arange(3)]))
    others = (("a", "b"), ("b", "a"), ("ab",), ("a", "b", ""), (["a"], "b"), (["a", "b"],))
    assert len({files.digest(*parts) for parts in others}) == len(others)
    assert files.digest(np.zeros(2)) == files.digest(np.zeros(4)[::2]) != files.digest(np.ones(2))


def test_committed_results_are_those_of_the_same_data(run):
    assert runs.committed_results(run, "b_seeds") is None
    path = files.ROOT / "figures" / "seeds" / "b_seeds.json"
    files.save_json(path, {"data": run.data, "trainings": 5})
    assert runs.committed_results(run, "b_seeds")["trainings"] == 5
    assert runs.committed_results(run._replace(data="First Impressions"), "b_seeds") is None
    opened = [run._replace(provenance={"fingerprint": content}) for content in ("whole", "tiny")]
    # What does not say what its data held is not known to be of these.
    assert [runs.committed_results(one, "b_seeds") for one in opened] == [None, None]
    origin = {"fingerprint": "whole"}
    files.save_json(path, {"data": run.data, "trainings": 5, "provenance": origin})
    whole, tiny = (runs.committed_results(one, "b_seeds") for one in opened)
    assert (whole["trainings"], tiny) == (5, None)


def test_the_committed_trainings_are_of_the_sample_of_the_committed_run():
    record = json.loads((files.ROOT / "figures" / "seeds" / "b_seeds.json").read_text())
    card = (files.ROOT / "figures" / "sample" / "MODEL_CARD.md").read_text()
    assert f"fingerprint {record['provenance']['fingerprint']}" in card
    assert record["provenance"]["seed"] == 0


def test_a_sample_of_another_version_is_named_and_kept(run, tmp_path):
    folder = tmp_path / "data"
    files.save_json(folder / "synthetic.json", {"format": 1, "clips": 160, "seed": 0})
    with pytest.raises(DataError, match="data is a sample of another version of mmage: remove it"):
        runs.open_run("test", "data", n_clips=160)
    assert (folder / "synthetic.json").is_file()


def test_a_long_note_takes_lines_and_never_runs_into_its_neighbour(run):
    figure = plt.figure(figsize=(7, 4))
    networks = ", ".join(f"network {k} (Apache-2.0, 53aa5{k}17)" for k in range(6))
    for _ in range(2):  # saved again, it is not written again
        runs.save_figure(run, figure, "x", about=f"test: 3 clips of 2 users; {networks}")
    figure.canvas.draw()  # to measure what is drawn
    data, note = sorted(figure.texts, key=lambda text: len(text.get_text()))
    assert note.get_text().replace("\n", " ").endswith(networks)
    assert note.get_window_extent().x1 < data.get_window_extent().x0
    assert note.get_window_extent().x1 <= figure.bbox.x1


def test_what_is_shown_is_written_below_a_figure(run):
    figure = plt.figure()
    runs.save_figure(run, figure, "x", about="image, corrected; test: 3 clips of 2 users")
    texts = [text.get_text() for text in figure.texts]
    assert "image, corrected; test: 3 clips of 2 users" in texts
    assert run.data in texts

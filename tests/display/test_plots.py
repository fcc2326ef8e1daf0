"""Every figure returns its axes, and what is drawn are the numbers."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from mmage_utils import runs
from mmage_utils.data.labels import AGE_GROUPS, ATTRIBUTES, SPLITS
from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.display import data_tables, plots
from mmage_utils.display.plots.style import AGE_COLOURS, ANSWER_COLOURS
from mmage_utils.features.voices.definition import FEATURES
from mmage_utils.models import class_balance
from mmage_utils.scores.groups import accuracy_by
from mmage_utils.scores.metrics import confusion

ALL_AGES = [19, 254, 2069, 4953, 2259, 361, 85]
SCORES = pd.DataFrame(
    {"model": ["image, baseline", "audio"], "value": [0.55, 0.49], "low": [0.5, 0.44]}
).assign(high=[0.62, 0.51], constant=0.48)


def _heights(ax):
    return [[bar.get_height() for bar in bars] for bars in ax.containers if len(bars)]


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def _names(ax):
    return [label.get_text().replace("\n", "") for label in ax.get_xticklabels()]


def _line(ax, label):
    return next(line for line in ax.get_lines() if line.get_label() == label)


@pytest.fixture
def faces(rng):
    return rng.integers(0, 256, (20, 3, 12, 12), dtype=np.uint8)


@pytest.fixture
def samples():
    return np.sin(2 * np.pi * 200 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)


@pytest.fixture
def predicted(rng, tabled):
    return tabled(rng.integers(2, 7, 60), rng.integers(3, 6, 60))


@pytest.mark.parametrize(
    ("column", "expected"),
    [("AgeGroup", ALL_AGES), ("Gender", [4544, 5456]), ("Ethnicity", [336, 8590, 1074])],
)
def test_bars_of_a_label_are_its_counts(labels, column, expected):
    ax = plots.plot_counts(labels, column)
    assert _heights(ax) == [expected]
    assert _texts(ax) == [f"{count:,}" for count in expected]
    assert _names(ax) == list(ATTRIBUTES[column].values())


def test_label_panels_have_a_row_a_table_and_can_be_saved(labels, run):
    axes = plots.plot_label_panels({"all": labels, "train": labels[labels["split"] == "train"]})
    assert axes.shape == (2, 3)
    assert [ax.get_title() for ax in axes[:, 0]] == ["all", "train"]
    runs.save_figure(run, axes, "a_histograms")
    assert (run.folder / "figures" / "a_histograms.png").is_file()


def test_figures_draw_on_the_axes_given(labels, tabled):
    left, right = plt.subplots(1, 2)[1]
    assert plots.plot_counts(labels, "Gender", ax=left) is left
    assert plots.plot_age_distribution(tabled([1], [2]), ax=right) is right
    assert len(plt.get_fignums()) == 1


def test_grouped_bars_are_the_counts_of_each_group(labels):
    ax = plots.plot_grouped_counts(labels, "AgeGroup", "Gender")
    assert np.sum(_heights(ax), axis=0).tolist() == ALL_AGES
    assert np.sum(_heights(ax), axis=1).tolist() == [4544, 5456]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Male", "Female"]
    by_split = plots.plot_grouped_counts(labels, "Gender", "split")
    assert _heights(by_split) == [[2684, 3322], [946, 1073], [914, 1061]]


def test_category_left_out_is_not_drawn(labels):
    ax = plots.plot_grouped_counts(labels, "AgeGroup", "Ethnicity", leave_out=["Caucasian"])
    assert np.sum(_heights(ax), axis=1).tolist() == [336, 1074]
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["Asian", "African-American"]


def test_augmented_bars_are_stacked_with_their_totals(labels):
    plan = class_balance.plan_augmentation(labels[labels["split"] == "train"])
    ax = plots.plot_augmented(plan)
    assert _heights(ax)[1] == _heights(ax)[2] == [10, 164, 0, 0, 0, 232, 51]
    assert [bar.get_y() for bar in ax.containers[2]] == [20, 328, 1264, 2932, 1353, 464, 102]
    assert _texts(ax) == ["30", "492", "1,264", "2,932", "1,353", "696", "153"]


def test_styled_table_is_the_reports(labels):
    html = data_tables.style_age_table(data_tables.age_table(labels)).to_html()
    cells = re.findall(r"<td id=\"(\w+)\"[^>]*>(.*?)</td>", html)
    shown = [re.sub(r"<[^u/][^>]*>|</span>", "", text) for _, text in cells]
    assert shown[:3] == ["<u>14</u> (+0%)", "<u>228</u> (+0%)", "<u>1,885</u> (+0%)"]
    assert shown[7:14] == [
        "5 (-64%)", "11 (-95%)", "112 (-94%)", "563 (-87%)", "345 (-81%)", "33 (-90%)", "5 (-94%)"
    ]  # fmt: skip
    assert shown[14:17] == ["0 (-100%)", "15 (-93%)", "72 (-96%)"]
    assert sum("<u>" in text for text in shown) == 7
    assert cells[7][1] == '5 <span style="color:#666666">(-64%)</span>'
    yellow = re.search(r"((?:#\w+,?\s*)+)\{\s*background-color: #ffe94d", html)[1]
    empty = {f"#{name}" for (name, _), text in zip(cells, shown, strict=True) if text[0] == "0"}
    assert set(re.findall(r"#\w+", yellow)) == empty
    assert len(empty) == 3


def test_table_split_by_gender_has_a_baseline_within_each(labels):
    by_gender = {
        name: data_tables.age_table(labels[labels["Gender"] == code])
        for code, name in ATTRIBUTES["Gender"].items()
    }
    html = data_tables.style_age_table(by_gender).to_html()
    assert html.count("<u>") == 14
    assert "390 <span" in html
    assert re.search(r"390 <span[^>]*>\(-84%\)", html)
    assert re.search(r"101 <span[^>]*>\(-89%\)", html)


def test_curves_are_the_history_with_the_chosen_epoch():
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "train_loss": [3, 2, 1], "valid_loss": [3.0, 2.5, 2.6],
         "train_accuracy": [0.1, 0.5, 0.9], "valid_accuracy": [0.1, 0.4, 0.3]}
    )  # fmt: skip
    axes = plots.plot_curves({"history": history, "best_epoch": 2}, constant=0.42, title="t")
    assert len(axes) == 2
    for ax, quantity in zip(axes, ("loss", "accuracy"), strict=True):
        for split in ("train", "valid"):
            assert list(_line(ax, split).get_ydata()) == list(history[f"{split}_{quantity}"])
        assert list(_line(ax, "chosen epoch, 2").get_xdata()) == [2, 2]
    assert list(_line(axes[1], "constant predictor, valid").get_ydata()) == [0.42, 0.42]


def test_accuracy_bars_have_counts_intervals_and_reference_lines(tabled):
    truth = [3] * 20 + [4] * 12 + [5] * 2
    table = tabled(truth, [3] * 15 + [4] * 17 + [5, 4])
    by_age = accuracy_by(table.assign(Gender=1, Ethnicity=1), "AgeGroup", majority=3)
    ax = plots.plot_accuracy_bars(by_age, "AgeGroup")
    # Two users are too few for a bar.
    assert [bar.get_height() for bar in ax.patches] == [0, 0, 0.75, 1, 0, 0, 0]
    assert [text.split("\n")[0] for text in _texts(ax)] == [
        "0/0", "0/0", "15/20", "12/12", "1/2", "0/0", "0/0"
    ]  # fmt: skip
    assert _texts(ax)[4] == "1/2\n2 users"
    *intervals, constants = ax.collections
    segments = [part for lines in intervals for part in lines.get_segments()]
    expected = by_age.loc[["19-24", "25-32"], ["low", "high"]]
    assert np.array(segments)[:, :, 1] == pytest.approx(expected.to_numpy())
    # The constant predictor is right for all clips of its own group, and for no others.
    marked = [part for part in constants.get_segments() if len(part)]
    assert {round(part[:, 0].mean()): part[0, 1] for part in marked} == {2: 1, 3: 0, 4: 0}
    assert _line(ax, "chance").get_ydata()[0] == pytest.approx(1 / 7)


def test_confusion_shows_counts_and_shares(predicted):
    matrix = confusion(predicted)
    ax = plots.plot_confusion(matrix)
    assert [int(text) for text in _texts(ax)] == matrix.ravel().tolist()
    share = ax.collections[0].get_array().reshape(7, 7)
    assert share.sum(1).tolist() == pytest.approx([0, 1, 1, 1, 1, 1, 0])
    assert _names(ax) == list(AGE_GROUPS.values())


def test_intervals_are_drawn_around_the_values():
    ax = plots.plot_intervals(SCORES, ceiling=0.8)
    lines = [line.get_xdata() for line in ax.get_lines()]
    assert [list(line) for line in lines[:4]] == [[0.5, 0.62], [0.55], [0.44, 0.51], [0.49]]
    assert _line(ax, "constant predictor").get_xdata()[0] == 0.48
    assert _line(ax, "ideal observer").get_xdata()[0] == 0.8
    assert [label.get_text() for label in ax.get_yticklabels()] == list(SCORES["model"])
    assert _texts(ax) == ["55.0%", "49.0%"]
    assert ax.yaxis_inverted()


def test_age_distribution_counts_truth_and_prediction(predicted):
    ax = plots.plot_age_distribution(predicted)
    matrix = confusion(predicted)
    assert _heights(ax) == [matrix.sum(1).tolist(), matrix.sum(0).tolist()]


def test_faces_are_shown_in_their_order_with_titles_and_colours(faces):
    axes = plots.plot_faces(faces[:3], ["a", "b", "c"], columns=2, colours=["r", "g", "b"])
    assert len(axes) == 4
    for ax, face, title in zip(axes, faces, "abc", strict=False):
        np.testing.assert_array_equal(ax.images[0].get_array(), face.transpose(1, 2, 0))
        assert ax.get_title() == title
    assert axes[1].title.get_color() == "g"
    assert not axes[3].images


def test_age_examples_show_a_face_of_every_group_that_occurs(faces):
    clips = pd.DataFrame({"AgeGroup": [1, 3, 4, 7] * 5})
    axes = plots.plot_age_examples(faces, clips, per_group=2)
    assert [ax.get_title() for ax in axes] == ["7-13", "19-24", "25-32", "61+"] * 2


def test_augmented_faces_stand_beside_their_original(faces):
    axes = plots.plot_augmentations(faces[0], n=3)
    assert len(axes) == 16
    assert {ax.get_title() for ax in axes[::4]} == {"original"}
    assert [ax.get_title() for ax in axes[1::4]] == [
        *("flip, by the text", "flip, by the code"),
        *("mixed, by the text", "mixed, by the code"),
    ]
    flipped = np.asarray(axes[1].get_images()[0].get_array())
    np.testing.assert_array_equal(flipped, faces[0].transpose(1, 2, 0)[:, ::-1])


def test_answers_say_truth_and_prediction_in_the_colour_of_right_and_wrong(faces, tabled):
    table = tabled([3] * 10 + [4] * 10, [3] * 16 + [4] * 4)
    axes = plots.plot_answers(faces, table, n=8)
    titles = [ax.get_title() for ax in axes]
    assert sum("\n" in title for title in titles) == 8
    assert titles[4] == "is 25-32\nsays 19-24, 94%"
    colours = [ax.title.get_color() for ax in axes]
    assert colours == [ANSWER_COLOURS[True]] * 4 + [ANSWER_COLOURS[False]] * 4


def test_text_map_has_a_panel_a_split_and_all_points(rng):
    clips = pd.DataFrame({"split": np.repeat(SPLITS, [30, 20, 10]), "AgeGroup": [3, 4, 7] * 20})
    points = {split: rng.normal(size=(n, 2)) for split, n in zip(SPLITS, (30, 20, 10), strict=True)}
    axes = plots.plot_text_map(points, clips)
    assert [ax.get_title() for ax in axes] == [
        "train, 30 clips",
        "valid, 20 clips",
        "test, 10 clips",
    ]
    for ax, split in zip(axes, SPLITS, strict=True):
        drawn = {
            to_hex(part.get_facecolor()[0]): len(part.get_offsets())
            for part in ax.collections
            if len(part.get_offsets())
        }
        here = clips.loc[clips["split"] == split, "AgeGroup"].map(AGE_GROUPS).map(AGE_COLOURS)
        assert drawn == here.value_counts().to_dict()


def test_the_legend_of_the_map_covers_neither_axes_nor_the_note(rng, tmp_path):
    clips = pd.DataFrame({"split": np.repeat(SPLITS, [30, 20, 10]), "AgeGroup": [3, 4, 7] * 20})
    points = {split: rng.normal(size=(n, 2)) for split, n in zip(SPLITS, (30, 20, 10), strict=True)}
    plots.use_style()
    axes = plots.plot_text_map(points, clips)
    figure, places = axes[0].figure, []
    note = figure.text(0.005, -0.01, "a note below the figure " * 4, va="top", fontsize=8)
    parts = [note, *axes]
    # Where they are in a picture that is cut to what is drawn: asked while it is drawn.
    figure.legends[0].draw = lambda renderer: places.append(
        [part.get_window_extent(renderer).frozen() for part in (figure.legends[0], *parts)]
    )
    figure.savefig(tmp_path / "map.png", bbox_inches="tight")
    legend, *others = places[-1]
    assert not any(legend.overlaps(other) for other in others)


def test_waveform_is_drawn_over_seconds(samples):
    (line,) = plots.plot_waveform(samples, SAMPLE_RATE).get_lines()
    np.testing.assert_array_equal(line.get_ydata(), samples)
    assert line.get_xdata()[-1] == pytest.approx(1, abs=1e-3)


def test_raw_and_scaled_waveforms_share_the_time(samples):
    raw = np.repeat((samples * 32767).astype(np.int16), 2)
    top, bottom = plots.plot_raw_and_scaled(raw, 16000, samples)
    assert np.abs(top.get_lines()[0].get_ydata()).max() > 30000
    assert top.get_title() == "file, 16 kHz"
    ends = [ax.get_lines()[0].get_xdata()[-1] for ax in (top, bottom)]
    assert ends[0] == pytest.approx(ends[1], abs=1e-3)


def test_denoised_waveform_is_overlaid_and_alone(samples):
    axes = plots.plot_denoised(samples, samples / 2)
    assert [len(ax.get_lines()) for ax in axes] == [2, 1, 1]
    np.testing.assert_array_equal(axes[2].get_lines()[0].get_ydata(), samples / 2)


def test_trimmed_parts_are_shaded(samples):
    ax = plots.plot_trimmed(samples, 800, 6000)
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
    assert spans == [pytest.approx((0, 0.1)), pytest.approx((0.75, 1))]


def test_onsets_are_lines_at_their_times(samples):
    ax = plots.plot_onsets(samples, [0.2, 0.7], title="t")
    segments = np.array(ax.collections[0].get_segments())
    assert segments[:, :, 0].tolist() == [[0.2, 0.2], [0.7, 0.7]]


def test_f0_is_drawn_over_a_spectrogram_that_is_loudest_there(samples):
    times, f0 = np.linspace(0, 1, 20), np.full(20, 200.0)
    ax = plots.plot_f0(samples, times, f0)
    np.testing.assert_array_equal(_line(ax, "f0").get_ydata(), f0)
    mesh = ax.collections[0]
    power = np.asarray(mesh.get_array()).reshape(257, -1)
    loudest = mesh.get_coordinates()[power[:, 20].argmax(), 20, 1]
    assert loudest == pytest.approx(200, abs=SAMPLE_RATE / 512)
    assert ax.get_ylim() == (0, 1500)


def test_features_have_a_panel_each_with_train_clips_only(rng):
    names = [f"{k}.mp4" for k in range(60)]
    clips = pd.DataFrame(
        {"VideoName": names, "AgeGroup": [3, 4, 5] * 20, "split": ["train", "test"] * 30}
    ).assign(Gender=[1, 1, 2, 2] * 15)
    features = pd.DataFrame(rng.normal(size=(60, 7)), columns=FEATURES).assign(VideoName=names)
    features.loc[1::2, "tempo"] = 99.0  # test clips
    axes = plots.plot_feature_distributions(features[::-1], clips)
    assert len(axes) == 8
    assert [ax.get_title() for ax in axes[:7]] == [name.replace("_", " ") for name in FEATURES]
    tempo = axes[FEATURES.index("tempo")]
    assert _names(tempo) == list(AGE_GROUPS.values())
    # Boxes of age groups without clips are lines of NaN.
    heights = np.concatenate([line.get_ydata() for line in tempo.get_lines()])
    assert 0 < np.nanmax(heights) < 10


def test_frontier_marks_the_points_chosen_on_valid():
    frontier = pd.DataFrame(
        {"tau": [0, 0.5, 1], "accuracy": [0.6, 0.55, 0.4], "balanced accuracy": [0.3, 0.4, 0.45]}
    )
    points = {"accuracy": 0.0, "balanced accuracy": 1.0}
    ax = plots.plot_frontier({"valid": frontier, "test": frontier}, points, constant=0.5)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "best accuracy on valid, tau +0.00" in texts
    assert "best balanced accuracy on valid, tau +1.00" in texts
    assert ax.get_xlabel() == "accuracy"


def test_maps_stand_below_their_faces():
    faces = np.zeros((3, 3, 8, 8), np.uint8)
    table = pd.DataFrame({"ground_truth": [1, 4, 7], "prediction": [1, 5, 7]})
    axes = plots.plot_maps(faces, np.random.default_rng(0).normal(0, 1, (3, 8, 8)), table)
    assert axes.shape == (2, 3)
    assert axes[0, 1].get_title() == "is 25-32\nsays 33-45"
    assert axes[0, 0].title.get_color() != axes[0, 1].title.get_color()


def test_strength_has_a_bar_a_feature():
    columns = [f"mutual information, {label} (bits)" for label in ("age group", "gender")]
    strength = pd.DataFrame(0.1, index=["words_per_second", "f0_mean"], columns=columns)
    axes = plots.plot_strength(strength)
    assert [len(ax.patches) for ax in axes] == [2, 2]

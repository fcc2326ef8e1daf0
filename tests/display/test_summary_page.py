"""The summary: its page and every sentence of notebook 09 follow the results of the run."""

import ast
import json
import re

import matplotlib
import nbformat
import pandas as pd
import pytest
from helpers.experts import PRIOR, draw_experts

from mmage_utils import runs
from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import notebook, plots, published
from mmage_utils.display.summary_page import NETWORK_OF, gather
from mmage_utils.errors import DataError
from mmage_utils.files import ROOT as REPOSITORY
from mmage_utils.fusion import late_fusion, verdicts
from mmage_utils.models import networks, recipes
from mmage_utils.report.notebook_reader import is_exercise
from mmage_utils.scores import comparison, evaluation

NOTEBOOKS = {path.name[:2]: path for path in (REPOSITORY / "notebooks").glob("0*.ipynb")}
FROM_06 = ("06", "07", "08", "09")


ROUTES = [{"route": "head", "chosen": True}, {"route": "network", "chosen": False}]
BASELINE, STRATEGY, CORRECTED = (
    f"image, {name}" for name in ("published baseline", "published strategy", "corrected")
)


@pytest.fixture(scope="module")
def results():
    """Results of notebooks 02 to 08 as they would be for three experts drawn by hand."""
    tables, _ = draw_experts(5)
    whole = {}
    for name, table in tables.items():
        train = table[table["split"] == "valid"].assign(split="train")
        train["VideoName"] = "train " + train["VideoName"]
        whole[name] = pd.concat([train, table])
    fitted = late_fusion.fit_fusion(tables, PRIOR, penalties=[0.1])
    whole["fusion"] = late_fusion.apply_fusion(fitted, whole)
    labels = {"image": "image, published strategy", "fusion": "fusion, published sum"}
    labels |= {name: f"{name}, published" for name in ("audio", "text")}
    models = {labels[name]: table for name, table in whole.items()}
    models |= {f"{name}, corrected": table for name, table in whole.items()}
    scores = evaluation.score_models(models, majority=4)
    test = {name: table[table["split"] == "test"] for name, table in whole.items()}
    gap = comparison.difference(test["fusion"], test["image"])
    metrics = ("accuracy", "balanced_accuracy")
    gaps = {
        names: comparison.differences(
            dict(zip(names, test.values(), strict=False)), [names], metrics
        )
        for names in ((CORRECTED, BASELINE), (STRATEGY, BASELINE))
    }
    over_seeds = comparison.seed_differences([test["fusion"]], [test["image"]], metrics)
    row = over_seeds.iloc[0].to_dict()
    best = evaluation.score_models(test, majority=4)

    def scored(*names):
        named = dict.fromkeys(names, whole["fusion"])
        return evaluation.score_models(named, majority=4, units=("clip", "user"))

    return {
        "b_baseline": {
            "corrected_size": 160,
            "chosen_gaps": {BASELINE: over_seeds},
            "routes": ROUTES,
        },
        "c_strategy": {
            "weights": "none",
            "scores": scored(BASELINE, STRATEGY),
            "gaps": gaps[STRATEGY, BASELINE],
            "copies": {
                name: {"original": 9, "flip": 4, "mixed": 4} for name in AGE_GROUPS.values()
            },
        },
        "d_aggregation": {
            "scores": scored(f"{BASELINE}: each clip", f"{BASELINE}: clips added up"),
            "gains_per_clip": {BASELINE: gap},
        },
        "f_words": {"model": {"name": "minilm", "layers": 6, "width": 384}},
        "g_fusion": {
            "scores": scores,
            "ceilings": best,
            "gain_over_best_alone": gap,
            "single": "image, corrected",
            "gaps": [{"model": "fusion, corrected", "other": "fusion, published sum", **row}],
            "text_model": "minilm",
            "thin": pd.DataFrame({"users": [2], "weight": [1 / 7]}, index=["7-13"]),
            "routes": {"audio, corrected": ROUTES, "text, corrected": ROUTES},
        },
        "h_ablation": {
            "scores": evaluation.select(scored(*published.FUSION), unit="clip"),
            "chosen": fitted.record(),
            "chosen_score": evaluation.select(scored("fusion, corrected"), unit="clip"),
            "verdicts": verdicts.judge_modalities([fitted], [tables], draws=200),
        },
    }


def the_row(rows, where):
    """The row of a saved table that has the values asked for."""
    (row,) = [row for row in rows if where.items() <= row.items()]
    return row


ACCURACY = {"split": "test", "metric": "accuracy"}
BALANCED = {"split": "test", "metric": "balanced_accuracy"}
AUDIO, TEXT = {"model": "audio, published"}, {"model": "text, published"}


@pytest.fixture
def execute_09(run, clips, results, monkeypatch):
    """Function that executes notebook 09 on the results, one value changed; returns its text."""
    heads = {"audio": networks.acoustic_mlp(8), "text": networks.text_head(384)}
    heads["image"] = networks.text_head(512)
    weights = {NETWORK_OF[name]: head.state_dict() for name, head in heads.items()}
    monkeypatch.setattr(recipes, "load_weights", lambda _, name, notebook: weights[name])
    monkeypatch.setattr(runs, "open_run", lambda *_, **__: (run, clips))
    page = nbformat.read(NOTEBOOKS["09"], 4)
    code = [cell.source for cell in page.cells if cell.cell_type == "code"]

    def execute(*path, value=None):
        for task, record in results.items():
            runs.save_results(run, task, record, headline="")
        if path:
            task, *keys, last = path
            file = run.folder / "results" / f"{task}.json"
            record = json.loads(file.read_text())
            place = record
            for key in keys:
                place = the_row(place, key) if isinstance(key, dict) else place[key]
            place[last] = value
            file.write_text(json.dumps(record))
        texts, names = [], {}
        monkeypatch.setattr(notebook, "say", texts.append)
        for source in code:
            exec(source, names)
        return "\n".join(texts)

    with matplotlib.rc_context():  # the notebook sets the style of all figures
        yield execute


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("g_fusion", "scores", AUDIO | ACCURACY, "value"), 0.123, "for 12.3% of"),
        (("g_fusion", "scores", TEXT | ACCURACY, "clips"), 4321, "of 4,321 clips"),
        (("g_fusion", "scores", TEXT | BALANCED, "value"), 0.987, "98.7%"),
        (("g_fusion", "ceilings", {"model": "text"} | ACCURACY, "value"), 0.891, "for 89.1%"),
        (("g_fusion", "gain_over_best_alone", "value"), 0.345, r"\*\*Fusion.\*\* .*34.5 points"),
        (("g_fusion", "single"), "smell, corrected", "smell, corrected alone"),
        (
            ("b_baseline", "chosen_gaps", BASELINE, {"metric": "accuracy"}, "high"),
            0.222,
            "to .22.2",
        ),
        (("d_aggregation", "gains_per_clip", BASELINE, "value"), -0.321, r"\*\*Test str.* .*-32.1"),
        (
            ("h_ablation", "verdicts", {"modality": "text"}, "value"),
            0.654,
            r"text\*\*: .*65.4 points",
        ),
        (("h_ablation", "verdicts", {"modality": "image"}, "p_holm"), 0.432, "p = 0.432"),
        (("h_ablation", "verdicts", {"modality": "audio"}, "users_needed"), 7654, "7,654 users"),
    ],
)
def test_a_changed_result_changes_the_sentence(execute_09, path, value, expected):
    assert not re.search(expected, execute_09())
    assert re.search(expected, execute_09(*path, value=value))


def test_the_page_shows_what_was_gathered(execute_09, run):
    execute_09()
    page = gather(run)
    assert page["networks"]["audio"]["widths"] == [8, 16, 32, 16, 7]
    assert page["networks"]["text"] == {
        "widths": [384, 512, 7],
        "parameters": 384 * 512 + 512 + 512 * 7 + 7,
        "input": "minilm, 6 layers",
        "route": "head",
    }
    figure = plots.plot_summary(page, data=run.data)
    assert figure.get_size_inches().tolist() == pytest.approx([12.8, 7.2])
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
    assert titles == [
        "Models: train, valid, test",
        "Late fusion",
        "Does it help?",
        "Test strategy",
        "Train strategy",
    ]
    texts = {text.get_text() for ax in figure.axes for text in ax.texts}
    assert "17" in texts
    assert "160 px, scaled to -1 to 1" in texts
    test = evaluation.select(page["scores"], split="test")
    assert {f"{value:.1%}" for value in test["value"]} <= texts
    assert any("network 8-16-32-16-7" in text for text in texts)
    assert any("InceptionResnetV1" in text for text in texts)
    assert any(run.data in text.get_text() for text in figure.texts)


def test_nothing_of_the_page_is_cut_off_or_covered(execute_09, run):
    execute_09()
    figure = plots.plot_summary(gather(run), data=run.data)
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    boxes = {}
    for ax in figure.axes:
        drawn = [*ax.texts, ax.xaxis.label, ax._left_title]
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            low, high = sorted(axis.get_view_interval())
            ticks = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True)
            drawn += [label for place, label in ticks if low <= place <= high]
        for text in drawn:
            if text.get_text() and text.get_visible():
                boxes[ax, text.get_text(), text] = text.get_window_extent()
    assert len(boxes) > 60
    for (_, text, _), box in boxes.items():
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for (ax, text, _), box in boxes.items():
        for (other_ax, other_text, _), other_box in boxes.items():
            same = ax is other_ax and (ax.axison or text == other_text)
            assert same or not box.overlaps(other_box), (text, other_text)


@pytest.mark.parametrize("rule", ["product", "weighted", "stacking"])
def test_the_page_of_real_data_has_no_ideal_observer(execute_09, run, rule):
    execute_09()
    page = gather(run)
    page["ceilings"] = {}
    page["rule"]["name"] = rule
    figure = plots.plot_summary(page, data="First Impressions")
    drawn = [text.get_text() for ax in figure.axes for text in ax.texts]
    drawn += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert not [text for text in drawn if "ideal" in text]
    assert any(text.startswith("weight ") or "\nweight " in text for text in drawn) == (
        rule == "weighted"
    )


def test_the_page_is_saved_at_its_size_and_as_svg(execute_09, run):
    from PIL import Image

    execute_09()
    folder = run.folder / "figures"
    with Image.open(folder / "summary.png") as image:
        assert image.size == (int(12.8 * runs.DPI), int(7.2 * runs.DPI))
    svg = (folder / "summary.svg").read_text()
    first = re.search(r'<svg [^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert float(first[1]) / float(first[2]) == pytest.approx(16 / 9, abs=0.01)
    execute_09()
    assert (folder / "summary.svg").read_text() == svg


def test_a_missing_result_or_checkpoint_names_its_notebook(run, results):
    with pytest.raises(DataError, match="02_image_classifier"):
        gather(run)
    for task, record in results.items():
        runs.save_results(run, task, record, headline="")
    message = r"image_corrected_fine_tuned\.ckpt is missing.*02_image_classifier"
    with pytest.raises(DataError, match=message):
        gather(run)


# Numbers that are not results: names of notebooks, f0, the level of all intervals.
NO_RESULTS = re.compile(r"notebooks? 0\d( to 0\d)?|\bf0\b|95%")


@pytest.mark.parametrize("which", FROM_06)
def test_no_number_is_typed_in_the_prose(which):
    notebook = nbformat.read(NOTEBOOKS[which], 4)
    prose = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    typed = [cell.source for cell in prose if not is_exercise(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            typed += said_literally(cell.source)
    numbers = [text for text in typed if re.search(r"\d", NO_RESULTS.sub("", text))]
    assert not numbers


def said_literally(source):
    """The pieces of text of a cell, with spaces in them or in an f-string, but for formats."""
    texts = []
    tree = ast.parse(source)
    parts = [node for node in ast.walk(tree) if isinstance(node, ast.FormattedValue)]
    formats = {id(x) for part in parts for x in ast.walk(part)}
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    pieces = {id(value) for node in joined for value in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            a_text = " " in node.value and id(node) not in formats
            texts += [node.value] if a_text or (id(node) in pieces and " " in node.value) else []
    return texts


@pytest.mark.parametrize(
    "source",
    [
        'say(f"right for {x:.1f} of 240 clips")',
        'text = f"right for {x} of 240 clips"\nsay(text)',
        'say = "all 240 clips"',
    ],
)
def test_a_typed_number_would_be_found(source):
    assert any("240" in text for text in said_literally(source))
    assert not said_literally('runs.save_figure(run, figure, f"g_curves_{name:.1f}")')

"""Every benchmark and tool runs to its end on tiny sizes; how fast it is, no test asks."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import scale
from helpers.bundles import few, make_small
from tiny_notebooks import CUT, leave_gaps

from mmage_utils.data.clips import count_media, read_clips
from mmage_utils.features import modalities
from mmage_utils.files import ROOT
from mmage_utils.scores.prediction_check import check_predictions, read_reference

BENCHMARKS = ("__main__", "clips", "faces", "networks", "record", "report", "scale", "voices")
TESTED = {"test_benchmarks": (*BENCHMARKS, "words", "tiny_notebooks")}
TESTED |= {"test_lab": ("lab", "screenshots"), "test_interruptions": ("interruptions",)}
TESTED |= {"test_agreement": ("agreement",), "test_slide_marks": ("mark_slides",)}
TESTED |= {"test_docs": ("api_page", "croissant")}


def run(script, *options):
    """What a script prints on the screen; a claim about speed may fail, but nothing else."""
    done = subprocess.run(
        [sys.executable, str(ROOT / script), *map(str, options)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"},
        cwd=ROOT, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def numbers(line):
    return [float(text) for text in re.findall(r"\d+(?:\.\d+)?", line.replace(",", ""))]


def test_every_script_has_a_test():
    scripts = [*ROOT.glob("benchmarks/*.py"), *ROOT.glob("tools/*.py")]
    assert sorted(path.stem for path in scripts) == sorted(sum(TESTED.values(), ()))


@pytest.mark.slow
def test_speed_of_the_faces(sample, tmp_path):
    sizes = ("--size", 80, "--batch", 4, "--batches", 1, "--rounds", 1, "--head", 60)
    said = run("benchmarks/faces.py", "--data", sample, "--cache", tmp_path, *sizes).splitlines()
    assert said[0].startswith("96 train faces at 80 px, batches of 4, on ")
    for line, name in zip(said[2:5], ("training", "embedding", "loading and"), strict=True):
        assert line.startswith(name)
        *_, report, ours, ratio = numbers(line)  # the speeds without their decimals
        assert (ours - 0.51) / (report + 0.51) - 0.01 < ratio
        assert ratio * max(report - 0.51, 0) < ours + 0.51 + 0.01 * report
    assert said[6].split(" | ")[0] == "| operator"
    shares = [float(line.split(" | ")[-1].strip("| ")) for line in said[8:18]]
    assert shares[0] < 1
    assert shares == sorted(shares, reverse=True)
    for line, what, aim in zip(said[-6:-4], ("Training", "Embedding"), (2.5, 2.0), strict=True):
        assert re.match(rf"{what} at least {aim} times .*: (holds|does not hold) \(", line)
    assert said[-2].startswith("An epoch of training a head on 60 embeddings takes ")
    assert said[-1].startswith("145 epochs of these faces: ")


@pytest.mark.slow
def test_speed_and_accuracy_of_the_voices(sample):
    sizes = ("--files", 4, "--clips", 1, "--seconds", 3, "--passes", 1, "--first", 1)
    sizes += ("--known", 2, "--speech", 2)
    said = run("benchmarks/voices.py", "--data", sample, *sizes)
    assert "\nMilliseconds a clip of 3.000 s on one thread" in said
    assert "\n2 synthetic clips of 4.5 s with known f0" in said
    assert "\n2 clips of sample speech (valid and test)" in said
    assert re.search(r"fast is [\d.]+ times as fast as published", said)
    for tracker in ("fast", "pyin", "praat"):
        assert len(re.findall(rf"denoised +{tracker} ", said)) == 2
    claims = said.partition("\nClaims:\n")[2].splitlines()
    assert len(claims) == 4 + 2 * 4 + 3
    assert {line.split()[0] for line in claims} <= {"holds", "FAILS"}


def test_speed_of_the_packaged_networks(sample):
    said = run("benchmarks/networks.py", "--data", sample, "--faces", 3, "--voices", 2).splitlines()
    assert said[0].partition("; ")[2].startswith("load of the machine before the start: ")
    assert [line.split()[0] for line in said[1:5]] == [
        "aligning",
        "dlib",
        "dlib-age",
        "resemblyzer",
    ]
    assert [line.split("second (")[1] for line in said[1:5]] == ["3)", "3)", "3)", "2)"]
    assert re.match(r"At least 30 faces a second: (holds|does not hold)\.", said[5])
    assert re.match(r"At least 40 voices a second: (holds|does not hold)\.", said[6])


def test_cost_of_large_prediction_files(tmp_path):
    options = ("--media", "--json", tmp_path / "scale.json", "--clips", 400, 800)
    said = run("benchmarks/scale.py", *options)
    rows = json.loads((tmp_path / "scale.json").read_text())["tables"]["Commands on lists"]
    commands = {row["command"] for row in rows}
    assert {"evaluate, CSV", "evaluate, Parquet", "compare", "check-data"} < commands
    assert set(scale.LIMITS) < commands
    assert len(rows) == 2 * len(commands)
    assert all(row["seconds"] > 0 for row in rows)
    assert all(row["GB"] > 0.05 for row in rows if row["GB"] is not None)
    assert said.count("| check-data |") == 2
    assert [row["files"] for row in rows if row["command"] == scale.READ] == [400, 800]
    assert re.search(r"\nLists of 800 clips of \d+ users, all scored, take at most ", said)
    assert len(re.findall(r", 800 clips in at most \d+ s.*: holds \(", said)) == len(scale.LIMITS)
    assert "grows" in said.splitlines()[-1]


def test_all_clips_of_large_lists_are_scored_whatever_their_split(tmp_path):
    folder, clips = tmp_path / "lists", 500
    scale.write_lists(folder, clips)
    place, users = scale.as_one_list(folder, tmp_path / "one")
    reference = read_reference(place / scale.LABELS)
    assert reference.labels["UserID"].nunique() == users > clips / 10
    for name in ("predictions.csv", "predictions.parquet"):
        findings, table = check_predictions(place / name, reference)
        assert (findings, len(table)) == ([], clips)


def test_limits_of_large_data_are_those_of_the_largest_size():
    columns = ["command", "clips", "seconds", "GB"]
    rows = [("compare", 10, 999, 9), ("compare", 20, 59, 4), ("check-data", 20, 31, 99)]
    checks = dict(scale.check_limits(pd.DataFrame([*rows, ("other", 20, 1e9, 9)], columns=columns)))
    assert list(checks.values()) == [True, False]
    assert list(checks) == [
        "compare, 20 clips in at most 60 s and 4 GB: holds (59.0 s, 4.00 GB).",
        "check-data, 20 clips in at most 30 s: does not hold (31.0 s, 99.00 GB).",
    ]
    rows = [("face", 10, 1, 1.0), ("words", 10, 1, 1.0), ("face", 90, 9, 1.2), ("words", 90, 9, 3)]
    table = pd.DataFrame(rows, columns=columns)
    assert [holds for _, holds in scale.check_memory(table)] == [True, False]
    assert list(scale.check_memory(table[:2])) == []


@pytest.mark.slow
def test_cost_of_own_clips(sample, clips, tmp_path):
    ways = {"image": "none", "audio": "head", "text": "none"}
    model = make_small(tmp_path, few(clips, 16), ways)[2]
    sizes = ("--videos", 2, "--answered", 1, "--distinct", 1, "--scale", 1, "--frames", 5)
    sizes += ("--json", tmp_path / "clips.json")
    said = run("benchmarks/clips.py", "--data", sample, "--run", model, *sizes).splitlines()
    [(about, rows)] = json.loads((tmp_path / "clips.json").read_text())["tables"].items()
    assert about.startswith("Videos of 640 x 360, ")
    assert [row["videos"] for row in rows] == [2, 2, 1, 1, 1]
    for row, line in zip(rows, said[1:6], strict=True):
        assert line.startswith(row["command"])
        assert row["each"] == pytest.approx(row["seconds"] / row["videos"])
        assert 0.05 < row["GB"] < 8
    assert rows[1]["seconds"] < rows[0]["seconds"]
    assert said[-3].startswith("Seconds: ")
    assert said[-2].startswith("At most 2 GB: ")
    assert re.match("[01] of 1 films get the likeliest age group of their clip", said[-1])


@pytest.mark.slow
def test_cost_of_features(sample, tmp_path):
    stages = ("--stages", "voice, fast", "words, minilm")
    options = ("--clips", "--media", 6, "--data", sample, *stages, "--workers", 1, "--half")
    said = run("benchmarks/scale.py", *options, "--json", tmp_path / "scale.json")
    tables = json.loads((tmp_path / "scale.json").read_text())["tables"]
    rows = tables["Features (synthetic sample, seed 0) by 1 processes"]
    heads = tables["Linear heads on these features"]
    assert [row["clips"] for row in [*rows, *heads]] == [6] * 4
    assert all(row["seconds"] > 0.5 and row["GB"] > 0.05 for row in [*rows, *heads])
    assert all(row["clips a second"] == row["clips"] / row["seconds"] for row in rows)
    assert [row["command"] for row in rows] == list(stages[1:])
    assert rows[1]["bytes a clip"] > 768
    assert len(tables["Hours for a million clips"]) == 2
    assert said.count("| words, minilm |") == 2
    assert said.splitlines()[-1].startswith("Features of 6 clips, and heads on them, take at most ")


def test_hours_of_a_million_clips_are_what_a_further_clip_costs():
    rows = [("face", 1_000, 110.0), ("face", 10_000, 1_010.0), ("words", 10_000, 72.0)]
    hours = scale.extrapolate(pd.DataFrame(rows, columns=["command", "clips", "seconds"]))
    hours = hours.set_index("command")["hours for a million"]
    assert hours["face"] == pytest.approx(100_000 / 3600)  # without the ten seconds of a start
    assert hours["words"] == pytest.approx(7_200 / 3600)


@pytest.mark.slow
def test_all_benchmarks_by_one_command(sample, tmp_path):
    """Those that have no other test here, tiny, into copies of the pages."""
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/performance.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    options = ("--tiny", "--into", tmp_path, "--data", sample)
    said = run("benchmarks/__main__.py", "words", *options).splitlines()
    run("benchmarks/__main__.py", "report", *options)
    assert said[0].startswith("4 texts, median of 1 passes, ")
    assert [line.split()[0] for line in said[1:3]] == ["plain", "ours"]
    assert re.fullmatch(r"20 texts embedded in \d+ s, read back in [\d.]+ s\.", said[4])
    assert re.match(r"10,000 in at most 120 s: (holds|does not hold) \(", said[5])
    found = json.loads((tmp_path / "docs" / "performance.json").read_text())
    assert set(found) == {"words", "report"}
    page = (tmp_path / "docs" / "performance.md").read_text()
    for name, one in found.items():
        assert f"`python benchmarks/{name}.py " in page
        assert all(one["tables"].values())
        assert f"- {one['sentences'][0]}\n" in (tmp_path / "README.md").read_text()
    assert "| 01_makes | " in page
    [whole] = found["report"]["tables"]["Seconds of the whole report"]
    assert whole["nothing changed"] < whole["empty cache"], whole
    refused = subprocess.run(
        [sys.executable, "-m", "benchmarks", "nothing"], cwd=ROOT, capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "there is no nothing, only report, faces, " in refused.stderr


def test_pages_hold_what_was_measured():
    found = json.loads((ROOT / "docs" / "performance.json").read_text())
    main = runpy.run_path(str(ROOT / "benchmarks" / "__main__.py"))
    assert set(found) <= set(main["BENCHMARKS"])
    for path, text in (
        ("docs/performance.md", main["page_of"](found)),
        ("README.md", main["summary_of"](found)),
    ):
        assert f"{main['BEGIN']}\n{text}\n{main['END']}" in (ROOT / path).read_text()


def test_tiny_notebooks_are_made_of_a_sample_with_gaps(sample, tmp_path):
    folder, target = shutil.copytree(sample, tmp_path / "sample"), tmp_path / "copies"
    params = tmp_path / "params.yaml"
    params.write_text(json.dumps({"RUN": "any", "DATA_DIR": str(folder), "N_CLIPS": 160}))
    said = run("tools/tiny_notebooks.py", "--params", params, "--target", target)
    assert "160 clips, there already, with gaps in 3 of them" in said
    for _ in range(2):
        counts = count_media(read_clips(folder))
        assert counts.loc["all", ["image", "audio", "transcript"]].tolist() == [160, 159, 159]
        assert counts.loc["all", "complete"] == 158
        assert sum(path.stat().st_size == CUT for path in folder.glob("*/*/*.jpg")) == 1
        leave_gaps(folder)  # where there are gaps, none is added
    copies = sorted(path.name for path in target.iterdir())
    assert copies == sorted(path.name for path in ROOT.glob("notebooks/*.ipynb"))
    assert "injected-parameters" in (target / copies[0]).read_text()


def test_features_that_were_not_all_written_are_no_measurement(tmp_path):
    assert not scale.is_complete(tmp_path)
    for complete in (False, True):
        (tmp_path / scale.RECORD).write_text(json.dumps({"complete": complete}))
        assert scale.is_complete(tmp_path) is complete


def test_stages_of_large_data_are_those_of_the_commands():
    for stage, (_, modality, *recipe) in scale.STAGES.items():
        name = recipe[1] if recipe else modalities.RECIPES[modality][0]
        assert stage.endswith(f", {name}")
        modalities.check_recipe(modality, name)

"""A finished notebook is reused until something changes that it rests on, or that it made."""

import json

import nbformat
import pytest
from helpers.execution import replace_execution
from nbformat.v4 import new_code_cell, new_notebook

from mmage_utils import files, runs
from mmage_utils.data.clips import MEDIA
from mmage_utils.data.labels import SPLITS
from mmage_utils.data.provenance import read_record
from mmage_utils.report import notebook_order, stamps
from mmage_utils.report.notebook_runner import run_report

# What each notebook reads of the run and writes; the last writes over a file of the second.
USES = {
    "01_faces": ((), ("predictions/face.csv", "figures/a.png")),
    "02_fused": (("predictions/face.csv",), ("predictions/fused.csv", "predictions/sum.csv")),
    "03_words": ((), ("results/words.json",)),
    "04_table": (("predictions/fused.csv",), ("predictions/sum.csv",)),
}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository of four notebooks, of which each writes what it reads and what it is."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()
    for name in USES:
        write(tmp_path, name)
    return tmp_path


@pytest.fixture
def done(monkeypatch):
    """The names of the notebooks that were executed."""
    names = []

    def execute(source, target, parameters):
        read, written = USES[source.stem]
        folder = target.parent.parent
        text = "".join((folder / name).read_text() for name in read)
        text += repr([cell.source for cell in nbformat.read(source, 4).cells]) + repr(parameters)
        for name in written:
            files.write_text(folder / name, f"{source.stem}: {text}")
        files.write_text(target, text)
        names.append(source.stem)
        return list(read), list(written)

    replace_execution(monkeypatch, execute)
    return names


def write(root, name, code="pass", default=1, data=None):
    source = f"EPOCHS = {default}\nWEIGHTS = 'none'\nRUN = 'sample'"
    if data:
        source += f"\nDATA_DIR = {str(data)!r}\nN_CLIPS = 160\nSEED = 0"
    first = new_code_cell(source)
    first.metadata["tags"] = ["parameters"]
    notebook = new_notebook(cells=[first, new_code_cell(code)])
    nbformat.write(notebook, root / "notebooks" / f"{name}.ipynb")


def run_again(done, **options):
    """The numbers of the notebooks that a further run executes."""
    done.clear()
    run_report(**options)
    return [name[:2] for name in done]


def test_what_has_not_changed_is_reused_and_said_so(root, done, capsys):
    assert run_again(done) == ["01", "02", "03", "04"]
    capsys.readouterr()
    assert run_again(done) == []
    said = capsys.readouterr().out
    assert said.count("… reused (nothing changed since ") == 4
    assert "[2/4] 02_fused … reused" in said


def test_a_changed_notebook_runs_again_and_what_depends_on_it_and_nothing_else(root, done):
    run_report()
    write(root, "01_faces", "changed = True")
    assert run_again(done) == ["01", "02", "04"]
    assert run_again(done) == []
    write(root, "03_words", "changed = True")
    assert run_again(done) == ["03"]
    write(root, "04_table", "changed = True")
    assert run_again(done) == ["04"]
    assert run_again(done) == []


def test_outputs_of_a_notebook_are_no_change(root, done):
    run_report()
    path = root / "notebooks" / "01_faces.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[1].execution_count = 7
    nbformat.write(notebook, path)
    assert run_again(done) == []


@pytest.mark.parametrize(
    "product", ["notebooks/01_faces.ipynb", "figures/a.png", "predictions/face.csv"]
)
@pytest.mark.parametrize("change", ["removed", "changed"])
def test_a_product_that_is_gone_or_changed_is_made_again(root, done, product, change):
    run_report()
    path = root / "runs" / "sample" / product
    before = path.read_bytes()
    if change == "removed":
        path.unlink()
    else:
        path.write_bytes(before + b"x")
    assert run_again(done) == ["01"]  # as it was: what depends on it has not changed
    assert path.read_bytes() == before


def test_a_file_written_over_by_a_later_notebook_is_that_ones(root, done):
    run_report()
    assert run_again(done) == []
    (root / "runs/sample/predictions/sum.csv").write_text("neither's")
    assert run_again(done) == ["02", "04"]


def test_parameters_decide(root, done, tmp_path):
    run_report()
    values = tmp_path / "values.yaml"
    values.write_text("EPOCHS: 2")
    assert run_again(done, params_file=values) == ["01", "02", "03", "04"]
    values.write_text("EPOCHS: 2  # as before")
    assert run_again(done, params_file=values) == []
    assert run_again(done) == ["01", "02", "03", "04"]


def test_weights_that_a_parameter_names_decide(root, done, tmp_path):
    (root / "own.pt").write_bytes(b"1")
    values = tmp_path / "values.yaml"
    values.write_text("WEIGHTS: own.pt")
    run_report(params_file=values)
    assert run_again(done, params_file=values) == []
    (root / "own.pt").write_bytes(b"22")
    assert run_again(done, params_file=values) == ["01", "02", "03", "04"]


def test_locks_and_installed_versions_decide(root, done, monkeypatch):
    (root / "requirements.lock").write_text("numpy==1.0\n")
    run_report()
    assert run_again(done) == []
    (root / "requirements.lock").write_text("numpy==2.0\n")
    assert len(run_again(done)) == 4
    monkeypatch.setattr(stamps, "version", lambda name: "other")
    assert len(run_again(done)) == 4


def test_packages_that_only_tests_need_are_no_change(root, done):
    lock = root / "requirements.lock"
    lock.write_text("numpy==1.0 \\\n    --hash=sha256:12\nruff==1.0\npluggy==1.0\n")
    run_report()
    lock.write_text("numpy==1.0 \\\n    --hash=sha256:12\nruff==1.1\npluggy==1.1\n")
    assert run_again(done) == []
    lock.write_text("numpy==1.0 \\\n    --hash=sha256:34\nruff==1.1\npluggy==1.1\n")
    assert len(run_again(done)) == 4


def test_what_results_rest_on_is_not_taken_for_a_package_of_the_tests():
    only = stamps.packages_of_tests()
    assert {"pytest", "pluggy", "ruff", "nbval"} <= only
    used = {"numpy", "torch", "scikit-learn", "ipykernel", "papermill", "packaging", "llvmlite"}
    assert not used & only


def test_data_decide(root, lists):
    settings = {"DATA_DIR": str(lists)}
    first = stamps.shared_inputs(settings)
    assert stamps.shared_inputs(settings) == first
    (lists / "test_set_age_labels.csv").write_text("changed")
    changed = stamps.shared_inputs(settings)
    assert [name for name in first if first[name] != changed[name]] == ["data"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"again": True}, ["01", "02", "03", "04"]),
        ({"only": "3"}, ["03"]),
        ({"start": "2"}, ["02", "03", "04"]),
    ],
)
def test_what_is_named_runs(root, done, options, expected):
    run_report()
    assert run_again(done, **options) == expected


def test_one_that_failed_or_was_stopped_has_no_stamp(root, done, monkeypatch, capsys):
    run_report()

    def stop(source, target, parameters):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        replace_execution(patched, stop)
        with pytest.raises(KeyboardInterrupt):
            run_report(only="3")
    assert capsys.readouterr().out.endswith("[3/4] 03_words … stopped\n")
    assert run_again(done) == ["03"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"inputs": {}}', "\ud800"])
def test_a_damaged_stamp_counts_as_none(root, done, text):
    run_report()
    (root / "runs/sample/stamps/03_words.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    assert run_again(done) == ["03"]


def test_times_of_a_cold_run_are_kept(root, done):
    run_report()
    times = root / "runs/sample/results/times.json"
    first = json.loads(times.read_text())
    assert first["empty_cache"] is True
    assert list(first["seconds"]) == list(USES)
    files.save_json(root / "cache" / "features.json", {})
    run_report(again=True)
    assert json.loads(times.read_text()) == first
    files.save_json(times, {k: v for k, v in first.items() if k != "together"})  # of old versions
    run_report(again=True)
    assert json.loads(times.read_text())["together"] >= 0


def test_times_of_a_run_that_went_on_are_not_called_cold(root, done):
    run_report()
    (root / "runs/sample/results/times.json").unlink()
    (root / "runs/sample/stamps/03_words.json").unlink()
    files.save_json(root / "cache" / "features.json", {})
    run_report()
    times = json.loads((root / "runs/sample/results/times.json").read_text())
    assert times["empty_cache"] is False
    assert list(times["seconds"]) == list(USES)


def test_times_say_where_they_come_from_and_those_of_other_data_are_not_kept(
    root, done, lists, monkeypatch
):
    monkeypatch.setattr(files, "CACHE", root / "cache")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for split in SPLITS:
        (lists / split / "3").mkdir(parents=True)
        for suffix in MEDIA.values():
            (lists / split / "3" / f"-{split}_0.000{suffix}").write_bytes(b"")
    for name in USES:
        write(root, name, data=lists)
    times = root / "runs/sample/results/times.json"
    for _ in range(2):
        run_report()
    first = json.loads(times.read_text())
    opened, _ = runs.open_run("sample", lists)
    machine = opened.provenance["machine"] | {"threads": notebook_order.choose_threads()}
    assert first["provenance"] == opened.provenance | {"machine": machine}
    assert read_record(opened.folder, times)["sha256"] == files.file_sha256(times)
    files.save_json(root / "cache" / "features.json", {})
    run_report(again=True)
    assert json.loads(times.read_text()) == first  # of a run that computed everything
    path = lists / "test_set_age_labels.csv"
    path.write_text(path.read_text().replace(",5,1,3", ",6,1,3"))
    run_report()
    now = json.loads(times.read_text())
    assert now["provenance"]["fingerprint"] != first["provenance"]["fingerprint"]
    assert now["empty_cache"] is False


def test_what_ran_at_once_is_counted_once():
    steps = [{"finished": 10.0, "seconds": 5.0}, {"finished": 12.0, "seconds": 11.0}]
    steps += [{"finished": 30.0, "seconds": 2.0}]
    assert stamps.seconds_together(steps) == 13.0

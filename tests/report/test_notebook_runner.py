"""The runner on toy notebooks: what it injects, writes, prints and refuses."""

import json
import os

import nbformat
import pytest
from helpers.execution import replace_execution
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmage_utils import files
from mmage_utils.errors import DataError, UsageError
from mmage_utils.report.failures import find_failure
from mmage_utils.report.notebook_copies import prepare_copies
from mmage_utils.report.notebook_runner import run_report

PARAMETERS = 'EPOCHS = 2\nLR = 0.1\nRUN = "sample"'


def write_notebook(root, name, *sources, parameters=PARAMETERS):
    """Write ``root/notebooks/<name>.ipynb``: a heading, the parameters, then the sources."""
    first = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell("# Toy"), first, *map(new_code_cell, sources)]
    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(autouse=True)
def _repository(tmp_path, monkeypatch):
    """A repository of its own, without notebooks."""
    monkeypatch.setattr(files, "ROOT", tmp_path)


@pytest.fixture
def injected(monkeypatch):
    """Replace the execution of notebooks by a record of what would have been injected."""
    calls = {}

    def record(source, target, parameters):
        calls[source.stem] = parameters

    replace_execution(monkeypatch, record)
    return calls


@pytest.fixture
def root(tmp_path):
    """Three notebooks that do not run."""
    write_notebook(tmp_path, "01_one", parameters='RUN = "sample"')
    write_notebook(tmp_path, "02_two", parameters='DATA_DIR = "data"\nEPOCHS = 2')
    write_notebook(tmp_path, "03_three")
    return tmp_path


def yaml_file(folder, text):
    path = folder / "values.yaml"
    path.write_text(text)
    return path


def test_without_options_nothing_is_injected(root, injected):
    run_report()
    assert injected == {"01_one": {}, "02_two": {}, "03_three": {}}


def test_each_notebook_gets_the_values_it_declares(root, injected, monkeypatch):
    monkeypatch.chdir(root)
    (root / "clips").mkdir()
    values = yaml_file(root, "EPOCHS: 5\nLR: 1\nRUN: theirs")
    run_report(params_file=values, data="clips", run="mine")
    assert injected == {
        "01_one": {"RUN": "mine"},
        "02_two": {"EPOCHS": 5, "DATA_DIR": str(root / "clips")},
        "03_three": {"EPOCHS": 5, "LR": 1, "RUN": "mine"},
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"start": "2"}, ["02_two", "03_three"]),
        ({"start": "02"}, ["02_two", "03_three"]),
        ({"only": 2}, ["02_two"]),
        ({"only": "03"}, ["03_three"]),
    ],
)
def test_from_and_only_choose(root, injected, capsys, options, expected):
    run_report(**options)
    assert list(injected) == expected
    assert f"[{expected[0][1]}/3] {expected[0]} … " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": "4"}, r"no notebook 04, only 01, 02, 03\."),
        ({"start": "x"}, "no notebook 0x"),
        ({"start": "1", "only": "1"}, "exclude each other"),
        ({"run": "../other"}, "must be named"),
        ({"run": ""}, "must be named"),
        ({"data": "nowhere"}, "--data nowhere is not a folder"),
        ({"params_file": "nowhere.yaml"}, r"nowhere\.yaml cannot be read"),
        ({"refresh": True, "run": "mine"}, "--refresh takes a full run"),
        ({"refresh": True, "only": "1"}, "--refresh takes a full run"),
    ],
)
def test_wrong_options_are_refused_before_anything_runs(root, injected, options, message):
    with pytest.raises(UsageError, match=message):
        run_report(**options)
    assert injected == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("EPOCHS: [", r"values\.yaml is not YAML \(see line 1\)"),
        ("- EPOCHS", "must consist of lines NAME: value"),
        ("", "must consist of lines NAME: value"),
        ("EPOCH: 3", r"values\.yaml sets the unknown parameter EPOCH; did you mean EPOCHS\?"),
        ("ZZZ: 3", r"sets the unknown parameter ZZZ\."),
        ("EPOCHS: '3'", "EPOCHS to '3', of type str, .* 2, of type int"),
        ("EPOCHS: 3.0", "EPOCHS to 3.0, of type float"),
        ("EPOCHS: true", "EPOCHS to True, of type bool"),
        ("LR: 1e-6", r"LR to '1e-6'.*1\.0e-6"),
        ("RUN: 3", "RUN to 3, of type int"),
    ],
)
def test_wrong_parameter_files_are_refused_in_one_sentence(root, injected, text, message):
    with pytest.raises(UsageError, match=message) as raised:
        run_report(params_file=yaml_file(root, text))
    assert "\n" not in str(raised.value)
    assert injected == {}


@pytest.mark.parametrize("cell", ["EPOCHS = int(2)", "EPOCHS: int = 2", "print(1)", "EPOCHS ="])
def test_parameters_that_are_not_literals_are_refused(tmp_path, injected, cell):
    write_notebook(tmp_path, "01_toy", parameters=cell)
    with pytest.raises(DataError, match="may contain only lines NAME = literal"):
        run_report()


def test_no_notebooks_is_an_error(tmp_path):
    with pytest.raises(DataError, match="contains no notebook"):
        run_report()


def test_a_run_executes_with_its_parameters_and_prints_only_that(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = write_notebook(tmp_path, "01_toy", "import os", "print(EPOCHS, RUN, os.getcwd())")
    before = source.read_bytes()
    run_report(run="mine")
    printed = capfd.readouterr()
    assert printed.err == ""
    first, last = printed.out.splitlines()
    assert first.startswith("[1/1] 01_toy … ")
    assert first.endswith(" s  runs/mine/notebooks/01_toy.ipynb")
    assert last.startswith("report: runs/mine/notebooks (")
    (written,) = (tmp_path / "runs/mine/notebooks").iterdir()
    output = nbformat.read(written, as_version=4).cells[-1].outputs[0]
    assert output.text == f"2 mine {tmp_path / 'notebooks'}\n"
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise ValueError('too few clips')", "ValueError: too few clips"),
        ("unknown_name", "NameError: name 'unknown_name' is not defined"),
        ("%unknown_magic 3", "UsageError: Line magic function `%unknown_magic` not found."),
        ("import sys\nsys.exit(0)", "SystemExit: 0"),
        ("import os\nos._exit(0)", "Kernel died"),
    ],
)
def test_a_broken_notebook_fails_and_leaves_the_earlier_one(tmp_path, capfd, source, reason):
    write_notebook(tmp_path, "01_toy", source, "print('after')")
    folder = tmp_path / "runs/sample/notebooks"
    folder.mkdir(parents=True)
    (folder / "01_toy.ipynb").write_text("earlier")
    with pytest.raises(DataError, match="01_toy failed in code cell 2") as raised:
        run_report()
    message = str(raised.value)
    assert reason in message
    assert f"    {source.splitlines()[0]}\n" in message
    assert "\x1b" not in message
    assert message.endswith("as far as it ran: runs/sample/notebooks/partial_01_toy.ipynb")
    assert (folder / "partial_01_toy.ipynb").exists()
    assert (folder / "01_toy.ipynb").read_text() == "earlier"
    assert capfd.readouterr().err == ""


def test_a_cell_that_was_not_reached_is_a_failure():
    done = new_code_cell("1", execution_count=1, metadata={"papermill": {"status": "completed"}})
    skipped = new_code_cell("2", metadata={"papermill": {"status": "completed"}})
    empty = new_code_cell("")
    assert find_failure(new_notebook(cells=[empty, done])) == ""
    assert "code cell 2" in find_failure(new_notebook(cells=[done, empty, skipped]))


def test_a_dead_kernel_fails_in_the_cell_that_ran_last():
    cells = [new_code_cell(source, execution_count=1) for source in ("first", "last", "never")]
    for cell in cells:  # as papermill leaves them, even the one in which the kernel died
        cell.metadata["papermill"] = {"status": "completed", "start_time": "2020"}
    cells[2].execution_count = cells[2].metadata["papermill"]["start_time"] = None
    failure = find_failure(new_notebook(cells=cells), RuntimeError("Kernel died"))
    assert failure == "in code cell 2:\n    last\n\n    Kernel died"


def test_refresh_copies_outputs_and_figures(tmp_path):
    path = write_notebook(
        tmp_path,
        "01_toy",
        "from pathlib import Path",
        "folder = Path('../runs/sample/figures')",
        "folder.mkdir(exist_ok=True)\n"
        "_ = [(folder / f'a_new.{kind}').write_bytes(b'new') for kind in ('png', 'svg', 'txt')]",
        "print('of the run')",
    )
    source = nbformat.read(path, as_version=4)
    source.metadata["papermill"] = {"input_path": "x"}
    source.cells[1].metadata["execution"] = {"iopub.execute_input": "2020"}
    nbformat.write(source, path)
    stale = tmp_path / "runs/sample/figures/a_old.png"
    committed = tmp_path / "figures/sample/a_gone.png"
    card = tmp_path / "runs/sample/model/MODEL_CARD.md"
    for path_of_run in (stale, committed, card):
        path_of_run.parent.mkdir(parents=True)
        path_of_run.write_bytes(b"old")
    os.utime(stale, (0, 0))

    run_report(refresh=True)

    page = nbformat.read(path, as_version=4)
    assert [cell.id for cell in page.cells] == [cell.id for cell in source.cells]
    assert [cell.source for cell in page.cells] == [cell.source for cell in source.cells]
    assert [cell.execution_count for cell in page.cells[1:]] == [1, 2, 3, 4, 5]
    assert page.cells[-1].outputs[0].text == "of the run\n"
    shown, skipped = ({"slideshow": {"slide_type": kind}} for kind in ("slide", "skip"))
    assert [dict(cell.metadata) for cell in page.cells] == [
        shown,
        {"tags": ["parameters"], **skipped},
        skipped,
        skipped,
        skipped,
        {},
    ]
    assert dict(page.metadata) == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    made = sorted(path.name for path in committed.parent.iterdir())
    assert made == ["MODEL_CARD.md", "a_new.png", "a_new.svg"]


def test_refresh_refuses_absolute_paths_and_copies_nothing(tmp_path):
    path = write_notebook(tmp_path, "01_toy", "import os", "print(os.getcwd())")
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"01_toy\.ipynb shows an absolute path"):
        run_report(refresh=True)
    assert path.read_bytes() == before


def test_copies_for_nbval_carry_parameters_and_checked_outputs(tmp_path):
    path = write_notebook(tmp_path, "01_toy", "print(1)", "print(2)")
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells[2:]:
        cell.outputs = [new_output("stream", text="committed\n")]
    notebook.cells[2].metadata["tags"] = ["nbval-check-output"]
    nbformat.write(notebook, path)
    values = yaml_file(tmp_path, "EPOCHS: 1")
    (copy,) = prepare_copies(values, tmp_path / "copies")
    cells = json.loads(copy.read_text())["cells"]
    assert cells[2]["metadata"]["tags"] == ["injected-parameters"]
    assert "EPOCHS = 1" in "".join(cells[2]["source"])
    assert [bool(cell.get("outputs")) for cell in cells] == [False, False, False, True, False]


def test_copies_of_notebooks_beside_the_report_come_last(root):
    for name in ("explore", "predict", "Untitled"):
        write_notebook(root, name, parameters='CLIPS = ""')
    copies = prepare_copies(yaml_file(root, "CLIPS: mine"), root / "copies")
    names = ["01_one", "02_two", "03_three", "explore", "predict"]
    assert [path.stem for path in copies] == names
    assert 'CLIPS = "mine"' in json.loads(copies[-1].read_text())["cells"][2]["source"][-1]


def test_an_error_that_can_be_fixed_is_one_sentence_in_a_notebook(tmp_path):
    source = "from mmage_utils.errors import DataError\nraise DataError('Do this first.')"
    write_notebook(tmp_path, "01_toy", source)
    with pytest.raises(DataError, match="in code cell 2:") as caught:
        run_report()
    end = str(caught.value).split("\n\n")[1].splitlines()
    assert end[0].strip() == "DataError: Do this first."

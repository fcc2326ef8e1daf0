"""Which notebooks run at once, which wait, and what one that fails or is stopped does to others."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
import pytest
from helpers.execution import replace_execution
from nbformat.v4 import new_code_cell, new_notebook

from mmage_utils import files
from mmage_utils.errors import DataError, UsageError
from mmage_utils.report import notebook_execution, notebook_order, notebook_runner
from mmage_utils.report.notebook_runner import run_report
from mmage_utils.report.parameters import find_notebooks

# Both are there at the same time, or it ends in an error.
MEETS = """import time
from pathlib import Path
Path(NAME).touch()
end = time.monotonic() + 60
while len(list(Path().glob("*.here"))) < 2:
    assert time.monotonic() < end
    time.sleep(0.05)
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository whose notebooks 01 and 02 wait for nothing, and 03 for 01."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    waits = {"01_one": (), "02_two": (), "03_three": ("01_one",)}
    monkeypatch.setattr(notebook_order, "WAITS_FOR", waits)
    return tmp_path


def write(root, name, *sources):
    parameters = new_code_cell('RUN = "toy"', metadata={"tags": ["parameters"]})
    cells = [parameters, *map(new_code_cell, sources)]
    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)


def stems(paths):
    return {path.stem[:2] for path in paths}


def test_every_notebook_of_the_report_is_known_and_waits_for_known_ones():
    notebooks = find_notebooks(files.ROOT)
    assert list(notebook_order.WAITS_FOR) == [path.stem for path in notebooks]
    for path in notebooks:
        before = notebook_order.waits_for(path, notebooks)
        assert set(notebook_order.WAITS_FOR[path.stem]) <= {one.stem for one in before}
        assert all(one.stem < path.stem for one in before)
    free = [path for path in notebooks if not notebook_order.waits_for(path, notebooks)]
    assert stems(free) == {"01", "02", "05", "06"}
    eleventh = stems(notebook_order.waits_for(notebooks[-1], notebooks))
    assert eleventh == {"02", "03", "05", "06", "07"}
    known = {*notebook_order.FIRST, *notebook_order.ALONE, *notebook_order.LATE}
    assert known <= set(notebook_order.WAITS_FOR)


def test_the_most_urgent_begin_first_and_those_that_wait_least_are_prepared():
    notebooks = find_notebooks(files.ROOT)
    numbers = [path.stem[:2] for path in notebook_order.sort_by_urgency(notebooks)]
    assert numbers == ["02", "11", "08", "10", "01", "03", "04", "05", "06", "07", "09"]
    soonest = notebook_order.soonest(notebooks[2:], notebooks[:2], notebooks)
    assert [path.stem[:2] for path in soonest] == ["03", "04", "07", "11", "08", "10", "09"]
    assert notebook_order.soonest(notebooks[1:], notebooks[:1], notebooks) == []


def test_an_unknown_notebook_waits_for_all_before_it():
    notebooks = [Path("01_dataset_statistics.ipynb"), Path("02_mine.ipynb"), Path("03_own.ipynb")]
    assert stems(notebook_order.waits_for(notebooks[1], notebooks)) == {"01"}
    assert stems(notebook_order.waits_for(notebooks[2], notebooks)) == {"01", "02"}


@pytest.mark.parametrize(
    ("cores", "memory", "at_once", "threads"),
    [
        (1, 64, 1, 1),
        (2, 6.9, 1, 1),
        (2, 7.0, 2, 1),
        (2, None, 1, 1),
        (16, 128, 2, 8),
        (5, 16, 2, 2),
    ],
)
def test_two_run_at_once_where_cores_and_memory_allow(monkeypatch, cores, memory, at_once, threads):
    monkeypatch.setattr(notebook_order, "cpu_count", lambda: cores)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert notebook_order.choose_at_once(memory) == at_once
    assert notebook_order.choose_threads() == str(threads)
    assert notebook_order.choose_threads(Path("02_image_classifier.ipynb")) == str(threads)
    assert notebook_order.choose_threads(Path("03_train_strategy.ipynb")) == str(cores)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert notebook_order.choose_threads() == "3"
    assert notebook_order.choose_threads(Path("03_train_strategy.ipynb")) == "3"


def test_two_run_at_once_and_each_has_its_threads(root, capfd, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    threads = notebook_order.choose_threads()
    for name in ("01_one", "02_two"):
        asks = f"import os\nassert os.environ['OMP_NUM_THREADS'] == '{threads}'"
        write(root, name, MEETS.replace("NAME", f"'{name}.here'"), asks)
    run_report(at_once=2)
    printed = capfd.readouterr().out
    assert "[1/2] 01_one … " in printed
    assert "[2/2] 02_two … " in printed
    assert sorted(path.stem for path in (root / "runs/toy/stamps").iterdir()) == [
        "01_one",
        "02_two",
    ]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_no_more_run_than_wanted_and_none_before_what_it_waits_for(root, monkeypatch, at_once):
    order, now, most = [], set(), []
    for name in ("01_one", "02_two", "03_three", "04_own"):
        write(root, name)
    replace_execution(monkeypatch, lambda source, target, parameters: ends(source))

    def begins(one):
        order.append(one.source.stem[:2])
        now.add(one.source.stem)
        most.append(len(now))

    def ends(source):
        now.remove(source.stem)
        order.append(f"end {source.stem[:2]}")

    monkeypatch.setattr(notebook_execution, "go", begins)
    monkeypatch.setattr(notebook_execution, "ended", lambda running, seconds: list(running)[:1])
    run_report(at_once=at_once)
    assert max(most) == min(at_once, 2)  # 03 waits for 01, and 04 for all
    assert order.index("03") > order.index("end 01")
    assert order[-2:] == ["04", "end 04"]


def test_less_than_one_at_once_is_refused(root, monkeypatch):
    write(root, "01_one")
    with pytest.raises(UsageError, match="--at-once is 1 or more, not 0"):
        run_report(at_once=0)


def test_one_that_fails_stops_none_beside_it_and_begins_none(root, capfd):
    write(root, "01_one", "raise ValueError('too few clips')")
    write(root, "02_two", "import time\ntime.sleep(3)", "print('whole')")
    write(root, "03_three", "print('never')")
    with pytest.raises(DataError, match="01_one failed in code cell 2"):
        run_report(at_once=2)
    first, second = sorted(capfd.readouterr().out.splitlines())  # whichever ended first
    assert first == "[1/3] 01_one … failed"
    assert second.startswith("[2/3] 02_two … ")
    made = {path.name for path in (root / "runs/toy/notebooks").iterdir()}
    assert made == {"partial_01_one.ipynb", "02_two.ipynb"}
    assert (root / "runs/toy/stamps/02_two.json").is_file()


PREPARED = """import time
from pathlib import Path
end = time.monotonic() + 60
while not Path("../runs/toy/notebooks/partial_03_three.uses").is_file():
    assert time.monotonic() < end
    time.sleep(0.05)
time.sleep(2)
Path("end of 01").touch()
"""
IMPORTED = """import sys
from pathlib import Path
assert Path("end of 01").is_file()
assert "colorsys" in sys.modules
"""


def test_one_that_waits_is_prepared_and_has_imported_when_it_begins(root):
    write(root, "01_one", PREPARED)
    write(root, "03_three", IMPORTED, "import colorsys")
    run_report(at_once=2)
    left = {path.name for path in (root / "runs/toy/notebooks").iterdir()}
    assert left == {"01_one.ipynb", "03_three.ipynb"}


def test_one_that_is_prepared_in_vain_is_stopped(root, capfd):
    write(root, "01_one", "print('first')")
    write(root, "03_three", "print('third')")
    run_report(at_once=2)
    write(root, "01_one", PREPARED)
    run_report(at_once=2)
    assert "[2/2] 03_three … reused" in capfd.readouterr().out
    left = {path.name for path in (root / "runs/toy/notebooks").iterdir()}
    assert left == {"01_one.ipynb", "03_three.ipynb"}
    assert not [line for line in command_lines() if str(root) in line]


def test_one_that_is_changed_while_it_is_prepared_runs_as_it_is_then(root):
    write(root, "03_three", "print('old')")
    old = (root / "notebooks/03_three.ipynb").read_text()
    change = f"Path('03_three.ipynb').write_text({old.replace('old', 'new')!r})"
    write(root, "01_one", PREPARED + change)
    run_report(at_once=2)
    made = nbformat.read(root / "runs/toy/notebooks/03_three.ipynb", as_version=4)
    assert [output.text for cell in made.cells[1:] for output in cell.outputs] == ["new\n"]


def test_what_an_import_warns_of_is_in_the_log(root, monkeypatch):
    (root / "warns_at_import.py").write_text("import warnings\nwarnings.warn('an old name')\n")
    monkeypatch.setenv("PYTHONPATH", str(root), prepend=os.pathsep)
    write(root, "01_one", "import warns_at_import")
    run_report(at_once=1)
    assert "an old name" in (root / "runs/toy/log.txt").read_text()


def test_a_prepared_one_that_has_died_is_started_anew(root):
    kills = """import os, psutil, signal
for process in psutil.process_iter():
    try:
        line = process.cmdline()
    except psutil.Error:
        continue
    if "03_three.ipynb" in " ".join(line) and "ipykernel" in " ".join(line):
        process.kill()
time.sleep(3)"""
    write(root, "01_one", PREPARED + kills.replace("03_three", str(root / "notebooks/03_three")))
    write(root, "03_three", "print('third')")
    run_report(at_once=2)
    assert (root / "runs/toy/notebooks/03_three.ipynb").is_file()


def test_two_that_fail_are_both_told(root):
    for name in ("01_one", "02_two"):
        write(root, name, MEETS.replace("NAME", f"'{name}.here'"), f"raise ValueError('{name}')")
    with pytest.raises(DataError) as caught:
        run_report(at_once=2)
    assert "ValueError: 01_one" in str(caught.value)
    assert "ValueError: 02_two" in str(caught.value)


def test_an_interrupt_stops_all_and_leaves_nothing_of_them(root, monkeypatch, capfd):
    for name in ("01_one", "02_two"):
        write(root, name, MEETS.replace("NAME", f"'{name}.here'"), "import time\ntime.sleep(60)")
    ended = notebook_execution.ended

    def interrupted(running, seconds):
        if len(list((root / "notebooks").glob("*.here"))) == 2:
            raise KeyboardInterrupt
        return ended(running, seconds)

    monkeypatch.setattr(notebook_execution, "ended", interrupted)
    clock = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_report(at_once=2)
    assert time.monotonic() - clock < 50
    printed = capfd.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines() == ["[1/2] 01_one … stopped", "[2/2] 02_two … stopped"]
    assert list((root / "runs/toy/notebooks").iterdir()) == []


def command_lines():
    """Of the processes that this one has started, and those that they have."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            yield " ".join(process.cmdline())


def is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


STARTS = """import os, time
from pathlib import Path
from mmage_utils.report import notebook_execution
name, pid = Path("01_one.ipynb"), Path("notebooks/pid")
source, target = (Path(place, name).absolute() for place in ("notebooks", "runs/toy/notebooks"))
notebook_execution.go(notebook_execution.prepare(source, target, {}))
while not pid.is_file() or not pid.read_text():
    time.sleep(0.05)
os._exit(0)
"""


def test_a_notebook_ends_when_the_one_that_started_it_has_died(root):
    tells = "import os\nwith open('pid', 'w') as stream:\n    stream.write(str(os.getpid()))"
    write(root, "01_one", tells, "os.read(os.pipe()[0], 1)")
    here = os.environ | {"PYTHONPATH": str(Path(notebook_runner.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", STARTS], cwd=root, env=here, check=True, timeout=120)
    kernel, end = int((root / "notebooks/pid").read_text()), time.monotonic() + 20
    while is_alive(kernel):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_is_read_of_a_notebook_that_is_not_waited_for_is_an_error(root, monkeypatch):
    uses = {"01_one": ([], ["results/a.json"]), "02_two": (["results/a.json"], [])}
    for name in uses:
        write(root, name)

    def execute(source, target, parameters):
        for name in uses[source.stem][1]:
            files.write_text(root / "runs/toy" / name, "{}")
        files.write_text(target, "")
        return uses[source.stem]

    replace_execution(monkeypatch, execute)
    with pytest.raises(DataError, match=r"02_two read results/a\.json, which 01_one makes"):
        run_report(at_once=1)

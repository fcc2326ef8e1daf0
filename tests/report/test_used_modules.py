"""The files on which a notebook rests are found through all imports, hidden ones too."""

import pytest

from mmage_utils.report.used_modules import PACKAGE, imported_modules, used_files


def names(source):
    return {path.relative_to(PACKAGE).as_posix() for path in used_files(source)}


@pytest.mark.parametrize(
    "source",
    [
        "import mmage_utils.runs",
        "from mmage_utils import runs as other",
        "from mmage_utils.runs import open_run",
        "def f():\n    from mmage_utils.runs import open_run",
    ],
)
def test_every_way_to_import_is_seen(source):
    found = names(source)
    assert {"__init__.py", "runs.py", "files.py", "data/clips.py", "data/__init__.py"} <= found
    # Imported in a function of runs, and what that reads beside itself.
    assert {"sample/write.py", "sample/topics.toml"} <= found
    assert not any(name.startswith(("report/", "cli")) for name in found)


def test_a_package_stands_for_what_it_imports():
    assert "display/plots/style.py" in names("from mmage_utils.display import plots")


@pytest.mark.parametrize("source", ["", "import numpy", "import mmage_utilsx", "%magic", "x ="])
def test_what_uses_nothing_rests_on_nothing(source):
    assert used_files(source) == []
    assert imported_modules(source) == set()

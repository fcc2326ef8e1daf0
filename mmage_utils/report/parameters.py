"""Parameters of the notebooks: declared in their cells tagged ``parameters``, set by a user."""

import ast
import difflib
import re
from pathlib import Path

import nbformat
import yaml

from mmage_utils import files
from mmage_utils.errors import DataError, UsageError
from mmage_utils.files import shown
from mmage_utils.runs import RUN_NAME

UNNUMBERED = ("compare", "explore", "predict")  # no part of the report: they show what it has made


def find_notebooks(root):
    """Return the paths of ``notebooks/NN_name.ipynb`` in a folder, in order.

    Raises
    ------
    DataError
        There are none.
    """
    folder = root / "notebooks"
    notebooks = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not notebooks:
        hint = "" if root == files.ROOT else ": run ./run_all.sh first"
        raise DataError(f"{shown(folder)} contains no notebook named NN_name.ipynb{hint}.")
    return notebooks


def find_unnumbered(root):
    """Return the paths of those of `UNNUMBERED` that a folder has."""
    paths = [root / "notebooks" / f"{name}.ipynb" for name in UNNUMBERED]
    return [path for path in paths if path.is_file()]


def declared_parameters(path):
    """Return the names and default values in a notebook's cell tagged ``parameters``.

    Raises
    ------
    DataError
        There is not exactly one such cell, or a line of it is not ``NAME = literal``.
    """
    cells = nbformat.read(path, as_version=4).cells
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise DataError(f"{path} has {len(tagged)} cells tagged 'parameters' instead of one.")
    try:
        lines = ast.parse(tagged[0].source).body
        return {line.targets[0].id: ast.literal_eval(line.value) for line in lines}
    except (SyntaxError, AttributeError, ValueError):
        raise DataError(
            f"The cell tagged 'parameters' of {path} may contain only lines NAME = literal."
        ) from None


def resolve_parameters(notebooks, params_file=None, data=None, run=None):
    """Check what a user sets against what the notebooks declare.

    Parameters
    ----------
    notebooks : list of Path
        All notebooks of the report.
    params_file : path, optional
        YAML mapping of parameter names to values.
    data : path, optional
        Folder of the clips; its absolute path becomes ``DATA_DIR``, whatever the file says.
    run : str, optional
        Name of the run; becomes ``RUN``, whatever the file says. By default a run of `data` has
        the name of their folder, so that it never mixes with the sample.

    Returns
    -------
    per_notebook : dict of Path to dict
        The values to inject into each notebook: only names that it declares.
    settings : dict
        The value of every parameter in this run, set or by default.

    Raises
    ------
    UsageError
        The file cannot be read, a name is unknown, or a value or option is wrong.
    """
    declared = {path: declared_parameters(path) for path in notebooks}
    defaults = {key: value for own in declared.values() for key, value in own.items()}
    values = {} if params_file is None else load_parameters(params_file)
    check_parameters(values, defaults, params_file)
    if data is not None:
        if not Path(data).is_dir():
            raise UsageError(f"--data {data} is not a folder.")
        values["DATA_DIR"] = str(Path(data).resolve())
        values.setdefault("RUN", re.sub(r"[^\w.-]", "_", Path(data).resolve().name))
    if run is not None:
        values["RUN"] = run
    settings = {"RUN": "sample", **defaults, **values}
    run = settings["RUN"]
    if not re.fullmatch(RUN_NAME, run):
        raise UsageError(f"The run {run!r} must be named with letters, digits, '_', '-' and '.'.")
    per_notebook = {
        path: {key: value for key, value in values.items() if key in own}
        for path, own in declared.items()
    }
    return per_notebook, settings


def find_run(params_file=None, data=None, run=None):
    """Return the folder of the run that options name, as in `resolve_parameters`."""
    _, settings = resolve_parameters(find_notebooks(files.ROOT), params_file, data, run)
    return files.ROOT / "runs" / settings["RUN"]


def load_parameters(params_file):
    """Read a YAML file of lines ``NAME: value``; anything else is a ``UsageError``."""
    try:
        values = yaml.safe_load(Path(params_file).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{params_file} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (see line {mark.line + 1})" if mark else ""
        raise UsageError(f"{params_file} is not YAML{line}.") from None
    if not isinstance(values, dict):
        raise UsageError(f"{params_file} must consist of lines NAME: value.")
    return values


def check_parameters(values, defaults, params_file):
    """Raise ``UsageError`` for an unknown name, or a value of another type than the default.

    A whole number is accepted for a decimal one, and anything for a default of ``None``.
    """
    for key, value in values.items():
        if key not in defaults:
            close = difflib.get_close_matches(str(key).upper(), defaults)
            hint = f"; did you mean {' or '.join(close)}?" if close else "."
            raise UsageError(f"{params_file} sets the unknown parameter {key}{hint}")
        default = defaults[key]
        accepted = (int, float) if type(default) is float else (type(default),)
        if default is not None and type(value) not in accepted:
            power = isinstance(value, str) and re.fullmatch(r"[-+]?[\d.]+[eE][-+]?\d+", value)
            hint = " (YAML reads 1e-6 as text and 1.0e-6 as a number)" if power else ""
            raise UsageError(
                f"{params_file} sets {key} to {value!r}, of type {type(value).__name__}, where the "
                f"notebooks have {default!r}, of type {type(default).__name__}{hint}."
            )

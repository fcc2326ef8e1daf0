"""Read prediction files as people write them, and note what had to be overlooked."""

import csv
import io
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.data.plain_csv import read_plain_csv
from mmage_utils.predictions import P_COLUMNS

REQUIRED = ("VideoName", "prediction")
COLUMNS = {*REQUIRED, "ground_truth", "split", "probabilities", *P_COLUMNS}
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MAX_BYTES = 2_000_000_000


class Finding(NamedTuple):
    """One thing that is wrong with a file: what, the evidence, and the likely fix.

    A file with a ``fatal`` finding cannot be scored.
    """

    what: str
    evidence: str
    fix: str
    fatal: bool = False

    def __str__(self):
        return f"{self.what}: {self.evidence}. {self.fix}"


class Unscorable(Exception):
    """A finding is fatal."""


class Findings(list):
    """The findings of one file, in order."""

    def add(self, what, evidence, fix, *, fatal=False):
        """Append a `Finding`; raise `Unscorable` when it is fatal."""
        self.append(Finding(what, evidence, fix, fatal))
        if fatal:
            raise Unscorable(what)


def read_prediction_file(path, findings):
    """Read a prediction file of the course's format or of ours.

    Parameters
    ----------
    path : path-like
        A CSV or Parquet file with VideoName and prediction, and optionally ground_truth, UserID,
        split, and probabilities: as p1..p7, or as one column ``probabilities`` of bracketed lists,
        quoted or not.
    findings : Findings
        What is wrong is added to it.

    Returns
    -------
    pandas.DataFrame
        One row per entry, in file order: VideoName (with ``.mp4``), prediction, and if given
        ground_truth, split, p1..p7; NaN where a number cannot be read.

    Raises
    ------
    Unscorable
        When a finding is fatal.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise OSError(f"it has more than {MAX_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        findings.add("cannot be read", reason, "Check the path.", fatal=True)
    if path.suffix == ".parquet":
        table = _read_parquet(data, findings)
    else:
        table = read_plain_csv(data)
        if table is None or not set(REQUIRED) <= set(table):
            table = _read_carefully(data, findings)
    _check_header(list(table), findings)
    if table.empty:
        fix = "Write the predictions again."
        findings.add("no rows", "there is only a header", fix, fatal=True)
    return _typed(table, findings)


def _read_parquet(data, findings):
    """The columns of a Parquet file, as they are typed there."""
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(pyarrow.BufferReader(data))
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        findings.add("not a Parquet file", reason, "Check the path.", fatal=True)
    _check_header(table.column_names, findings)
    return table.select([name for name in table.column_names if name in COLUMNS]).to_pandas()


def _check_header(names, findings):
    """Report a column that is missing, or there twice."""
    missing = [name for name in REQUIRED if name not in names]
    if missing or len(set(names)) < len(names):
        what = f"column missing: {', '.join(missing)}" if missing else "duplicate column"
        evidence = f"the header is {', '.join(names)[:200]}"
        fix = "The first line must name VideoName, ground_truth and prediction."
        findings.add(what, evidence, fix, fatal=True)


def _read_carefully(data, findings):
    """The cells of a CSV file as text, whatever its encoding, separator and quotes."""
    text = _decode(data, findings)
    header = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(SEPARATORS, key=lambda sign: sum(c in header.split(sign) for c in REQUIRED))
    if separator != ",":
        evidence = f"the header is separated by a {SEPARATORS[separator]}"
        findings.add("wrong separator", evidence, "Write the file with commas.")
    header, *rows = _rows(text, separator, findings)
    names = [name.strip() for name in header]
    _check_header(names, findings)
    return pd.DataFrame(rows, columns=names, dtype=str)


def _decode(data, findings):
    """Text of a file's bytes."""
    fix = "Save the file as UTF-8."
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        with suppress(UnicodeDecodeError):
            text = data.decode("utf-16")
            findings.add("wrong encoding", "it is UTF-16", fix)
            return text
    if b"\0" in data:
        findings.add("not a CSV file", "it contains binary data", "Check the path.", fatal=True)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        findings.add("wrong encoding", f"byte {error.start} is not UTF-8", fix)
        return data.decode("latin-1")


def _rows(text, separator, findings):
    """Fields of the header and of every line of its length."""
    # A bracketed list without quotes would be split at its commas.
    text = re.sub(r'(?<!")\[([^\]"\n]*)\](?!")', r'"[\1]"', text)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        findings.add("not a CSV file", str(error), "Check the path.", fatal=True)
    if not rows:
        findings.add("empty file", "it has no content", "Write it again.", fatal=True)
    width = len(rows[0][1])
    broken = [number for number, row in rows if len(row) != width]
    if broken:
        evidence = f"{len(broken)} rows do not have the header's {width} fields, first {broken[0]}"
        findings.add("broken rows, left out", evidence, "Fix these rows.")
    return [row for _, row in rows if len(row) == width]


def _typed(table, findings):
    """Turn the text of a prediction file into names and numbers."""
    clean = pd.DataFrame({"VideoName": table["VideoName"].astype(str).str.strip()})
    clean["VideoName"] = clean["VideoName"].str.removesuffix(".mp4") + ".mp4"
    for name in [name for name in ("prediction", "ground_truth") if name in table]:
        values = table[name]
        if not pd.api.types.is_numeric_dtype(values):
            values = pd.to_numeric(values.str.strip(), errors="coerce")
        clean[name] = values.where(np.isfinite(values) & (values == values.round()))
        bad = clean[name].isna()
        if bad.any():
            evidence = f"{bad.sum()} rows, first {table.loc[bad, name].iloc[0]!r:.60}"
            fix = "Write whole numbers from 1 to 7."
            findings.add(f"{name} is not a whole number", evidence, fix)
    if "split" in table:
        clean["split"] = table["split"].astype(str).str.strip()
    if set(P_COLUMNS) <= set(table):
        clean[P_COLUMNS] = table[P_COLUMNS].apply(pd.to_numeric, errors="coerce").astype(float)
    elif "probabilities" in table:
        lists = table["probabilities"].str.strip(" []").str.split(r"[,;\s]+", regex=True)
        bad = lists.str.len() != len(P_COLUMNS)
        if bad.any():
            first = clean["VideoName"][bad].iloc[0]
            evidence = f"{bad.sum()} rows do not have 7 numbers, first for {first}"
            findings.add("broken probabilities", evidence, "Write seven numbers.")
        if not bad.all():
            for k, name in enumerate(P_COLUMNS):
                values = pd.to_numeric(lists.mask(bad).str[k], errors="coerce")
                clean[name] = values.astype(float)
    return clean

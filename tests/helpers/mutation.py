"""Bytes damaged at random."""

import numpy as np

PIECES = (b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b",", b";", b"\n", b"\r\n", b'"', b"[", b"nan")
PIECES += (b"-1", b"1e999", b"9" * 400, b"\xc3\xa9", b"p1,p2", b"VideoName", b"inf", b"0x10")


def mutate(data, rng):
    """Cut, double, overwrite or sprinkle bytes."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(0, len(data) + 1))
        to = min(len(data), at + int(rng.integers(0, 60)))
        kind = rng.integers(0, 5)
        if kind == 0:
            del data[at:to]
        elif kind == 1:
            data[at:at] = data[at:to]
        elif kind == 2:
            data[at:at] = PIECES[rng.integers(len(PIECES))]
        elif kind == 3:
            data[at:to] = rng.integers(0, 256, to - at, dtype=np.uint8).tobytes()
        else:
            data = data[: at + 1]
    return bytes(data)

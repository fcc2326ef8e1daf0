"""Damaged transcripts: pickles that call, nest, swell or lie, and texts that attack a page."""

import gzip
import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np

NONE = "not a pickled str"
GLOBAL = "which a transcript never needs"
MORE = "contains more than a text"
CALL = "touch canary"  # in the working folder: it must never be there

SCRIPTS = {  # texts that are transcripts, and attack the page that shows them
    "a script": "<script>alert(1)</script> hello there",
    "an image that fails": "<img src=x onerror=alert(1)> hello there",
    "a link to a script": "[s](javascript:alert(1)) ![x](javascript:alert(1))<a href=javascript:x>",
    "a terminal's codes": "\x1b[2J\x1b]0;title\x07 hello there",
    "a table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "a formula": r"$\href{javascript:alert(1)}{x}$ and $$\frac{1}{0}$$",
    "right to left": "\u202ehello\u202c \u2066there\u2069",
    "a template": "${HOME} {{7*7}} {0.__class__} %s %n `id`",
}


class _Call:
    def __reduce__(self):
        return os.system, (CALL,)


class _Text(str):
    def __reduce__(self):
        return _Text, (str(self),)


def _laughs(depth=60):
    """A tuple of two of itself, so many times over: more than any memory holds."""
    twice = (b"q" + bytes([k]) + b"h" + bytes([k]) + b"\x86" for k in range(depth))
    return b"\x80\x02(K\x01t" + b"".join(twice) + b"."


def _unicode(text=b"hello there"):
    return b"X" + struct.pack("<I", len(text)) + text


def _torch():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(_Call()))
    return stream.getvalue()


# Bytes of the file, whether they are used as a text, and what check-data says.
TRANSCRIPTS = {
    "empty": (b"", False, "cut short"),
    "words": (b"hello there, these are words", False, NONE),
    "os.system, protocol 0": (pickle.dumps(_Call(), 0), False, GLOBAL),
    "os.system, protocol 2": (pickle.dumps(_Call(), 2), False, GLOBAL),
    "os.system, protocol 5": (pickle.dumps(_Call(), 5), False, GLOBAL),
    "os.system by INST": (b"(S'%s'\nios\nsystem\n." % CALL.encode(), False, f"{GLOBAL}|{MORE}"),
    "os.system by OBJ": (b"(cos\nsystem\nS'%s'\no." % CALL.encode(), False, f"{GLOBAL}|{MORE}"),
    "eval": (b"cbuiltins\neval\n(S'1'\ntR.", False, r"builtins\.eval"),
    "a module of 500 kB": (b"c" + b"x" * 500_000 + b"\ny\n.", False, "it asks for xxx"),
    "codes in a module's name": (b"c\x1b[2Jos\nsystem\n.", False, r"\\x1b\[2Jos"),
    "STACK_GLOBAL": (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", False, r"os\.system"),
    "an extension": (b"\x80\x02\x82\x01.", False, MORE),
    "a persistent id": (b"Pabc\n.", False, MORE),
    "a binary persistent id": (b"\x80\x02U\x01aQ.", False, MORE),
    "BUILD": (b"\x80\x02U\x01a}b.", False, MORE),
    "numpy": (pickle.dumps(np.arange(3)), False, GLOBAL),
    "a text of its own kind": (pickle.dumps(_Text("hello")), False, GLOBAL),
    "a list": (pickle.dumps(["hello"]), False, MORE),
    "a dictionary": (pickle.dumps({"text": "hello"}), False, MORE),
    "a number": (pickle.dumps(7), False, MORE),
    "None": (pickle.dumps(None), False, MORE),
    "lists 100,000 deep": (b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", False, MORE),
    "billion laughs": (_laughs(), False, MORE),
    "a text doubled": (b"\x80\x02" + _unicode() + b"2\x86" * 50 + b".", False, MORE),
    "a memo of 4 billion": (b"\x80\x02" + _unicode() + b"r\xff\xff\xff\xff.", True, ""),
    "a memo that is not there": (b"\x80\x02h\x07.", False, MORE),
    "length of an exabyte": (b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"hi.", False, NONE),
    "length of all": (b"\x80\x04\x8d" + b"\xff" * 8 + b"hi.", False, NONE),
    "a frame of 2**60": (b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"\x8c\x02hi.", True, ""),
    "a frame of all": (b"\x80\x04\x95" + b"\xff" * 8 + b"\x8c\x02hi.", False, NONE),
    "protocol 255": (b"\x80\xff" + _unicode() + b".", False, "unsupported pickle protocol"),
    "only a stop": (b".", False, "contains nothing"),
    "no stop": (pickle.dumps("hello there")[:-1], False, "cut short"),
    "cut": (pickle.dumps("hello there")[:-6], False, NONE),
    "no UTF-8": (b"\x80\x02" + _unicode(b"\xff\xfehello") + b".", False, "utf-8"),
    "a lone surrogate": (b"\x80\x02" + _unicode(b"a\xed\xb2\x80b") + b".", True, ""),
    "a quote open": (b"S'hello\n.", False, "quote"),
    "an escape that is none": (b"S'\\xZZ'\n.", False, NONE),
    "100 MB": (lambda: pickle.dumps("a" * 100_000_000), False, "too large"),
    "900 kB": (pickle.dumps("hello there " * 75_000), True, ""),
    "gzip": (gzip.compress(pickle.dumps("hello")), False, NONE),
    "JSON": (json.dumps("hello").encode(), False, NONE),
    "PyTorch": (_torch(), False, NONE),
    "two pickles": (pickle.dumps("hello there") + pickle.dumps(_Call()), True, ""),
    "no words": (pickle.dumps(""), True, ""),
    "bytes": (pickle.dumps(b"hello there", 2), False, ""),
    "bytes of Python 2": (b"\x80\x02U\x0bhello there.", True, ""),
    "NUL": (pickle.dumps("hello\0there"), True, ""),
    "UTF-16": (pickle.dumps("hello there".encode("utf-16"), 4), True, ""),
}  # fmt: skip
TRANSCRIPTS |= {f"protocol {p}": (pickle.dumps("hello there", p), True, "") for p in range(6)}
TRANSCRIPTS |= {name: (pickle.dumps(text), True, "") for name, text in SCRIPTS.items()}

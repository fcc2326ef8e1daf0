"""The two errors that a user can fix, each printed as one sentence, and how texts are shown."""


def first_few(items, *, most=5, between=", "):
    """Name the first of many items: ``a, b, c, d, e and 3 more``."""
    items = list(map(str, items))
    text = between.join(items[:most])
    if len(items) > most:
        # Where each item has its own line, the count has one too.
        text += f"{between if between.isspace() else ' '}and {len(items) - most:,} more"
    return text


def visible(text, *, lines=True):
    r"""Write out what a terminal would obey: control characters, and marks that turn the writing.

    Names of files and cells of lists may hold them. ``\x1b`` and its like stand for them; with
    `lines`, ends of lines stay.
    """
    if text.isprintable():
        return text
    kept = {"\n", "\t"} if lines else set()
    return "".join(
        sign if sign in kept or sign.isprintable() else sign.encode("unicode_escape").decode()
        for sign in text
    )


def _sentence_alone(error):
    """What a notebook shows instead of a traceback, as the sentence says what to do."""
    return [f"{type(error).__name__}: {error}"]


class DataError(ValueError):
    """The data, a file of labels or a set of predictions is wrong (exit code 1).

    ``reason`` is the message without the name of the file, for tables that name it themselves.
    """

    _render_traceback_ = _sentence_alone  # which IPython asks for

    def __init__(self, message, reason=None):
        super().__init__(visible(message))
        self.reason = visible(reason or message)


class UsageError(ValueError):
    """The command was called in a way that makes no sense (exit code 2)."""

    _render_traceback_ = _sentence_alone

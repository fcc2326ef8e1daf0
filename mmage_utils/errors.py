"""The two errors that a user can mend; the command line prints each as one sentence."""


class DataError(ValueError):
    """The data, a file of labels or a set of predictions is wrong (exit code 1)."""


class UsageError(ValueError):
    """The command was called in a way that has no meaning (exit code 2)."""

"""The command ``mmage``. Its exit code is 0 (fine), 1 (data are wrong) or 2 (wrong usage)."""

from mmage_utils.cli import data, runs, scores  # noqa: F401 - they register their commands
from mmage_utils.cli.base import app

__all__ = ["app"]

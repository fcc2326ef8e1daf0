"""``python -m mmage_utils.cli``."""

from mmage_utils.cli import app

if __name__ == "__main__":
    app()

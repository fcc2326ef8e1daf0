"""The seven acoustic features of a recording (task e)."""

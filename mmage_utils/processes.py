"""What the processes that a command starts are told about memory."""

import os

# Bytes from which glibc gives memory back to the system. By itself it gives back a few megabytes at
# once, and the system fills the pages with zeros that are asked for next: two fifths of the time of
# short acoustic features, and an eighth of a training step.
KEEP_MEMORY = {
    "MALLOC_TRIM_THRESHOLD_": 1 << 28,
    "MALLOC_MMAP_THRESHOLD_": 1 << 25,  # older versions of glibc take no more
    "MALLOC_TOP_PAD_": 1 << 24,
}


def keep_memory():
    """Let processes started from now on reuse freed memory; a setting of the user's stays."""
    for name, size in KEEP_MEMORY.items():
        os.environ.setdefault(name, str(size))

"""The label lists and the media, read and checked."""

"""The report's settings beside those of a run, so that every departure is seen (tasks b, c, g)."""

import pandas as pd

TRAIN_CLIPS = 6006  # of the real lists

# Setting, the report's value, and the notebook's parameter that holds ours.
FACES = (
    ("pretrained weights", "vggface2", "FACE_WEIGHTS"),
    ("size of a face (pixels)", 224, "FACE_SIZE"),
    ("epochs offered", 300, "FACE_EPOCHS"),
    ("epochs without a better valid accuracy before the stop", 50, "FACE_PATIENCE"),
    ("learning rate", 1e-6, "FACE_LR"),
    ("schedule of the rate", "constant", "FACE_SCHEDULE"),
    ("clips in a batch", 256, "FACE_BATCH"),
)
SETTINGS = {
    "b": (*FACES, ("clips in a small batch", 32, "FACE_SMALL_BATCH")),
    "c": FACES,
    "g": (
        ("audio: f0 tracker", "pyin, 10-450 Hz", "PUBLISHED_VOICE_RECIPE"),
        ("audio: epochs offered", "not given", "AUDIO_EPOCHS"),
        ("audio: learning rate", "not given", "AUDIO_LR"),
        ("audio: clips in a batch", 16, "AUDIO_BATCH"),
        ("text: network", "bert-base-uncased", "TEXT_MODEL"),
        ("text: epochs offered", "not given", "PUBLISHED_TEXT_EPOCHS"),
        ("text: learning rate", 1e-6, "PUBLISHED_TEXT_LR"),
        ("text: clips in a batch", 256, "TEXT_BATCH"),
    ),
}
NAMES = {"published": "pyin, 10-450 Hz", "fast": "fast (agrees with pyin: notebook 05)"}


def settings_table(task, values, train_clips):
    """Settings of the published recipes: the report's, this run's, and whether they differ.

    Parameters
    ----------
    task : str
        ``b``, ``c`` or ``g``.
    values : dict
        The notebook's parameters by name: its ``globals()``.
    train_clips : int
        Clips that the models of this run are trained on.

    Returns
    -------
    pandas.DataFrame
        One row per setting: report, this run, departs.
    """
    rows = [(name, ours, values[parameter]) for name, ours, parameter in SETTINGS[task]]
    rows = [("clips to train on", TRAIN_CLIPS, train_clips), *rows]
    table = pd.DataFrame(rows, columns=["setting", "report", "this run"]).set_index("setting")
    table["this run"] = [NAMES.get(value, value) for value in table["this run"]]
    unknown = table["report"] == "not given"
    same = table["report"] == table["this run"]
    table["departs"] = [
        "" if alike or silent else "yes" for alike, silent in zip(same, unknown, strict=True)
    ]
    return table.map(_plain)


def _plain(value):
    """A number as people write it: 0.000001 is 1e-06, 6006 is 6,006."""
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else value

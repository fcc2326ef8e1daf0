"""Label lists and predictions of any size, without media, to try what happens at scale.

They are the sample's 10,000 clips of 3,060 invented users, copied under new names as often as is
needed, so that every million clips has the groups and the clips per user of the real lists.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from mmage_utils.data.labels import LABEL_COLUMNS, LABEL_LIST, N_GROUPS, SPLITS, SYNTHETIC_MARK
from mmage_utils.errors import DataError, UsageError
from mmage_utils.files import save_json, whole
from mmage_utils.predictions import PREDICTION_COLUMNS, softmax, tabulate
from mmage_utils.sample.label_lists import draw_labels
from mmage_utils.sample.write import FORMAT

MIN_CLIPS = 100
SHARPNESS = 2.0  # of the invented predictions: they are right for most clips, not for all


def write_lists(folder, n_clips, *, seed=0):
    """Write three label lists, and predictions of their clips as CSV and as Parquet.

    Parameters
    ----------
    folder : path-like
        New or empty: the lists, ``predictions.csv`` and ``predictions.parquet`` are written there.
    n_clips : int
        Of all splits together.
    seed : int

    Raises
    ------
    UsageError
        When fewer than 100 clips are asked for.
    DataError
        When the folder holds something.
    """
    import pyarrow
    from pyarrow import csv, parquet

    folder = Path(folder)
    if n_clips < MIN_CLIPS:
        raise UsageError(f"Label lists need {MIN_CLIPS} clips or more, not {n_clips}.")
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty: name another folder.")
    labels = copy_labels(n_clips, seed=seed)
    rng = np.random.default_rng([seed, 3])
    right = np.eye(N_GROUPS)[labels["AgeGroup"] - 1]
    p = softmax(SHARPNESS * right + rng.normal(0, 1, right.shape)).round(6)
    predictions = tabulate(labels, p)[PREDICTION_COLUMNS]
    written = {"predictions.csv": predictions, "predictions.parquet": predictions}
    for split in SPLITS:
        rows = labels.loc[labels["split"] == split, LABEL_COLUMNS]
        written[LABEL_LIST.format(split=split)] = rows
    plain = csv.WriteOptions(include_header=False, quoting_style="none")
    for name, table in written.items():
        arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
        with whole(folder / name) as temporary, open(temporary, "wb") as stream:
            if name.endswith(".csv"):
                stream.write((",".join(table) + "\n").encode())
                csv.write_csv(arrow, stream, write_options=plain)
            else:
                parquet.write_table(arrow, stream)
    mark = {"what": "synthetic sample", "format": FORMAT, "clips": 0, "seed": seed}
    save_json(folder / SYNTHETIC_MARK, mark)


def copy_labels(n_clips, *, seed=0):
    """Labels of `n_clips` clips: copies of `label_lists.draw_labels`, the last one drawn from it.

    Returns
    -------
    pandas.DataFrame
        VideoName, UserID, AgeGroup, Gender, Ethnicity, split; no two copies share a user.
    """
    labels = draw_labels(seed)[[*LABEL_COLUMNS, "split"]]
    copies, rest = divmod(n_clips, len(labels))
    last = labels.sample(rest, random_state=seed).sort_index()
    table = pd.concat([labels] * copies + [last], ignore_index=True)
    digits = len(str(copies))
    copy = pd.Series(np.arange(n_clips) // len(labels)).astype(str).str.zfill(digits)
    number = table["VideoName"].str.extract(r"(\.\d+\.mp4)$")[0]
    # As long as real names are; what is left of a name is still that of one user only.
    table["UserID"] = copy + table["UserID"].str[digits:]
    table["VideoName"] = table["UserID"] + number
    return table

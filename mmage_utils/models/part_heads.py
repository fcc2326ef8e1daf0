"""A head on the parts of `mmage features`: for lists too long for one machine's notebooks.

Alone, or as one of the processes that torchrun starts.
"""

from pathlib import Path

import numpy as np
import torch

from mmage_utils.data.labels import read_labels
from mmage_utils.errors import DataError
from mmage_utils.features.parts import read_matrix, read_record
from mmage_utils.files import save_json, whole
from mmage_utils.models import networks, ranks, training
from mmage_utils.models.frozen_heads import HEAD, standardise
from mmage_utils.predictions import PREDICTION_COLUMNS, softmax, tabulate

BATCH = 256  # clips, of all processes together
CHECKPOINT, PREDICTIONS, RECORD = "head.ckpt", "predictions.parquet", "training.json"
STATE = "state"


def train_on_parts(features, folder, out, **settings):
    """Train a linear head on written features, and write weights, predictions and curves.

    Every process that torchrun started calls this; the first one writes.

    Parameters
    ----------
    features : path-like
        Folder of `shards.write_features`, complete.
    folder : path-like
        The data folder with the label lists.
    out : path-like
        Folder to write `CHECKPOINT`, `PREDICTIONS` and `RECORD` to, and `STATE`: one of
        the last epochs of a training that is cut off, and finished trainings.
    **settings
        Of `training.Settings`; by default those of `frozen_heads.HEAD`, with batches of `BATCH`.

    Returns
    -------
    dict or None
        What `RECORD` holds: settings, curves, seconds, clips and what was left out. None in all
        processes but the first.

    Raises
    ------
    DataError
        When features are not complete, a split has no clip with features, or another process ended.
    """
    settings = training.Settings(**HEAD | {"batch_size": BATCH} | settings)
    source = read_record(features)
    clips, x, left_out = _labelled(features, folder)
    x, mean, std = standardise(x, clips, out=x)  # gigabytes of a million clips
    with ranks.process_group():
        first, processes = ranks.rank() == 0, ranks.world()
        fit = training.fit_features(
            x, clips, networks.linear_head, settings, resumable=True, cache=Path(out) / STATE
        )
    if not first:
        return None
    rows = training.outputs(fit.model, training.as_dataset(x, clips["AgeGroup"]))
    table = tabulate(clips, softmax(rows))
    with whole(Path(out) / PREDICTIONS) as temporary:
        table[PREDICTION_COLUMNS].to_parquet(temporary, index=False)
    with whole(Path(out) / CHECKPOINT) as temporary:
        state = {"mean": torch.as_tensor(mean), "std": torch.as_tensor(std)}
        torch.save(state | {"model": fit.model.cpu().state_dict()}, temporary)
    record = {"data": source["data"], "modality": source["modality"], "recipe": source["recipe"]}
    record |= {"processes": processes, "clips": clips["split"].value_counts()}
    record |= {"left_out": left_out, "settings": settings._asdict()} | fit.record()
    save_json(Path(out) / RECORD, record)
    return record


def _labelled(features, folder):
    """Clips that have labels and numbers, their features, and counts of what is left out."""
    names, x = read_matrix(features)
    labels = read_labels(folder).set_index("VideoName")
    listed, numbers = np.isin(names, labels.index), np.isfinite(x).all(1)
    used = listed & numbers
    clips = labels.loc[names[used]].reset_index()
    for split in ("train", "valid"):
        if not (clips["split"] == split).any():
            raise DataError(f"{features}: no {split} clip of {folder} has features.")
    counts = {"without label": int((~listed).sum()), "without numbers": int((~numbers).sum())}
    return clips, x if used.all() else x[used], counts

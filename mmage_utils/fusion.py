"""Late fusion of separately trained models, on their stored predictions (tasks g and h)."""

from mmage_utils.predictions import P_COLUMNS, logits, shared_clips, softmax

# The report's weights for image, audio and text (task h; task g adds the logits as they are).
PUBLISHED_WEIGHTS = {
    "sum": (1.0, 1.0, 1.0),
    "weighted": (1.2, 0.8, 0.8),
    "image_audio": (1.2, 0.8, 0.0),
    "image_text": (1.2, 0.0, 0.8),
}


def add_logits(tables, weights):
    """Add the models' logits with weights, then softmax and argmax, as the report does.

    Parameters
    ----------
    tables : list of pandas.DataFrame
        Prediction tables; they are joined on VideoName, and clips that one of them lacks are
        left out.
    weights : sequence of float
        One weight a model; with one weight 1 and the others 0, the result is that model.

    Returns
    -------
    pandas.DataFrame
        A prediction table of the shared clips.

    Raises
    ------
    ValueError
        When the numbers of tables and weights differ, or a weight is negative.
    """
    if len(tables) != len(weights) or not (min(weights) >= 0 and sum(weights) > 0):
        raise ValueError("fusion needs one weight, not negative, for each model, and not only 0")
    tables = shared_clips(tables)
    total = sum(weight * logits(table) for table, weight in zip(tables, weights, strict=True))
    fused = tables[0].copy()
    fused[P_COLUMNS] = softmax(total)
    fused["prediction"] = total.argmax(1) + 1
    return fused

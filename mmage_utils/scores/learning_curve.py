"""How a head improves with the number of people that it learns from (tasks c, f and g)."""

import numpy as np
import pandas as pd

from mmage_utils.models.regularised_heads import fit_head
from mmage_utils.predictions import log_losses
from mmage_utils.scores.bootstrap import sum_per_user
from mmage_utils.scores.choice import constant_table
from mmage_utils.scores.jackknife import (
    confusions_without_each,
    groups_of_users,
    interval_over_users,
    reach_of,
    without_each,
)
from mmage_utils.scores.metrics import BOUNDS, scores_of

SHARES = (1 / 8, 1 / 4, 1 / 2, 1)
METRICS = ("accuracy", "balanced_accuracy")


def learning_curve(
    features, clips, *, model="", shares=SHARES, draws=2, splits=("valid",), seed=0, **settings
):
    """Scores of a regularised head that learns from a share of the train users.

    The users of a smaller share are among those of a larger one. Shares below 1 are drawn several
    times, and the scores are means over these draws. The strength of each head is chosen on valid.

    Parameters
    ----------
    features : array-like or scipy.sparse matrix, shape (n clips, width)
        In the order of `clips`.
    clips : pandas.DataFrame
        Clips with labels.
    model : str
        Name of the features in the rows, such as ``image, packaged network``.
    shares : sequence of float
        Of the train users, in 0..1.
    draws : int
        How often a share below 1 is drawn.
    splits : sequence of str
        What is scored: valid, and test where these features were chosen.
    seed : int
        Of the drawn users.
    **settings
        Of `regularised_heads.fit_head`.

    Returns
    -------
    pandas.DataFrame
        One row per share, split and metric: model, share, users and clips (of train, means over
        draws), draws, split, metric (accuracy, balanced_accuracy, log_loss in nats), value; low and
        high, the 95% interval over the split's users; spread, the standard deviation over draws;
        constant, the value of the constant predictor with the shares of all train clips.
    """
    rng = np.random.default_rng(seed)
    users = np.sort(clips.loc[clips["split"] == "train", "UserID"].unique())
    orders = [rng.permutation(users) for _ in range(draws)]
    is_train = (clips["split"] == "train").to_numpy()
    constant = constant_table(clips)
    rows = []
    for share in shares:
        n = max(1, round(share * len(users)))
        made, sizes = [], []
        for order in orders if n < len(users) else orders[:1]:
            train = is_train & clips["UserID"].isin(order[:n]).to_numpy()
            made.append(fit_head(features, clips, train=train, **settings).table)
            sizes.append(train.sum())
        place = (model, share, n, float(np.mean(sizes)), len(made))
        for split in splits:
            base = _scores([constant[constant["split"] == split]])
            for metric, numbers in _scores([t[t["split"] == split] for t in made]).items():
                rows.append((*place, split, metric, *numbers, base[metric][0]))
    names = ["model", "share", "users", "clips", "draws", "split", "metric"]
    return pd.DataFrame(rows, columns=[*names, "value", "low", "high", "spread", "constant"])


def _scores(tables):
    """Means over tables of the same clips: value, low, high and spread of each metric."""
    groups = groups_of_users(tables[0])
    matrices = np.stack([confusions_without_each(table) for table in tables])
    single, mean = scores_of(matrices[:, 0]), matrices.mean(0)
    values, reach, found = scores_of(mean), reach_of(mean[0]), {}
    for name in METRICS:
        numbers = interval_over_users(values[name], groups, reach[name], bounds=BOUNDS[name])
        found[name] = (*numbers, float(np.std(single[name])))
    losses = np.stack([log_losses(table) for table in tables])
    terms = np.stack([losses.mean(0), np.ones(len(tables[0]))], axis=1)
    loss, clips = without_each(sum_per_user(tables[0], terms), groups).T
    share = mean[0].sum(1) / mean[0].sum()
    numbers = interval_over_users(loss / clips, groups, share, bounds=BOUNDS["log_loss"])
    return found | {"log_loss": (*numbers, float(np.std(losses.mean(1))))}

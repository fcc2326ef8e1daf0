"""Users of the real test split's age groups, and models whose true scores are known."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.scores.metrics import scores_of

USERS = np.array([2, 21, 141, 300, 125, 19, 4])  # of the real test split
CLIPS = [0.17, 0.2, 0.22, 0.19, 0.13, 0.09]  # shares of users with 1 to 6 clips: 3.2 on average
GROUPS = np.repeat(np.arange(N_GROUPS), USERS)
RECALLS = {
    "balanced": [0.6, 0.5, 0.55, 0.6, 0.5, 0.5, 0.5],
    "better": [0.75, 0.65, 0.6, 0.65, 0.6, 0.7, 0.65],
    "big groups only": [0, 0, 0.5, 0.75, 0.45, 0, 0],
}


def answer_shares(model):
    """P(answer | age group), shape (7, 7): wrong answers are near, of groups the model knows."""
    recall = np.array(RECALLS[model])
    near = np.exp(-1.2 * np.abs(np.subtract.outer(np.arange(N_GROUPS), np.arange(N_GROUPS))))
    near = near * (recall > 0) * ~np.eye(N_GROUPS, dtype=bool)
    wrong = near / near.sum(1, keepdims=True) * (1 - recall)[:, None]
    return wrong + np.diag(recall)


def true_scores(model):
    """Scores over all people, of whom the age groups are as frequent as in the split."""
    return scores_of(answer_shares(model) * USERS[:, None])


def draw_crowd(rng, *models, likeness=0.35, agreement=0.6):
    """Predictions of the same clips by each model, as a list of tables.

    Of two clips of a user a share `likeness` are answered by the same luck, and of one clip two
    models share their luck with probability `agreement`.
    """
    clips = rng.choice(np.arange(1, 7), len(GROUPS), p=CLIPS)
    user = np.repeat(np.arange(len(GROUPS)), clips)
    group = GROUPS[user]
    shared, tables = None, []
    for model in models:
        of_user = rng.random(len(GROUPS))[user]
        lucky = rng.random(len(user)) < likeness**0.5
        luck = np.where(lucky, of_user, rng.random(len(user)))
        if shared is not None:
            # The same users agree on all their clips, or on each by itself.
            luck = np.where(rng.random(len(user)) < agreement, shared, luck)
        shared = luck if shared is None else shared
        shares = answer_shares(model)
        order = np.argsort(-shares - 10 * np.eye(N_GROUPS), axis=1, kind="stable")  # right first
        limits = np.take_along_axis(shares, order, 1).cumsum(1)[:, :-1]
        answer = order[group, (luck[:, None] >= limits[group]).sum(1)]
        tables.append(
            pd.DataFrame(
                {
                    "VideoName": [f"{k:05d}.mp4" for k in range(len(user))],
                    "UserID": [f"user{k:04d}" for k in user],
                    "split": "test",
                    "ground_truth": group + 1,
                    "prediction": answer + 1,
                }
            )
        )
    return tables

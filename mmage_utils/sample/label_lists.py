"""The label lists of the sample: 10,000 clips of 3,060 invented users, counted as the real lists.

Every count that the report and the data set's public lists give is met exactly: an integer
programme finds how many clips and users of each gender, ethnicity and age group are in each split.
The people are invented; only the counts are those of the data.
"""

import string

import numpy as np
import pandas as pd
from scipy.optimize import LinearConstraint, milp

from mmage_utils.data.labels import AGE_GROUPS, ETHNICITIES, GENDERS, LABEL_COLUMNS, SPLITS

MAX_CLIPS = 6  # of one user
TWO_GROUP_USERS = 8

# Clips per split and age group, and per split and gender or ethnicity (the public label lists).
AGE_COUNTS = {
    "train": (10, 164, 1264, 2932, 1353, 232, 51),
    "valid": (4, 42, 395, 1049, 448, 65, 16),
    "test": (5, 48, 410, 972, 458, 64, 18),
}
GENDER_COUNTS = {"train": (2684, 3322), "valid": (946, 1073), "test": (914, 1061)}
ETHNICITY_COUNTS = {"train": (179, 5169, 658), "valid": (68, 1751, 200), "test": (89, 1670, 216)}
USER_COUNTS = {"train": 1836, "valid": 612, "test": 612}
TEST_USERS = (2, 21, 141, 300, 125, 19, 4)  # per age group

# Clips of all splits by (gender, ethnicity), one number an age group (the report's task a).
CELL_COUNTS = {
    (1, 1): (0, 9, 23, 55, 10, 0, 0),
    (1, 2): (6, 156, 966, 1823, 925, 179, 51),
    (1, 3): (1, 4, 43, 173, 101, 14, 5),
    (2, 1): (0, 6, 49, 134, 50, 0, 0),
    (2, 2): (8, 72, 919, 2378, 929, 149, 29),
    (2, 3): (4, 7, 69, 390, 244, 19, 0),
}


def _allocate_cells():
    """Find clips and users per (split, gender, ethnicity, age group) that meet every count."""
    shape = (len(SPLITS), len(GENDERS), len(ETHNICITIES), len(AGE_GROUPS))
    n = int(np.prod(shape))
    ages = np.array([AGE_COUNTS[split] for split in SPLITS])
    cells = np.array([[CELL_COUNTS[g, e] for e in ETHNICITIES] for g in GENDERS])
    n_users = np.array([USER_COUNTS[split] for split in SPLITS])
    least_users = np.full(ages.shape, 2)  # no age group of a split rests on one user
    most_users = n_users[:, None] * np.ones_like(ages)
    test = SPLITS.index("test")
    least_users[test] = most_users[test] = TEST_USERS

    # Aim: the same mix in every split, and in every cell the split's number of clips per user.
    clips_aim = (cells * (ages / ages.sum(0))[:, None, None, :]).ravel()
    users_aim = clips_aim.reshape(len(SPLITS), -1) * (n_users / ages.sum(1))[:, None]
    aim = np.concatenate([clips_aim, users_aim.ravel()])

    # The unknowns: clips of each cell, users of each cell, and how far each is from its aim.
    unit = np.eye(4 * n)
    clips, users, distance = unit[:n], unit[n : 2 * n], unit[2 * n :]

    def sum_over(rows, *axes):
        return rows.reshape(*shape, -1).sum(axis=axes).reshape(-1, 4 * n)

    def exactly(rows, counts):
        return LinearConstraint(rows, np.ravel(counts), np.ravel(counts))

    solution = milp(
        np.concatenate([np.zeros(2 * n), 1 / np.sqrt(aim + 1)]),  # small cells weigh more
        constraints=[
            exactly(sum_over(clips, 0), cells),
            exactly(sum_over(clips, 1, 2), ages),
            exactly(sum_over(clips, 2, 3), [GENDER_COUNTS[split] for split in SPLITS]),
            exactly(sum_over(clips, 1, 3), [ETHNICITY_COUNTS[split] for split in SPLITS]),
            exactly(sum_over(users, 1, 2, 3), n_users),
            LinearConstraint(sum_over(users, 1, 2), least_users.ravel(), most_users.ravel()),
            LinearConstraint(clips - users, lb=0),
            LinearConstraint(MAX_CLIPS * users - clips, lb=0),
            LinearConstraint(unit[: 2 * n] - distance, ub=aim),
            LinearConstraint(-unit[: 2 * n] - distance, ub=-aim),
        ],
        integrality=np.repeat([1, 0], 2 * n),
        options={"mip_rel_gap": 0.05},
    )
    if not solution.success:
        raise RuntimeError(f"the published counts admit no table: {solution.message}")
    return np.rint(solution.x[: 2 * n]).astype(int).reshape(2, *shape)


def draw_labels(seed):
    """Draw the label lists of the sample.

    Parameters
    ----------
    seed : int
        Decides names, order and how a cell's clips are dealt among its users; the counts are the
        same for every seed.

    Returns
    -------
    pandas.DataFrame
        10,000 clips of 3,060 users: VideoName, UserID, AgeGroup, Gender, Ethnicity, split, and
        user_group, the age group of most of the user's clips.
    """
    rng = np.random.default_rng([seed, 1])
    clips, users = _allocate_cells()
    names = iter(_draw_names(rng, users.sum()))
    rows = []
    for (s, g, e, a), n_clips in np.ndenumerate(clips):
        if n_clips == 0:
            continue
        for count in _deal(rng, n_clips, users[s, g, e, a]):
            name = next(names)
            rows += [
                (f"{name}.{k:03d}.mp4", name, a + 1, g + 1, e + 1, SPLITS[s], a + 1)
                for k in range(count)
            ]
    table = pd.DataFrame(rows, columns=[*LABEL_COLUMNS, "split", "user_group"])
    _give_two_groups(table, rng)
    table = table.iloc[rng.permutation(len(table))]
    in_turn = [table[table["split"] == split] for split in SPLITS]
    return pd.concat(in_turn, ignore_index=True)


def _draw_names(rng, n):
    """Distinct names in the form of 11-character video identifiers."""
    letters = np.array(list(string.ascii_letters + string.digits + "-_"))
    names = set()
    while len(names) < n:
        names.add("".join(rng.choice(letters, 11)))
    return rng.permutation(sorted(names))


def _deal(rng, n_clips, n_users):
    """Deal clips among users, 1 to 6 each."""
    counts = np.ones(n_users, dtype=int)
    for _ in range(n_clips - n_users):
        open_users = np.flatnonzero(counts < MAX_CLIPS)
        counts[rng.choice(open_users)] += 1
    return counts


def _give_two_groups(table, rng):
    """Exchange one clip's age group between pairs of training users of neighbouring groups.

    As in the data, 8 users then carry two age groups, and every count stays as it was.
    """
    train = table[(table["split"] == "train") & (table["Ethnicity"] == 2)]
    sizes = train.groupby("UserID").size()
    eligible = train[train["UserID"].isin(sizes[sizes >= 3].index)].drop_duplicates("UserID")
    for pair in range(TWO_GROUP_USERS // 2):
        younger, gender = 3 + pair % 2, 1 + pair // 2
        for group, other in ((younger, younger + 1), (younger + 1, younger)):
            pool = eligible[(eligible["AgeGroup"] == group) & (eligible["Gender"] == gender)]
            user = rng.choice(np.sort(pool["UserID"].to_numpy()))
            eligible = eligible[eligible["UserID"] != user]
            first = table.index[table["UserID"] == user][0]
            table.loc[first, "AgeGroup"] = other

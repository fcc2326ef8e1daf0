"""The sample's label lists have the counts of the data set's, for every seed."""

import pytest

from mmage_utils.data.labels import AGE_GROUPS, count_labels
from mmage_utils.display.data_tables import age_table
from mmage_utils.sample.label_lists import draw_labels

AGES = {
    "train": [10, 164, 1264, 2932, 1353, 232, 51],
    "valid": [4, 42, 395, 1049, 448, 65, 16],
    "test": [5, 48, 410, 972, 458, 64, 18],
}
GENDERS = {"train": [2684, 3322], "valid": [946, 1073], "test": [914, 1061]}
ETHNICITIES = {"train": [179, 5169, 658], "valid": [68, 1751, 200], "test": [89, 1670, 216]}
USERS = {"train": 1836, "valid": 612, "test": 612}
# The two tables of task a: age groups 1..7.
TABLE = {
    "Caucasian": [14, 228, 1885, 4201, 1854, 328, 80],
    "African-American": [5, 11, 112, 563, 345, 33, 5],
    "Asian": [0, 15, 72, 189, 60, 0, 0],
}
TABLE_BY_GENDER = {
    (2, "Caucasian"): [8, 72, 919, 2378, 929, 149, 29],
    (2, "African-American"): [4, 7, 69, 390, 244, 19, 0],
    (2, "Asian"): [0, 6, 49, 134, 50, 0, 0],
    (1, "Caucasian"): [6, 156, 966, 1823, 925, 179, 51],
    (1, "African-American"): [1, 4, 43, 173, 101, 14, 5],
    (1, "Asian"): [0, 9, 23, 55, 10, 0, 0],
}


@pytest.fixture(scope="module", params=[0, 11])
def drawn(request):
    return draw_labels(request.param)


@pytest.mark.parametrize(
    ("column", "expected"), [("AgeGroup", AGES), ("Gender", GENDERS), ("Ethnicity", ETHNICITIES)]
)
def test_clips_per_split_are_those_of_the_lists(drawn, column, expected):
    assert count_labels(drawn, column, by="split").to_dict("list") == expected


def test_clips_per_ethnicity_and_age_are_those_of_the_report(drawn):
    assert dict(zip(TABLE, age_table(drawn).to_numpy().tolist(), strict=True)) == TABLE


@pytest.mark.parametrize("cell", TABLE_BY_GENDER)
def test_clips_per_gender_ethnicity_and_age_are_those_of_the_report(drawn, cell):
    gender, ethnicity = cell
    table = age_table(drawn[drawn["Gender"] == gender])
    assert table.loc[ethnicity].tolist() == TABLE_BY_GENDER[cell]


def test_users_per_split_are_those_of_the_lists(drawn):
    assert drawn.groupby("split")["UserID"].nunique().to_dict() == USERS
    assert drawn["UserID"].nunique() == 3060


def test_test_users_per_age_group_are_those_of_the_list(drawn):
    test = drawn[drawn["split"] == "test"]
    assert test.groupby("AgeGroup")["UserID"].nunique().tolist() == [2, 21, 141, 300, 125, 19, 4]


def test_users_have_one_split_gender_and_ethnicity_and_one_to_six_clips(drawn):
    by_user = drawn.groupby("UserID")
    assert (by_user[["split", "Gender", "Ethnicity"]].nunique() == 1).all(axis=None)
    assert by_user.size().between(1, 6).all()
    assert by_user.size().nunique() == 6


def test_eight_users_have_two_neighbouring_age_groups(drawn):
    groups = drawn.groupby("UserID")["AgeGroup"].agg(["nunique", "min", "max"])
    two = groups[groups["nunique"] > 1]
    assert len(two) == 8
    assert (two["max"] - two["min"] == 1).all()
    most = drawn.groupby("UserID")["AgeGroup"].agg(lambda ages: ages.mode().iloc[0])
    assert drawn.groupby("UserID")["user_group"].first().tolist() == most.tolist()


def test_names_have_the_form_of_the_lists(drawn):
    assert drawn["UserID"].str.fullmatch(r"[A-Za-z0-9_-]{11}").all()
    assert drawn["VideoName"].is_unique
    stem = drawn["VideoName"].str.extract(r"^(?P<user>.{11})\.(?P<number>00[0-5])\.mp4$")
    assert (stem["user"] == drawn["UserID"]).all()


def test_age_groups_of_a_split_rest_on_two_users_at_least(drawn):
    users = drawn.groupby(["split", "user_group"])["UserID"].nunique()
    assert len(users) == 3 * len(AGE_GROUPS)
    assert users.min() >= 2


def test_same_seed_gives_the_same_table_and_another_seed_other_names(labels):
    assert draw_labels(0).equals(labels)
    other = draw_labels(1)
    assert not set(other["UserID"]) & set(labels["UserID"])

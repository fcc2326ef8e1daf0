"""The tables of labels and words that notebooks show."""

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, count_labels
from mmage_utils.display.sentences import NOTHING


def words_table(words):
    """`pulling_words` as a table to look at: one row an age group.

    Behind each word, the users of the group who say it and, after the plus, those of others.
    """
    said = [f"{row.word} ({row.users} + {row.elsewhere})" for row in words.itertuples()]
    groups = words.assign(said=said).groupby("AgeGroup")
    table = pd.DataFrame({"users": groups["of_users"].first()})
    table["words (users of the group + others)"] = groups["said"].agg(", ".join)
    return table.rename(index=AGE_GROUPS).rename_axis("age group")


def concentration_table(table):
    """`concentration` as a table to look at."""
    shown = table[["clips", "users"]].copy()
    shown["silhouette"] = table["silhouette"].map("{:+.3f}".format, na_action="ignore")
    low, high = (table[name].map("{:+.3f}".format) for name in ("chance_low", "chance_high"))
    shown["95% by chance"] = (low + " to " + high).where(table["silhouette"].notna())
    shown["p by Holm"] = table["p_holm"].map("{:.3f}".format, na_action="ignore")
    shown["right by neighbours"] = table["right"].astype(str) + "/" + table["clips"].astype(str)
    return shown.astype(object).fillna(NOTHING).rename(index=AGE_GROUPS).rename_axis("age group")


def age_table(labels, by="Ethnicity"):
    """Clips per category and age group, in the order of the report's tables.

    Returns
    -------
    pandas.DataFrame
        Rows Caucasian, African-American, Asian (the report's order); columns the age groups.
    """
    table = count_labels(labels, "AgeGroup", by=by).T
    return table.loc[["Caucasian", "African-American", "Asian"]] if by == "Ethnicity" else table


def style_age_table(tables):
    """Style age tables as the report does.

    The column maximum is underlined, the percentage below the column's largest category stands in
    grey brackets, and cells without clips are yellow. The baseline is taken within each table.

    Parameters
    ----------
    tables : pandas.DataFrame or dict of str to pandas.DataFrame
        `age_table`, or one for each gender.

    Returns
    -------
    pandas.io.formats.style.Styler
    """
    parts = tables if isinstance(tables, dict) else {"": tables}
    shown = {name: part.apply(_cells) for name, part in parts.items()}
    table = pd.concat(shown) if isinstance(tables, dict) else shown[""]
    table.columns.name = None
    empty = pd.concat(list(parts.values())).eq(0).to_numpy()
    marks = table.copy()
    marks[:] = ""
    marks = marks.mask(empty, "background-color: #ffe94d; color: black")
    styler = table.style.apply(lambda _: marks, axis=None)
    return styler.set_table_styles([{"selector": "td", "props": "text-align: right"}])


def _cells(column):
    largest = column.max()

    def cell(count):
        share = 0 if count == largest else round(100 * (count - largest) / largest)
        number = f"<u>{count:,}</u>" if count == largest > 0 else f"{count:,}"
        grey = "inherit" if count == 0 else "#666666"
        return f'{number} <span style="color:{grey}">({share:+d}%)</span>'

    return column.map(cell)

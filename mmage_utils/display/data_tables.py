"""The tables of labels and words that notebooks show."""

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, count_labels
from mmage_utils.display.sentences import NOTHING, p_text


def words_table(words):
    """`text_analysis.pulling_words`, one row an age group, each word with the users who say it."""
    texts = [f"{row.word} ({row.users} + {row.elsewhere})" for row in words.itertuples()]
    groups = words.assign(texts=texts).groupby("AgeGroup")
    table = pd.DataFrame({"users": groups["of_users"].first()})
    table["words (users of the group + others)"] = groups["texts"].agg(", ".join)
    return table.rename(index=AGE_GROUPS).rename_axis("age group")


def concentration_table(table):
    """`text_analysis.concentration` as text."""
    shown = table[["clips", "users"]].copy()
    shown["silhouette"] = table["silhouette"].map("{:+.3f}".format, na_action="ignore")
    low, high = (table[name].map("{:+.3f}".format) for name in ("chance_low", "chance_high"))
    shown["95% by chance"] = (low + " to " + high).where(table["silhouette"].notna())
    shown["p by Holm"] = table["p_holm"].map(p_text)
    shown["right by neighbours"] = table["right"].astype(str) + "/" + table["clips"].astype(str)
    return shown.astype(object).fillna(NOTHING).rename(index=AGE_GROUPS).rename_axis("age group")


def age_table(labels, by="Ethnicity"):
    """Clips per category, in the order of the report's tables, and age group."""
    table = count_labels(labels, "AgeGroup", by=by).T
    return table.loc[["Caucasian", "African-American", "Asian"]] if by == "Ethnicity" else table


def style_age_table(tables):
    """Style age tables as the report does.

    Within each table, the largest count of a column is underlined, and each count has its
    percentage below that in grey brackets; cells without clips are yellow.

    Parameters
    ----------
    tables : pandas.DataFrame or dict of str to pandas.DataFrame
        `age_table`, or one for each gender.

    Returns
    -------
    pandas.io.formats.style.Styler
    """
    if isinstance(tables, dict):
        shown = pd.concat({name: table.apply(_cells) for name, table in tables.items()})
    else:
        shown = tables.apply(_cells)
    shown.columns.name = None
    empty = "background-color: #ffe94d; color: black"
    styler = shown.style.map(lambda text: empty if text.startswith("0 ") else "")
    return styler.set_table_styles([{"selector": "td", "props": "text-align: right"}])


def _cells(column):
    largest = column.max()

    def cell(count):
        share = 0 if count == largest else round(100 * (count - largest) / largest)
        number = f"<u>{count:,}</u>" if count == largest > 0 else f"{count:,}"
        grey = "inherit" if count == 0 else "#666666"
        return f'{number} <span style="color:{grey}">({share:+d}%)</span>'

    return column.map(cell)

"""Tables of executed notebooks as decks and pages show them."""

import re

from bs4 import BeautifulSoup

WIDE = 34  # characters of a cell, from which on it may break into lines


def clean_table(markup):
    """A table as pandas wrote it, without borders and widths, with headers that say their scope.

    The style sheet of a styled table stays with it. The name of the index stands in the row of the
    columns' names. Columns of words are marked, as numbers stand right and words left; so are wide
    cells, which may break.
    """
    soup = BeautifulSoup(markup, "html.parser")
    for sheet in soup.select("style[scoped]"):
        sheet.decompose()
    for table in soup.find_all("table"):
        del table["border"]
        for head in table.find_all("th"):
            head["scope"] = "col" if head.find_parent("thead") else "row"
        for row in table.find_all("tr"):
            del row["style"]
        _join_heads(table)
        _mark_words(table)
    return soup


def _join_heads(table):
    """Put the name of the index, for which pandas writes a second row, into the first."""
    rows = [row.find_all("th") for row in table.select("thead tr")]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return
    upper, lower = ([cell.get_text(strip=True) for cell in row] for row in rows)
    spans = any(cell.get("colspan") or cell.get("rowspan") for row in rows for cell in row)
    if spans or any(map(all, zip(upper, lower, strict=True))):
        return
    for cell, *texts in zip(rows[0], upper, lower, strict=True):
        cell.string = "".join(texts)
    rows[1][0].find_parent("tr").decompose()


def _mark_words(table):
    """Mark the cells of columns that hold words, and cells that are wide."""
    lines = [row.find_all(["th", "td"]) for row in table.select("tbody tr")]
    lines = [line for line in lines if not any(cell.get("rowspan") for cell in line)]
    heads = [row.find_all("th") for row in table.select("thead tr")]
    for k in range(max(map(len, lines), default=0)):
        cells = [line[k] for line in lines if k < len(line)]
        of_words = sum(bool(re.search(r"[^\W\d]{4,}", cell.get_text())) for cell in cells)
        if 2 * of_words > len(cells):
            heading = [row[k] for row in heads if len(row) == max(map(len, lines))]
            for cell in [*heading, *cells]:
                cell["class"] = [*cell.get("class", []), "words"]
    for cell in table.find_all(["td", "th"]):
        if len(cell.get_text()) > WIDE:
            cell["class"] = [*cell.get("class", []), "wide"]


def split_table(markup, rows):
    """Cut a table into pieces of at most so many rows, each with the head.

    A cell that spans rows is never cut.

    Returns
    -------
    list of str
        HTML; one piece where the table is short or no table at all.
    """
    soup = clean_table(markup)
    body = soup.find("tbody")
    lines = body.find_all("tr", recursive=False) if body else []
    if len(lines) <= rows:
        return [str(soup)]
    pieces, until = [[]], 0
    for number, line in enumerate(lines):
        if number >= until and len(pieces[-1]) >= rows:
            pieces.append([])
        pieces[-1].append(line)
        spans = [int(cell.get("rowspan", 1)) for cell in line.find_all(["th", "td"])]
        until = max(until, number + max(spans, default=1))
    tables = []
    for piece in pieces:
        body.clear()
        body.extend(piece)
        tables.append(str(soup))
    return tables

"""Tables of executed notebooks as decks and pages show them."""

import re

from bs4 import BeautifulSoup

WIDE = 34  # characters; a cell with more may break into lines


def clean_table(markup):
    """A table as pandas wrote it, without borders and widths, and with the scope of its headers.

    The style sheet of a styled table is kept. The name of the index moves to the row of the column
    names. Columns of words get the class ``words``, as they are aligned to the left and numbers to
    the right; wide cells, which may break, get the class ``wide``.
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
    """Move the name of the index, for which pandas writes a second row, to the first row."""
    rows = [row.find_all("th") for row in table.select("thead tr")]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return
    upper, lower = ([cell.get_text(strip=True) for cell in row] for row in rows)
    spans = table.select("thead [colspan], thead [rowspan]")
    if spans or any(map(all, zip(upper, lower, strict=True))):
        return
    for cell, *texts in zip(rows[0], upper, lower, strict=True):
        cell.string = "".join(texts)
    rows[1][0].find_parent("tr").decompose()


def _mark_words(table):
    """Mark the cells of columns that contain words, and cells that are wide."""
    rows = [row.find_all(["th", "td"]) for row in table.select("tbody tr")]
    rows = [row for row in rows if not any(cell.get("rowspan") for cell in row)]
    heads = [row.find_all("th") for row in table.select("thead tr")]
    width = max(map(len, rows), default=0)
    for k in range(width):
        cells = [row[k] for row in rows if k < len(row)]
        with_words = sum(bool(re.search(r"[^\W\d]{4,}", cell.get_text())) for cell in cells)
        if 2 * with_words > len(cells):
            for cell in [*(row[k] for row in heads if len(row) == width), *cells]:
                cell["class"] = [*cell.get("class", []), "words"]
    for cell in table.find_all(["td", "th"]):
        if len(cell.get_text()) > WIDE:
            cell["class"] = [*cell.get("class", []), "wide"]


def split_table(markup, most):
    """Cut a table into pieces of `most` rows, each with the head; no cell that spans rows is cut.

    Returns
    -------
    list of str
        HTML; one piece if the table is short, or there is none.
    """
    soup = clean_table(markup)
    body = soup.find("tbody")
    rows = body.find_all("tr", recursive=False) if body else []
    if len(rows) <= most:
        return [str(soup)]
    pieces, until = [[]], 0
    for number, row in enumerate(rows):
        if number >= until and len(pieces[-1]) >= most:
            pieces.append([])
        pieces[-1].append(row)
        spans = [int(cell.get("rowspan", 1)) for cell in row.find_all(["th", "td"])]
        until = max(until, number + max(spans, default=1))
    tables = []
    for piece in pieces:
        body.clear()
        body.extend(piece)
        tables.append(str(soup))
    return tables

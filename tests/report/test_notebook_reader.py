"""How a notebook's cells are read for decks and the reading copy."""

import base64
import io

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from mmage_utils.report import notebook_reader
from mmage_utils.report.html_tables import clean_table, split_table


def png(width, height):
    packed = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(packed, "PNG")
    return packed.getvalue()


def shown(**data):
    return new_output("display_data", {k.replace("_", "/"): v for k, v in data.items()})


def sections_of(tmp_path, *cells):
    """The sections of a run's only notebook, which has these cells."""
    path = tmp_path / "notebooks" / "01_toy.ipynb"
    path.parent.mkdir()
    nbformat.write(new_notebook(cells=list(cells)), path)
    (page,) = notebook_reader.read_pages(tmp_path)
    assert page.name == "01_toy"
    return page.sections


def figure_of(tmp_path, cell):
    """The only figure of a run's only cell, which shows nothing else."""
    (section,) = sections_of(tmp_path, cell)
    code, figure = section.items
    assert (code.kind, figure.kind) == ("code", "figure")
    return figure


def test_sentences_go_with_the_figure_before_them(tmp_path):
    picture = base64.b64encode(png(40, 20)).decode()
    (section,) = sections_of(
        tmp_path,
        new_markdown_cell("## Heading\n\nWhat comes."),
        new_code_cell("say()", outputs=[shown(text_markdown="Before it.")]),
        new_code_cell("show()", outputs=[shown(image_png=picture)]),
        new_code_cell("say()", outputs=[shown(text_markdown="After it.")]),
        new_markdown_cell("More."),
        new_code_cell("say()", outputs=[shown(text_markdown="Of no figure.")]),
    )
    first, last = notebook_reader.group_items(section)
    assert section.title == "Heading"
    assert first.intro == "What comes."
    assert first.words == ["Before it.", "After it."]
    assert first.visual.size == (40, 20)
    assert (last.intro, last.visual, last.words) == ("More.", None, ["Of no figure."])


def test_nothing_that_a_notebook_shows_is_lost(executed):
    for page in notebook_reader.read_pages(executed):
        for section in page.sections:
            groups = notebook_reader.group_items(section)
            items = [item for item in section.items if item.kind != "code"]
            kept = [g.visual for g in groups if g.visual] + [s for g in groups for s in g.sounds]
            words = [word for group in groups for word in group.words]
            intros = " ".join(group.intro for group in groups)
            for item in items:
                if item.kind == "intro":
                    assert item.content in intros
                elif item.kind == "words":
                    assert item.content in words
                else:
                    assert any(item is other for other in kept)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('runs.save_figure(run, figure, "a_b")', ["a_b"]),
        ('save_figure(run, f, "a")\nsave_figure(run, g, "b")', ["a", "b"]),
        ('save_figure(run, plots.plot_x(table, title="x"), "a", page=True)', ["a"]),
        ("save_figure(run, figure, name)", []),
        ("print(1)", []),
        ("%magic", []),
    ],
)
def test_names_of_saved_figures(source, names):
    assert notebook_reader.saved_figures(source) == names


@pytest.mark.parametrize(("saved", "taken"), [((80, 40), True), ((80, 60), False)])
def test_a_saved_figure_is_taken_where_it_is_the_same_picture(tmp_path, saved, taken):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a.png").write_bytes(png(*saved))
    inline = base64.b64encode(png(40, 20)).decode()
    cell = new_code_cell('save_figure(run, f, "a")', outputs=[shown(image_png=inline)])
    item = figure_of(tmp_path, cell)
    assert item.size == (40, 20)
    with Image.open(io.BytesIO(base64.b64decode(item.content.partition(",")[2]))) as image:
        assert (image.size == saved) is taken


def test_a_large_picture_is_packed_and_keeps_its_size(tmp_path, rng):
    packed = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (300, 400, 3), dtype="uint8")).save(packed, "PNG")
    inline = base64.b64encode(packed.getvalue()).decode()
    item = figure_of(tmp_path, new_code_cell("show()", outputs=[shown(image_png=inline)]))
    assert item.content.startswith("data:image/webp;base64,")
    content = base64.b64decode(item.content.partition(",")[2])
    assert len(content) < len(packed.getvalue())
    assert Image.open(io.BytesIO(content)).size == item.size == (400, 300)


def table(rows, span=1):
    lines = []
    for number in range(rows):
        head = f'<th rowspan="{span}">group</th>' if number % span == 0 else ""
        lines.append(f"<tr>{head}<td>{number}</td></tr>")
    return (
        f"<table border=1><thead><tr><th>n</th></tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


@pytest.mark.parametrize(
    ("rows", "span", "sizes"), [(5, 1, [5]), (12, 1, [5, 5, 2]), (9, 3, [6, 3])]
)
def test_long_tables_are_split_between_whole_groups_of_rows(rows, span, sizes):
    pieces = split_table(table(rows, span), 5)
    assert [piece.count("<td>") for piece in pieces] == sizes
    assert all(piece.count("<thead>") == 1 for piece in pieces)
    assert "border" not in pieces[0]


def test_tags_in_markdown_are_shown_as_text():
    assert "<script>" not in notebook_reader.render_markdown("a <script>alert(1)</script>")


def test_alt_text_is_the_heading_and_the_first_claim():
    group = notebook_reader.Group("An *intro*", None, ["**Right** for 3.", "Wrong for 2."], [])
    assert notebook_reader.alt_text("Heading", group) == "Heading. Right for 3."


def test_the_name_of_the_index_is_in_the_row_of_the_column_names():
    frame = pd.DataFrame({"clips": [2, 7], "words": ["some words here", "others"]})
    frame.index = pd.Index(["7-13", "14-18"], name="age group")
    soup = clean_table(frame.to_html())
    heads = [[cell.get_text() for cell in row.find_all("th")] for row in soup.select("thead tr")]
    assert heads == [["age group", "clips", "words"]]
    two = pd.DataFrame({("a", "b"): [1], ("a", "c"): [2]}, index=pd.Index(["x"], name="name"))
    assert len(clean_table(two.to_html()).select("thead tr")) == 3


def test_columns_of_words_and_wide_cells_are_marked():
    frame = pd.DataFrame(
        {"share": ["44.1% to 64.9%", "3/7"], "text": ["some words", "x" * 40], "n": [1, 2]},
        index=["one", "7-13"],
    )
    soup = clean_table(frame.to_html())
    marked = [cell.get_text() for cell in soup.select("td.words, th.words")]
    assert marked == ["text", "some words", "x" * 40]
    assert [cell.get_text() for cell in soup.select(".wide")] == ["x" * 40]

"""The pages in docs/ name what exists: links, functions, commands, counts; the cards are valid."""

import ast
import json
import re
import shlex
import tomllib
from pathlib import Path

import api_page
import croissant
import mlcroissant
import nbformat
import pytest
import yaml
from typer.main import get_command

from mmage_utils.cli import app
from mmage_utils.data.labels import AGE_GROUPS, SPLITS
from mmage_utils.files import ROOT
from mmage_utils.report.parameters import find_notebooks
from mmage_utils.sample.label_lists import AGE_COUNTS

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
TOPICS = (
    *("intervals", "bias", "class_balance", "calibration", "fusion", "shapley", "power"),
    *("prediction_sets", "ordinal", "label_noise"),
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<!\$)\$([^$\n]+)\$(?!\$)", re.DOTALL)
# GitHub takes a backslash before punctuation for Markdown's, before the formula is set.
ESCAPES = re.compile(r"\\[!-/:-@\[-`{-~]")
FUNCTION = re.compile(rf"`((?:{'|'.join(api_page.ROOMS)})(?:\.\w+)*\.\w+)(?:\(\))?`")


def read(path):
    return path.read_text(encoding="utf-8")


def broken_links(text, folder):
    """Targets of relative links of a Markdown text in a folder that are not there."""
    targets = [link.partition("#")[0] for link in LINK.findall(text) if "://" not in link]
    return [target for target in targets if target and not (folder / target).exists()]


def names_of_module(path):
    """What a module defines at its top."""
    names = set()
    for node in ast.parse(read(path)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names


def exists(name):
    """Is there such a module, or a function, class or constant in one?"""
    parts = name.split(".")
    for cut in (len(parts), len(parts) - 1):
        place = ROOT.joinpath("mmage_utils", *parts[:cut])
        if cut == len(parts) and (place.is_dir() or place.with_suffix(".py").is_file()):
            return True
        if cut < len(parts) and place.with_suffix(".py").is_file():
            return parts[-1] in names_of_module(place.with_suffix(".py"))
    return False


def wrong_formulas(text):
    """Formulas of a Markdown text that GitHub would not set."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    found = [first or second for first, second in FORMULA.findall(text)]
    wrong = [formula for formula in found if ESCAPES.search(formula)]
    wrong += [formula for formula in found if formula.count("{") != formula.count("}")]
    return wrong + (["an odd number of $"] if text.count("$") % 2 else [])


def known_options(command):
    """Options of a command of mmage."""
    return {name for parameter in command.params for name in parameter.opts}


def wrong_command(line):
    """What is wrong with a command line of the checklist, or an empty text."""
    words = shlex.split(line)
    options = {word for word in words if word.startswith("-")}
    if words[0] == ".venv/bin/mmage":
        commands = get_command(app).commands
        if words[1] not in commands:
            return f"no command {words[1]}"
        unknown = options - known_options(commands[words[1]])
        return f"no option {', '.join(unknown)}" if unknown else ""
    script = words[1] if words[0] == ".venv/bin/python" else words[0]
    if not (ROOT / script).is_file():
        return f"no file {script}"
    missing = [word for word in words if word.endswith((".py", ".yaml")) and word != script]
    missing = [word for word in missing if not (ROOT / word).is_file()]
    source = read(ROOT / script)
    missing += [option for option in options if option not in source]
    return f"no {', '.join(missing)}" if missing else ""


@each_page
def test_links_lead_to_files(path):
    assert broken_links(read(path), DOCS) == []


@pytest.mark.parametrize("path", find_notebooks(ROOT), ids=lambda path: path.stem)
def test_links_of_notebooks_lead_to_files(path):
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert "](../docs/" in text
    assert broken_links(text, path.parent) == []


def test_links_of_the_readme_lead_to_files():
    assert broken_links(read(ROOT / "README.md"), ROOT) == []
    assert broken_links("[a](docs/nothing.md) [b](https://a.b) [c](#d)", ROOT) == [
        "docs/nothing.md"
    ]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_linked_from_a_notebook_and_from_the_index(topic):
    notebooks = "".join(map(read, find_notebooks(ROOT)))
    assert f"(../docs/{topic}.md)" in notebooks
    assert f"]({topic}.md)" in read(DOCS / "README.md")
    text = read(DOCS / f"{topic}.md")
    assert FORMULA.search(text)
    assert FUNCTION.search(text)
    assert "## Papers" in text


@pytest.mark.parametrize("topic", TOPICS)
def test_the_index_names_the_notebooks_that_link_a_topic(topic):
    linking = [
        path.name[:2] for path in find_notebooks(ROOT) if f"(../docs/{topic}.md)" in read(path)
    ]
    row = re.search(
        rf"^\| \[{topic}\.md\].*\| ([\d, ]+) \|$", read(DOCS / "README.md"), re.MULTILINE
    )
    assert row.group(1).split(", ") == linking


@each_page
def test_functions_that_a_page_names_exist(path):
    if path.name == "api.md":  # of docstrings, which name modules of their own room without it
        return
    assert [name for name in FUNCTION.findall(read(path)) if not exists(name)] == []


@each_page
def test_files_that_a_page_names_exist(path):
    names = re.findall(
        r"`((?:tests|mmage_utils|tools|benchmarks|params)/[\w/.]+\.\w+)`", read(path)
    )
    assert [name for name in names if not (ROOT / name).is_file()] == []


@each_page
def test_formulas_are_set_on_github(path):
    assert wrong_formulas(read(path)) == []


def test_the_checks_notice():
    assert exists("scores.jackknife.without_each")
    assert exists("fusion.verdicts")
    assert not exists("scores.jackknife.without_any")
    assert wrong_formulas(r"an $a\,b$ and $$\{x$$") != []
    assert wrong_formulas("costs 3$") == ["an odd number of $"]
    assert wrong_formulas(r"$\frac{a}{b}$ and `$HOME`") == []
    assert wrong_command(".venv/bin/mmage bake") == "no command bake"
    assert wrong_command(".venv/bin/mmage verify sample --hard") == "no option --hard"
    assert wrong_command("./run_tests.sh tests/test_nothing.py") == "no tests/test_nothing.py"
    assert wrong_command("./run_all.sh --nothing") == "no --nothing"
    assert wrong_command("ls runs") == "no file ls"


def test_every_line_of_the_checklist_has_a_command_that_exists():
    rows = re.findall(r"^\| (.+) \| `(.+)` \|$", read(DOCS / "reproducibility.md"), re.MULTILINE)
    assert len(rows) > 20
    assert {line: wrong_command(line) for _, line in rows if wrong_command(line)} == {}


def test_the_page_of_functions_is_that_of_the_code():
    assert read(DOCS / "api.md") == api_page.api_text(), "run .venv/bin/python tools/api_page.py"


def test_the_tools_write_what_is_committed(tmp_path):
    api_page.main(["--target", str(tmp_path / "api.md")])
    croissant.main(["--target", str(tmp_path)])
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 2 + len(croissant.CARDS)
    for path in written:
        assert read(path) == read(DOCS / path.relative_to(tmp_path)), path.name


def test_the_page_of_functions_has_every_module_with_a_public_name():
    text = api_page.api_text()
    rooms = {path.name for path in (ROOT / "mmage_utils").iterdir() if path.name[0] not in "_."}
    assert {room.removesuffix(".py") for room in rooms} == set(api_page.ROOMS)
    assert "- `without_each(sums, groups)`: Sums over all users" in text
    assert "- `_" not in text


def test_the_cards_are_those_of_the_package():
    for name in croissant.CARDS:
        assert read(DOCS / "croissant" / f"{name}.json") == croissant.card_text(name), name
    card = read(DOCS / "data_card.md")
    assert croissant.with_counts(card) == card, "run .venv/bin/python tools/croissant.py"
    assert all(f"{sum(AGE_COUNTS[split]):,}" in card for split in SPLITS)
    assert all(name in card for name in AGE_GROUPS.values())


# mlcroissant reads by rdflib, which warns of itself.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning:rdflib")
@pytest.mark.parametrize("name", croissant.CARDS)
def test_the_cards_are_valid_croissant(name):
    made = mlcroissant.Dataset(DOCS / "croissant" / f"{name}.json").metadata  # raises on an error
    assert {record.name for record in made.record_sets} == set(SPLITS)
    # When the real data were published is not ours to state; of our own nothing is missing.
    missing = {"synthetic_sample": set(), "first_impressions": {"datePublished"}}
    report = made.ctx.issues.report()
    assert set(re.findall(r'schema.org/(\w+)" is recommended', report)) == missing[name]
    assert report.count("  -  ") == len(missing[name])
    assert made.data_biases
    assert made.data_limitations
    assert made.personal_sensitive_information
    assert made.data_use_cases


def test_the_samples_card_has_the_hashes_of_its_lists(sample):
    files = json.loads(croissant.card_text("synthetic_sample"))["distribution"]
    hashes = {file["contentUrl"]: file["sha256"] for file in files if "sha256" in file}
    assert len(hashes) == len(SPLITS)
    for split in SPLITS:
        path = next(Path(sample).glob(f"{split}_*.csv"))
        assert path.name in hashes
        assert path.read_bytes() == croissant.label_bytes(split)


def test_the_real_data_are_given_no_hash():
    files = json.loads(croissant.card_text("first_impressions"))["distribution"]
    assert not any("sha256" in file for file in files)


def test_citation():
    citation = yaml.safe_load(read(ROOT / "CITATION.cff"))
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert citation["authors"][0]["name"] in read(ROOT / "LICENSE")
    kinds = {"name", "family-names", "given-names"}
    people = [*citation["authors"], *(a for one in citation["references"] for a in one["authors"])]
    assert all(set(person) <= kinds for person in people)


def test_the_replication_has_the_metadata_of_rescience():
    record = yaml.safe_load(read(DOCS / "metadata.yaml"))
    given = {"title", "authors", "keywords", "abstract", "type", "domain", "language"}
    may_be_empty = {"affiliations", "code", "data", "replication", "bibliography"}
    of_the_editor = {"review", "contributors", "dates", "article", "journal"}
    assert set(record) == given | may_be_empty | of_the_editor
    assert all(record[key] for key in given)
    assert record["title"].startswith("[Re] ")
    assert record["type"] == "Replication"
    assert "\n" not in record["abstract"]
    names = [author["name"] for author in record["authors"]]
    assert names == [
        author["name"] for author in yaml.safe_load(read(ROOT / "CITATION.cff"))["authors"]
    ]
    for key, parts in {
        "code": "url doi swh",
        "data": "url doi",
        "replication": "cite bib url doi",
    }.items():
        assert [name for one in record[key] for name in one] == parts.split()
    # The page says the same.
    page = read(DOCS / "replication.md")
    assert all(f"| {key} | {record[key]} |" in page for key in ("title", "domain", "language"))


def test_the_checklist_of_completeness_has_five_points():
    text = read(DOCS / "replication.md").partition("## The ML code completeness checklist")[2]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", text, re.MULTILINE)
    assert len(rows) == 1 + 5  # and the head

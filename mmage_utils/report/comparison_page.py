"""Two runs side by side, as lines of text and as one page of HTML that loads nothing."""

import base64
import html
import io
from string import Template

from PIL import Image

from mmage_utils.display.run_tables import beside_table, paired_table
from mmage_utils.display.sentences import percent, points
from mmage_utils.errors import first_few
from mmage_utils.files import file_sha256
from mmage_utils.report.alternative_text import saved_alternatives
from mmage_utils.report.asset_files import read_asset
from mmage_utils.report.html_tables import clean_table

WIDEST = 900  # pixels of a figure that stands beside another
CAUTION = (
    "An interval holds what other users would change, and not what another training would: two "
    "trainings with other seeds differ too."
)


def comparison_text(comparison):
    """A `RunComparison` as lines: what differs, and accuracy on test of every model."""
    first, second = comparison.names
    lines = [f"{first} ({comparison.data[0]}) and {second} ({comparison.data[1]})"]
    lines += [
        f"  {row.kind}: {row.name_} {row.first} | {row.second}"
        for row in comparison.differs.rename(columns={"name": "name_"}).itertuples()
    ]
    if comparison.differs.empty:
        lines.append("  nothing differs of data, code, parameters, versions, weights and machine")
    if comparison.same_data:
        lines += [
            f"  {row.model}: {percent(row.first)} | {percent(row.second)}, {points(row._asdict())}"
            for row in _accuracies(comparison.scores).itertuples()
        ]
        lines.append(difference_summary(comparison))
    return "\n".join([*lines, *(f"note: {note}" for note in comparison.notes)])


def _accuracies(scores):
    where = {"split": "test", "unit": "clip", "metric": "accuracy"}
    return scores[(scores[list(where)] == list(where.values())).all(axis=1)]


def difference_summary(comparison):
    """How many models' accuracies on test are shown to differ, and how many would by chance."""
    first, second = comparison.names
    rows = _accuracies(comparison.scores)
    if rows.empty:
        return f"{first} and {second} have no model in common that can be compared."
    better, worse = rows[rows["low"] > 0], rows[rows["high"] < 0]
    said = [
        f"better in {second}: {first_few(better['model'])}" if len(better) else "",
        f"worse in {second}: {first_few(worse['model'])}" if len(worse) else "",
    ]
    shown = "; ".join(filter(None, said)) or "none"
    return (
        f"Accuracy on test is shown to differ for {len(better) + len(worse)} of {len(rows)} models "
        f"({shown}). At 95% about one in twenty would be by chance. {CAUTION}"
    )


def render_comparison(comparison, folders):
    """The page: what differs, every score, and the figures of both runs.

    Parameters
    ----------
    comparison : run_comparison.RunComparison
    folders : sequence of pathlib.Path
        Of the two runs, whose figures are shown.

    Returns
    -------
    str
    """
    first, second = map(html.escape, comparison.names)
    made = [
        f"{name}: {data}" + (", no finding about people" if drawn else "")
        for name, data, drawn in zip(
            comparison.names, comparison.data, comparison.synthetic, strict=True
        )
    ]
    summary = difference_summary(comparison) if comparison.same_data else ""
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in comparison.notes)
    return Template(read_asset("comparison.html")).substitute(
        title=f"The runs {first} and {second}",
        data=html.escape("; ".join(made)),
        summary=f"<p>{html.escape(summary)}</p>" if summary else "",
        notes=f"<h2>Not compared</h2><ul>{notes}</ul>" if notes else "",
        differs=_differs(comparison),
        scores=_scores(comparison),
        figures=_figures(comparison.names, folders),
    )


def _differs(comparison):
    if comparison.differs.empty:
        return "<p>Nothing of data, code, parameters, versions, weights and machine.</p>"
    table = comparison.differs.copy()
    table.columns = ["kind", "name", *comparison.names]
    return _table(table)


def _table(table):
    markup = str(clean_table(table.to_html(index=False, escape=True)))
    return f'<div class="table" tabindex="0" role="region" aria-label="table">{markup}</div>'


def _scores(comparison):
    """A folded table for each split and unit."""
    scores, parts = comparison.scores, []
    for (split, unit), rows in scores.groupby(["split", "unit"], sort=False):
        shown = paired_table if comparison.same_data else beside_table
        opened = " open" if not parts else ""
        summary = f"{split}, per {unit}: {rows['model'].nunique()} models"
        table = _table(shown(rows, comparison.names))
        parts.append(f"<details{opened}><summary>{html.escape(summary)}</summary>{table}</details>")
    return "\n".join(parts) or "<p>No scores that both have.</p>"


def _figures(names, folders):
    """The figures of both runs next to each other, one that is the same once."""
    alts = [saved_alternatives(folder) for folder in folders]
    files = [
        {p.stem: p for p in sorted((folder / "figures").glob("[!.]*.png"))} for folder in folders
    ]
    parts = []
    for stem in sorted(files[0].keys() | files[1].keys()):
        paths = [one.get(stem) for one in files]
        if all(paths) and file_sha256(paths[0]) == file_sha256(paths[1]):
            shown = [("the same in both", paths[0], alts[0])]
        else:
            shown = list(zip(names, paths, alts, strict=True))
        sides = "".join(_side(who, path, alt.get(stem, stem)) for who, path, alt in shown)
        parts.append(f'<h3>{html.escape(stem)}</h3><div class="pair">{sides}</div>')
    return "\n".join(parts) or "<p>Neither run has figures.</p>"


def _side(name, path, alt):
    name = html.escape(name)
    if path is None:
        return f"<figure><figcaption>{name}: has none</figcaption></figure>"
    packed, image = io.BytesIO(), Image.open(path).convert("RGB")
    image.thumbnail((WIDEST, 2 * WIDEST))
    image.save(packed, "WEBP", quality=85, method=2)
    source = f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"
    return (
        f'<figure><figcaption>{name}</figcaption><img loading="lazy" src="{source}" '
        f'alt="{name}: {html.escape(alt)}" width="{image.width}" height="{image.height}"></figure>'
    )

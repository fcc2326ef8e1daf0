"""Commands on prediction files: check, score, and compare."""

from mmage_utils.cli.base import JsonFile, Labels, Predictions, Split, app, finish, say
from mmage_utils.errors import DataError


def _check(predictions, labels, split):
    """Print what is wrong with a prediction file; return findings, table and reference."""
    from mmage_utils.scores.prediction_check import check_predictions, read_reference

    reference = read_reference(labels, split=split)
    findings, table = check_predictions(predictions, reference)
    for finding in findings:
        say(f"{predictions}: {finding}")
    return findings, table, reference


@app.command()
def evaluate(
    predictions: Predictions, labels: Labels, json_file: JsonFile = None, split: Split = "test"
):
    """Score predictions, with intervals; the exit code is 1 if the file has a problem."""
    from mmage_utils.display.scorecard_text import scorecard_text
    from mmage_utils.scores.scorecard import make_scorecard

    findings, table, reference = _check(predictions, labels, split)
    if table is None:
        raise DataError(f"{predictions} cannot be scored.")
    card = make_scorecard(table, reference)
    say(("\n" if findings else "") + scorecard_text(card))
    finish(findings, json_file, card | {"findings": list(map(str, findings))})


@app.command()
def check_predictions(predictions: Predictions, labels: Labels, split: Split = "test"):
    """Print what is wrong with a prediction file, the evidence, and the likely fix."""
    findings, table, _ = _check(predictions, labels, split)
    if not findings:
        say(f"{predictions}: {len(table):,} clips, nothing wrong found.")
    finish(findings)


@app.command()
def compare(
    first: Predictions,
    second: Predictions,
    labels: Labels,
    json_file: JsonFile = None,
    split: Split = "test",
):
    """Compare two prediction files on the clips that both predict."""
    from mmage_utils.display.sentences import difference_sentence
    from mmage_utils.predictions import shared_clips
    from mmage_utils.scores import comparison

    checks = [_check(path, labels, split) for path in (first, second)]
    findings, tables, _ = zip(*checks, strict=True)
    if any(table is None for table in tables):
        raise DataError("The two files cannot be compared.")
    pair = shared_clips(tables)
    if pair[0].empty:
        raise DataError("The two files share no clip.")
    differences, tests = comparison.compare(*pair)
    say(f"{tests['clips']:,} clips of {tests['users']:,} users; {first} minus {second}")
    for row in differences.itertuples():
        name = row.metric.replace("_", " ")
        say(f"  {name:<18}{row.value:+.4f}  {row.low:+.4f}, {row.high:+.4f}")
    say(
        f"  McNemar: {tests['only_first']} clips right only in the first, {tests['only_second']} "
        f"only in the second, p = {tests['p_mcnemar']:.3g}; over users p = {tests['p_users']:.3g}"
    )
    say(difference_sentence("the first", "the second", differences.iloc[0]))
    finish(any(findings), json_file, {"differences": differences} | tests)

"""Make the tiny sample and the copies of the notebooks that run_tests.sh executes on it.

In the copies the Python of the exercises stands in cells at the end, so that it is run too.

.venv/bin/python tools/tiny_notebooks.py [--params params/tiny.yaml] [--target runs/tiny/nbval]
"""

import argparse
import re
from pathlib import Path

import nbformat
import pandas as pd

from mmage_utils.data.clips import MEDIA, read_clips
from mmage_utils.files import ROOT
from mmage_utils.report.notebook_copies import prepare_copies
from mmage_utils.report.notebook_reader import is_exercise
from mmage_utils.report.parameters import load_parameters
from mmage_utils.sample.write import make_sample

CUT = 500  # bytes that are left of a face


def leave_gaps(folder):
    """Make a sample like a real folder: a voice and a transcript lacking, and a face cut off.

    They are taken from the first clip of the largest age group in train, test and valid; a sample
    that has its gaps is left as it is.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    dict of str to str
        The clip of each medium that has a gap.
    """
    clips = read_clips(folder)
    clips = clips[(clips["AgeGroup"] == 4) & clips[list(MEDIA)].notna().any(axis=1)]
    first = clips.groupby("split").head(1).set_index("split")
    for split, medium in (("train", "audio"), ("test", "transcript")):
        if pd.notna(first.loc[split, medium]):
            Path(first.loc[split, medium]).unlink()
    face = Path(first.loc["valid", "image"])
    face.write_bytes(face.read_bytes()[:CUT])
    names = first["VideoName"]
    return {"audio": names["train"], "transcript": names["test"], "image": names["valid"]}


def exercise_blocks(notebook, language):
    """The fenced blocks of a language in the exercises of a notebook, as a list of str."""
    cells = [cell for cell in notebook.cells if is_exercise(cell)]
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return [block for cell in cells for block in fence.findall(cell.source)]


def add_exercises(paths):
    """Put the Python of each notebook's exercises into code cells at its end; return how many."""
    added = 0
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        blocks = exercise_blocks(notebook, "python")
        notebook.cells += [nbformat.v4.new_code_cell(block) for block in blocks]
        nbformat.write(notebook, path)
        added += len(blocks)
    return added


def main(arguments=None):
    """Make the sample, if it is missing, and the copies, and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--params", type=Path, default=ROOT / "params" / "tiny.yaml")
    parser.add_argument("--target", type=Path, default=ROOT / "runs" / "tiny" / "nbval")
    options = parser.parse_args(arguments)
    values = load_parameters(options.params)
    made = make_sample(ROOT / values["DATA_DIR"], n_clips=values["N_CLIPS"])
    gaps = leave_gaps(ROOT / values["DATA_DIR"])
    copies = prepare_copies(options.params, options.target)
    exercises = add_exercises(copies)
    print(
        f"{values['DATA_DIR']}: {values['N_CLIPS']} clips, {'made' if made else 'there already'}, "
        f"with gaps in {len(gaps)} of them"
    )
    print(f"{options.target}: {len(copies)} notebooks, with {exercises} exercises run")


if __name__ == "__main__":
    main()

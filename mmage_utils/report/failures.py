"""Why a notebook did not run to its end, as its user reads it."""

import re

# What a full disk, and a place without rights, make those who write say.
FULL = r"No space left on device|[Dd]isk quota exceeded|disk is full|File too large"
FULL += r"|PytorchStreamWriter failed|unexpected pos \d+|\d+ requested and \d+ written"
CLOSED = r"(?:Permission denied|Read-only file system)(?:: '[^']+')?|readonly database"


def find_failure(notebook, crash=None):
    """Describe the first code cell of an executed notebook that did not run to its end.

    Parameters
    ----------
    notebook : NotebookNode
        What papermill wrote.
    crash : Exception, optional
        What papermill raised, printed if the cell itself contains no reason.

    Returns
    -------
    str
        Number of the cell (among the code cells), its first lines, and the end of the error's
        traceback; empty if every cell ran.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    # A kernel that died leaves its cell marked as completed: it is the last one that started.
    started = [cell for cell in cells if cell.metadata.get("papermill", {}).get("start_time")]
    for number, cell in enumerate(cells, start=1):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        completed = cell.metadata.get("papermill", {}).get("status") == "completed"
        died = crash is not None and started[-1:] == [cell]
        if completed and cell.execution_count is not None and not errors and not died:
            continue
        if errors and errors[0].ename == "SystemExit":
            reason = f"SystemExit: {errors[0].evalue}"
        elif errors:
            reason = "\n".join(errors[0].traceback)
        else:  # a bad magic leaves its message on stderr, a dead kernel nothing at all
            printed = [output.text for output in cell.outputs if output.get("name") == "stderr"]
            reason = "".join(printed) or str(crash or "The cell did not run.")
        reason = re.sub(r"\x1b\[[\d;]*m", "", reason).strip().splitlines()[-8:]
        lines = [*cell.source.strip().splitlines()[:5], "", *reason]
        return f"in code cell {number}:\n" + "\n".join(f"    {line}".rstrip() for line in lines)
    return ""


def find_disk_trouble(text):
    """One sentence for a user whose disk is full or may not be written to; empty for other text.

    Parameters
    ----------
    text : str
        The error, or the end of its traceback.
    """
    if re.search(FULL, text):
        return "the disk is full: free some space, and the same command goes on where it stopped."
    closed = re.search(CLOSED, text)
    return f"a file may not be read or written there: {closed[0]}." if closed else ""

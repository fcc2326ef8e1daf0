"""Execute one notebook with papermill; `notebook_execution` starts this as a process."""

import json
import logging
import os
import sys
import threading
import warnings

START = 600  # s that a kernel may take to start and to import what its notebook will need


def main():
    """Execute as the first argument says, and print as JSON what papermill raised."""
    # What kernels print goes to the log, not into the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=end_with_input, daemon=True).start()
    # Errors are read from the notebook that papermill writes.
    logging.getLogger("papermill").setLevel(logging.CRITICAL + 1)
    import papermill
    from traitlets.config import Config

    crash = None
    try:
        with warnings.catch_warnings(action="ignore"):
            papermill.execute_notebook(
                **json.loads(sys.argv[1]),
                progress_bar=False,
                start_timeout=START,
                # By default the kernel warns that its connection is not encrypted.
                config=Config({"KernelManager": {"transport_encryption": "auto"}}),
            )
    except Exception as error:  # a cell that raised or a kernel that died
        crash = str(error) or repr(error)
    print(json.dumps({"crash": crash}), file=answer, flush=True)


def end_with_input():
    """End when the input does: the process at its other end has died or wants no more."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    main()

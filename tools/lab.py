"""JupyterLab on this machine, for the tests and for screenshots: served, opened and run."""

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90


@contextmanager
def serve(folder):
    """Serve a folder on loopback with the settings of this repository and none of the user's.

    Parameters
    ----------
    folder : path

    Yields
    ------
    str
        Address with its token.
    """
    with tempfile.TemporaryDirectory() as home:
        own = {
            "HOME": home,
            "JUPYTER_CONFIG_DIR": f"{home}/config",
            "JUPYTER_DATA_DIR": f"{home}/data",
            "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter"),
            "PYTHONPATH": str(ROOT),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        options = [
            "--no-browser",
            "--ip=127.0.0.1",
            "--port=0",
            "--allow-root",
            "--expose-app-in-browser",
            f"--LabApp.workspaces_dir={home}/workspaces",
            f"--LabApp.user_settings_dir={home}/settings",
        ]
        log = Path(home) / "log"
        with log.open("w") as stream:
            server = subprocess.Popen(  # noqa: S603, the command is all our own
                [sys.executable, "-m", "jupyterlab", *options],
                cwd=folder,
                env={**os.environ, **own},
                stdout=stream,
                stderr=stream,
            )
        try:
            yield _address(server, log)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _address(server, log):
    """Wait for the server to say where it is, in a line that is written to its end."""
    for _ in range(10 * START_SECONDS):
        found = re.search(r"(http://127\.0\.0\.1:\d+)/\S*(\?token=\w+)\s", log.read_text())
        if found:
            return "/".join(found.groups())
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def open_notebook(page, address, path):
    """Open a notebook in a browser page and wait until its kernel is ready.

    It gets a workspace of its own, as another one would bring back what was open before.
    """
    place, token = address.split("/?")
    page.goto(f"{place}/lab/workspaces/{Path(path).stem}/tree/{path}?{token}")
    page.wait_for_function("window.jupyterapp", timeout=1000 * START_SECONDS)
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    page.wait_for_function(
        """(path) => {
          const panel = window.jupyterapp.shell.currentWidget;
          return panel?.context?.path === path &&
            panel.sessionContext?.session?.kernel?.status === "idle";
        }""",
        arg=path,
        timeout=1000 * START_SECONDS,
    )


def run_all(page):
    """Choose Run All Cells, wait for the last cell, and return what the code cells did.

    Returns
    -------
    list of dict
        count, the execution count of each code cell, and errors, what its error outputs say.
    """
    return page.evaluate(
        """async () => {
          await window.jupyterapp.commands.execute("notebook:run-all-cells");
          const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells;
          return cells.filter((cell) => cell.cell_type === "code").map((cell) => {
            const made = cell.toJSON();
            return {
              count: made.execution_count,
              errors: made.outputs.filter((one) => one.output_type === "error")
                .map((one) => `${one.ename}: ${one.evalue}`),
            };
          });
        }"""
    )

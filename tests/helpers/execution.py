"""A stand-in for the execution of notebooks, which takes no process."""

from types import SimpleNamespace

from mmage_utils.report import notebook_execution


def replace_execution(monkeypatch, execute):
    """Let the runner call ``execute(source, target, parameters)`` for what a notebook does.

    It returns what `notebook_execution.finish` does.
    """

    def prepare(source, target, parameters, threads, *, late):
        return SimpleNamespace(source=source, target=target, parameters=parameters, told=target)

    def finish(one):
        return execute(one.source, one.target, one.parameters)

    monkeypatch.setattr(notebook_execution, "prepare", prepare)
    monkeypatch.setattr(notebook_execution, "go", lambda one: None)
    monkeypatch.setattr(notebook_execution, "ended", lambda running, seconds: list(running))
    monkeypatch.setattr(notebook_execution, "finish", finish)
    monkeypatch.setattr(notebook_execution, "stop", lambda running: None)

"""Running command lines in this process."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from coral_cli.app import main
from coral_cli.assembly.requests import EvalRequest, TrainRequest
from coral_cli.registry.catalog import Catalog


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Coral = Callable[..., Outcome]


@pytest.fixture
def coral(toy_catalog: Catalog, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Coral:
    """``coral(*words, width=80)``, with the toy catalog, not on a terminal."""
    quiet = Catalog(toy_catalog._entries)

    def run(*words: str, width: int = 80, catalog: Catalog = quiet) -> Outcome:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        code = main(words, catalog)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[TrainRequest | EvalRequest]:
    """What the commands ask for, instead of doing it."""
    asked: list[TrainRequest | EvalRequest] = []
    for command in ("train", "eval"):
        monkeypatch.setattr(f"coral_cli.commands.{command}.run_session", lambda request: asked.append(request) or 0)
    return asked


NOMINAL = 0.085
"""Seconds in which a usual machine starts Python with the libraries of the command line."""


@pytest.fixture
def seconds() -> Callable[..., tuple[float, str]]:
    """``seconds("--help", NAME="value")``: the best of three on a usual machine, and what was printed.

    Counts processor time, which on an idle machine is what a person waits, and which other tests cannot spoil; a slow
    machine is told by how long it takes to start Python.
    """

    def once(command: list[str], environ: dict[str, str]) -> tuple[float, str]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, *command]
        result = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result.stdout

    def best(*words: str, **environ: str) -> tuple[float, str]:
        start = min(once(["-c", "import typer.main, rich.console, pluggy"], {}) for _ in range(3))[0]
        spent, printed = min(once(["-m", "coral_cli", *words], environ) for _ in range(3))
        return spent * NOMINAL / start, printed

    return best

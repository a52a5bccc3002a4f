"""Running command lines in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from coral_cli.app import main
from coral_cli.registry.catalog import Catalog
from coral_cli.sessions.requests import EvalRequest, TrainRequest


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Coral = Callable[..., Outcome]


@pytest.fixture
def coral(toy_catalog: Catalog, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Coral:
    """``coral(*words, width=80)``, with the toy catalog, not on a terminal."""
    quiet = Catalog(toy_catalog)

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

"""Running command lines in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from coral_cli.app import main
from coral_cli.assembly.resolve import resolve
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.events import Event
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import to_line
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


MakeRun = Callable[..., RunDirectory]


@pytest.fixture
def make_run(toy_catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRun:
    """``make_run("runs/a", event, ..., seed=3, method="v-coral")``, in the working directory, without training any."""
    monkeypatch.chdir(tmp_path)

    def make(place: str, *events: Event, started: str = "2026-01-02T03:04:05+00:00", **flags: Any) -> RunDirectory:
        written = {"env": "maze", "method": "v-coral", "size": "tiny", "steps": 1000, "seed": 0, **flags}
        assembly = resolve({flag.replace("_", "-"): value for flag, value in written.items()}, toy_catalog)
        run = RunDirectory.create(tmp_path / place, "")
        run.write_metadata({"assembly": assembly.to_json(), "coral": "0.1.0", "started": started})
        if events:
            run.metrics.write_text("".join(to_line(event) + "\n" for event in events))
        return run

    return make


def began(budget: int = 1000) -> Event:
    return Event("start", 0, 0.0, {"name": "x", "env": "maze", "seed": 0, "budget": budget, "resumed": False})


def evaluated(step: int, mean: float, error: float | None = None, episodes: int = 10) -> Event:
    values = {"episodes": episodes, "return/mean": mean, "return/stderr": error}
    return Event("evaluation", step, float(step), values)


def ended(step: int, status: str = "done", best: float | None = None) -> Event:
    values = {"status": status, "seconds": float(step), "best_return": best, "message": "rm -r ~"}
    return Event("end", step, float(step), values)


@pytest.fixture
def told() -> SimpleNamespace:
    """Events of runs: ``told.began()``, ``told.evaluated(100, 5.0)``, ``told.ended(100, "failed")``."""
    return SimpleNamespace(began=began, evaluated=evaluated, ended=ended)

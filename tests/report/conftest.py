"""Runs that somebody might have made, without making them, and the program that reports on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from coral_cli.app import main
from coral_cli.registry.events import Event
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import MetricsWriter

V_CORAL = {"image-loss": "cv", "proprio-loss": "recon", "objective": "variational"}

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """``make_run("a", {1000: 5.0}, seed=1, components={"image-loss": "cv"}, options={"image-loss.weight": 2})``."""

    def make(
        name: str,
        returns: Mapping[int, float | None],
        components: Mapping[str, str] = V_CORAL,
        options: Mapping[str, Any] | None = None,
        metric: str = "return",
        pace: float = 100,
        updates: Mapping[int, Mapping[str, Any]] = MappingProxyType({}),
        **settings: Any,
    ) -> Path:
        parts = {"env": "cartpole-swingup", "policy": "sac", **components}
        settings = {"seed": 0, "distraction": [], "steps": 100_000, "batch_size": 32, **settings}
        choices = {slot: {"component": component, "options": {}} for slot, component in parts.items()}
        for flag, value in (options or {}).items():
            slot, _, option = flag.rpartition(".")
            choices[slot]["options"][option] = value
        run = RunDirectory.create(tmp_path / name, "")
        run.write_metadata(
            {
                "command": f"coral train --out {name} <b>",
                "assembly": {"choices": choices, "settings": settings},
                "coral": "0.1.0",
                "started": "2026-01-02T03:04:05+00:00",
                "device": "cpu",
                "machine": {"cpus": 2, "gpus": []},
            }
        )
        with MetricsWriter(run.metrics) as write:
            for step, value in returns.items():
                write(Event("evaluation", step, step / pace, {"episodes": 10, f"{metric}/mean": value}))
            for step, values in updates.items():
                write(Event("update", step, step / pace, values))
        return run.path

    return make


@pytest.fixture
def report(capsys, tmp_path, monkeypatch):
    """``report("x", "--at", "1k")``: exit code, output, errors, with the directory of all runs as the working one."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["report", *words])
        return code, *capsys.readouterr()

    return run

"""Runs that are planned by hand, and a program that stands in for coral."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from coral_cli.assembly.resolve import resolve
from coral_cli.plugin import Job
from coral_cli.registry.catalog import Catalog
from coral_cli.study.checking import Run
from coral_cli.study.plan import Planned

PROGRAM = """
import json, pathlib, signal, sys, time
words = sys.argv[1:]
assert words[0] == "train" and words[-1] == "--auto-resume", words
if "--init-from" in words:
    assert (pathlib.Path(words[words.index("--init-from") + 1]) / "metrics.jsonl").exists()
run = pathlib.Path(words[words.index("--out") + 1])
kind = words[1]
run.mkdir(exist_ok=True)
def tell(what, step, **values):
    with (run / "metrics.jsonl").open("a") as file:
        event = {"kind": what, "step": step, "seconds": step / 10, "values": values}
        print(json.dumps(event), file=file)
resumed = (run / "saved").exists()
def save(*_):
    (run / "saved").touch()
    tell("end", 40, status="interrupted", seconds=4.0, best_return=None, message="")
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
with open("order", "a") as file:
    print(run.name, "resumed" if resumed else "new", file=file)
tell("start", 40 if resumed else 0, budget=100, resumed=resumed, name=run.name)
if kind == "--fails":
    print("error: the arm does not answer")
    print("hint: plug it in")
    sys.exit(1)
if kind == "--dies":
    print("a line that is no error")
    sys.exit(5)
if kind == "--raises":
    raise ValueError("no such arm")
if kind == "--stays" and not resumed:
    tell("evaluation", 40, **{"return/mean": 1.5})
    time.sleep(600)
tell("evaluation", 100, **{"return/mean": 7.5})
tell("end", 100, status="done", seconds=10.0, best_return=7.5, message="")
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with a sweep's directory ``sweep`` in it."""
    (tmp_path / "sweep" / "logs").mkdir(parents=True)
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def made(place: Path, toy_catalog: Catalog) -> Callable[..., tuple[list[Run], list[Job]]]:
    """``made(a="--works", b="--fails")``: runs of 100 steps by name, and their jobs.

    ``after`` says which of them wait for which others.
    """

    def make(after: Mapping[str, str] = MappingProxyType({}), **kinds: str) -> tuple[list[Run], list[Job]]:
        from coral_cli.study.jobs import job_of

        runs = [
            Run(
                Planned(name, (kind,), after=after.get(name, "")),
                resolve({"steps": 100, "rssm.gru": 10 + len(kind)}, toy_catalog),
            )
            for name, kind in kinds.items()
        ]
        words = (sys.executable, str(place / "program.py"))
        return runs, [job_of(run, place / "sweep", [], words) for run in runs]

    return make

"""Whether an engine keeps the contract of ``Engine`` and ``EngineModule``."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from coral_cli.registry.jobs import EngineModule, Job, JobStatus
from coral_cli.registry.records import Engine
from coral_cli.testing.failures import failures_of, require, settle
from coral_cli.testing.records import RECORD

PATIENCE = 300.0
"""Seconds in which a job of a moment has to be over."""
TICK = 0.05

SPEAKS = "print('mine', flush=True); open('here', 'a').write('x')"
FAILS = "import sys; sys.exit(3)"
HELD = """
import os, time
open({name!r}, "w").write(str(time.time()))
while not os.path.exists("go"):
    time.sleep(0.05)
open({name!r}, "a").write(" " + str(time.time()))
"""
SAVES = """
import pathlib, signal, sys, time
def save(*_):
    pathlib.Path("asked").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.05)
    pathlib.Path("saved").touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
pathlib.Path("begun").touch()
time.sleep(600)
"""


@dataclass(frozen=True)
class Case:
    """An engine and the options to build it with."""

    record: Engine
    options: object

    @contextmanager
    def built(self, most: int) -> Iterator[tuple[EngineModule, Path]]:
        """Give an engine of ``most`` jobs at a time, and the directory that it works for."""
        with ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield stack.enter_context(closing(self.record.build(self.options, place, most))), place


def check_engine(record: Engine, options: object | None = None) -> None:
    """Raise ConformanceError where ``record``, built with ``options`` (default: its own), breaks a rule.

    It is given jobs of a moment, which are to run where ``record`` runs what it is given.
    """
    failures = failures_of(record, RECORD)
    case = Case(record, options or record.options)
    failures = failures or failures_of(case, (_outcomes,), (_order, _again), (_cancel,))
    settle(f"engine {record.name!r}", failures)


def _outcomes(case: Case) -> None:
    """Require that a job that ends well is done, another has failed, and both have left what they said."""
    with case.built(2) as (engine, folder):
        require(bool(engine.about), "it does not say how jobs are run.", "Give it an attribute `about`.")
        engine.submit([_job("speaks", SPEAKS, folder), _job("fails", FAILS, folder)])
        statuses = _over(engine)
        seen = {name: status.state for name, status in statuses.items()}
        hint = "Exit code 0 is done, any other failed."
        require(seen == {"speaks": "done", "fails": "failed"}, f"jobs that end with 0 and with 3 are {seen}.", hint)
        require(bool(statuses["fails"].reason), "it does not say why a job has failed.", "Give the exit code.")
        require((folder / "here").exists(), "a job is not started in its directory.", "See Job.directory.")
        log = (folder / "speaks.log").read_text() if (folder / "speaks.log").exists() else ""
        require("mine" in log, "what a job prints is not in its log.", "See Job.log.")


def _order(case: Case) -> None:
    """Require that jobs begin in their order, and no more at a time than asked for."""
    with case.built(1) as (engine, folder):
        names = ["first", "second", "third"]
        with _held_up(folder):
            engine.submit([_job(name, HELD.format(name=name), folder) for name in names])
            _until(engine, lambda found: any((folder / name).exists() for name in names))
            states = {name: status.state for name, status in engine.poll().items()}
            begun = [name for name in names if states[name] != "pending" or (folder / name).exists()]
        _over(engine)
        times = [float(word) for name in names for word in (folder / name).read_text().split()]
        hint = "Start jobs in their order, at most `most` at a time."
        in_order = begun == ["first"] and times == sorted(times)
        require(in_order, "with most=1, jobs run side by side or in another order.", hint)


def _again(case: Case) -> None:
    """Require that a job that is over can be submitted again, which goes on with its log."""
    with case.built(1) as (engine, folder):
        for _ in range(2):
            engine.submit([_job("speaks", SPEAKS, folder)])
            state = _over(engine)["speaks"].state
            require(state == "done", f"a job that is submitted again is {state}.", "Run it once more.")
        require((folder / "here").read_text() == "xx", "a job is not run again.", "Run it once more.")
        hint = "Append to Job.log."
        require((folder / "speaks.log").read_text().count("mine") == 2, "the log of before is lost.", hint)


def _cancel(case: Case) -> None:
    """Require that what runs can save when it is cancelled, and that nothing else is started."""
    with case.built(1) as (engine, folder):
        with _held_up(folder):
            engine.submit([_job("saves", SAVES, folder), _job("waits", SPEAKS, folder)])
            _until(engine, lambda found: (folder / "begun").exists() and found["saves"].state != "pending")
            running = engine.poll()["saves"].state
            require(running == "running", f"a job that runs is {running}.", "See JobStatus.")
            engine.cancel(at_once=False)
            _until(engine, lambda found: (folder / "asked").exists() or found["saves"].state != "running")
        states = {name: status.state for name, status in _over(engine).items()}
        expected = {"saves": "preempted", "waits": "preempted"}
        require(states == expected, f"jobs that are cancelled are {states}.", "All of them are preempted.")
        require((folder / "saved").exists(), "a job is ended before it can save.", "Send SIGTERM, and wait.")
        require(not (folder / "here").exists(), "a job is started after all.", "Start nothing after cancel().")


@contextmanager
def _held_up(folder: Path) -> Iterator[None]:
    """Let jobs in ``folder`` go on only at the end, however it ends."""
    try:
        yield
    finally:
        (folder / "go").touch()


def _job(name: str, program: str, folder: Path) -> Job:
    return Job(name, (sys.executable, "-c", program), folder, folder / f"{name}.log")


def _over(engine: EngineModule) -> Mapping[str, JobStatus]:
    """Return the statuses of jobs once all are over."""
    return _until(engine, lambda found: all(status.state not in ("pending", "running") for status in found.values()))


def _until(engine: EngineModule, met: Callable[[Mapping[str, JobStatus]], bool]) -> Mapping[str, JobStatus]:
    end = time.monotonic() + PATIENCE
    while not met(found := engine.poll()):
        late = ", ".join(f"{name} is {status.state}" for name, status in found.items())
        require(time.monotonic() < end, f"{PATIENCE:.0f} seconds were not enough: {late}.", "Say how jobs are.")
        time.sleep(TICK)
    return found

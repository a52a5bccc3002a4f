"""Whether an observer keeps the contract of ``Observer`` and ``ObserverModule``."""

from __future__ import annotations

import contextlib
import copy
import io
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coral_cli.registry.events import Event
from coral_cli.registry.records import Observer
from coral_cli.runs.pictures import write_png
from coral_cli.runs.video import write_video
from coral_cli.testing.failures import failures_of, require, settle
from coral_cli.testing.records import RECORD

STORY: tuple[Event, ...] = (
    Event(
        "start",
        0,
        0.0,
        {
            "name": "toy-seed0",
            "out": "runs/toy-seed0",
            "command": "coral train --env toy",
            "env": "toy",
            "seed": 0,
            "device": "cpu",
            "renderer": "raycast",
            "budget": 100,
            "resumed": False,
            "replay_bytes": 1000,
            "flag/policy": "sac",
            "flag/policy.hidden": 128,
            "flag/init-from": None,
        },
    ),
    Event("note", 0, 0.1, {"message": "100 steps will take about a second."}),
    Event("episode", 12, 0.5, {"episode": 1, "return": 3.5, "length": 12, "random": True, "metrics/success": 0.0}),
    Event(
        "update",
        12,
        0.9,
        {"updates": 6, "loss/total": 7.5, "loss/image": math.nan, "gradient/model": math.inf, "updates_per_s": 20.0},
    ),
    Event("evaluation", 12, 1.2, {"episodes": 1, "return/mean": 4.0, "return/stderr": None, "length/mean": 12.0}),
    Event(
        "film",
        12,
        1.2,
        {"path": "videos/film.mp4", "picture": "videos/film.png", "cameras": "image", "return": 4.5},
    ),
    Event("checkpoint", 12, 1.3, {"path": "runs/toy-seed0/checkpoints/latest.pt"}),
    Event("warning", 12, 1.4, {"message": "something is odd."}),
    Event("end", 12, 1.5, {"status": "done", "seconds": 1.5, "best_return": None, "message": ""}),
)
"""The events of a short run, of every kind, with values that are not finite or not there."""


@dataclass(frozen=True)
class Case:
    """An observer and the options to build it with."""

    record: Observer
    options: object

    def hear(self, run: Path) -> tuple[Event, ...]:
        """Let an observer hear a whole run, with a film; return the events as they are afterwards."""
        _film(run / "videos")
        module, story = self.record.build(self.options, run), copy.deepcopy(STORY)
        for event in story:
            module(event)
        module.close()
        return story


def _film(folder: Path) -> None:
    """Write what a film event speaks of: three frames, and one of them as a picture."""
    frame = np.zeros((64, 64, 3), np.uint8)
    folder.mkdir(exist_ok=True)
    write_video(folder / "film.mp4", [frame, frame + 100, frame + 200], 10)
    write_png(folder / "film.png", frame)


def check_observer(record: Observer, options: object | None = None) -> None:
    """Raise ConformanceError where ``record``, built with ``options`` (default: its own), breaks a rule."""
    failures = failures_of(record, RECORD)
    failures = failures or failures_of(Case(record, options or record.options), (_story,), (_again, _output, _events))
    settle(f"observer {record.name!r}", failures)


def _story(case: Case) -> None:
    """Require that the observer hears events of every kind to the end."""
    with tempfile.TemporaryDirectory() as run:
        case.hear(Path(run))


def _again(case: Case) -> None:
    """Require that it goes on in a resumed run's directory, which an observer has already written to."""
    with tempfile.TemporaryDirectory() as run:
        case.hear(Path(run))
        case.hear(Path(run))


def _output(case: Case) -> None:
    out = io.StringIO()
    with tempfile.TemporaryDirectory() as run, contextlib.redirect_stdout(out):
        case.hear(Path(run))
    hint = "Write to standard error, or to a file in the run's directory."
    require(not out.getvalue(), "it prints on standard output, which belongs to the command.", hint)


def _events(case: Case) -> None:
    with tempfile.TemporaryDirectory() as run:
        heard = case.hear(Path(run))
    require(repr(heard) == repr(STORY), "it changes the values of an event.", "Work on a copy: dict(event.values).")

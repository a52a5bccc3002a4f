"""How far a run has come and what has become of it, from the end of its metrics.jsonl and from its lock."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.events import Event
from coral_cli.runs.backwards import backwards
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import beginning, event_of, is_number

State: TypeAlias = Literal["training", "stopped", "failed", "done"]

STATES: dict[str, State] = {"done": "done", "failed": "failed", "interrupted": "stopped"}
"""What a run is, by the status of the event with which it ended."""

QUIET = 600.0
"""Seconds without a word after which a run is taken to be dead, where the file system does not tell who trains."""

START, END, EVALUATION = map(beginning, ("start", "end", "evaluation"))


@dataclass(frozen=True)
class Standing:
    """What a run has come to. Returns are means over the episodes of an evaluation, as the run finally went."""

    state: State
    newest: Event | None = None
    """The last event (None: nothing has been told yet)."""
    end: Event | None = None
    """The event with which the run ended; None where it goes on, or its process has died without a word."""
    evaluation: Event | None = None
    """The last evaluation."""
    best: float | None = None
    """The best return of an evaluation."""

    @property
    def step(self) -> int:
        """The steps so far; updates, of a run on recorded data."""
        return self.newest.step if self.newest else 0

    @property
    def last(self) -> float | None:
        """The return of the last evaluation."""
        return _return(self.evaluation) if self.evaluation else None


@dataclass
class _Seen:
    """What the lines have told so far, the last first.

    ``seconds`` is where the part of the run begins that was repeated later, after it had been resumed.
    """

    newest: Event | None = None
    ended: Event | None = None
    begun: bool = False
    evaluation: Event | None = None
    best: float | None = None
    seconds: float = math.inf
    complete: bool = False

    def take(self, event: Event) -> None:
        counts = event.seconds <= self.seconds
        self.newest = self.newest or event
        if event.kind == "start":
            self.begun = True
            if event.values.get("resumed"):
                self.seconds = min(self.seconds, event.seconds)
        elif event.kind == "end":
            if not self.begun and self.ended is None:
                self.ended = event
            self.complete = self.complete or (counts and self._settled(event))
        elif event.kind == "evaluation" and counts:
            self.evaluation = self.evaluation or event
            self._raise_best(_return(event))

    def _settled(self, end: Event) -> bool:
        """Take the best return so far from an event that tells it; return whether no older line can add to it."""
        best = end.values.get("best_return")
        self._raise_best(float(best) if is_number(best) else None)
        return "best_return" in end.values

    def _raise_best(self, value: float | None) -> None:
        if value is not None:
            self.best = value if self.best is None else max(self.best, value)


def standing(run: RunDirectory) -> Standing:
    """Look how a run stands, at the end of its metrics alone as far as that tells. Raises UnreadableError."""
    held = run.is_held()
    seen = _Seen()
    if run.metrics.exists():
        _look(run, seen)
    end = None if held else seen.ended
    if held:
        state: State = "training"
    elif end is not None:
        state = STATES.get(str(end.values.get("status")), "stopped")
    else:
        state = "training" if held is None and speaks(run) else "stopped"
    return Standing(state, seen.newest, end, seen.evaluation, seen.best)


def _look(run: RunDirectory, seen: _Seen) -> None:
    damaged = False
    for line in backwards(run.metrics):
        if seen.complete and (seen.evaluation or seen.best is None):
            return
        if seen.newest is None or line.startswith((START, END, EVALUATION)):
            try:
                seen.take(event_of(line))
            except UnreadableError:
                damaged = True
    if damaged and seen.newest is None:
        raise UnreadableError(f"{run.metrics} is damaged: no line of it is an event.")


def speaks(run: RunDirectory) -> bool:
    """Whether a run has written anything lately."""
    with suppress(OSError):
        path = run.metrics if run.metrics.exists() else run.metadata
        return time.time() - path.stat().st_mtime < QUIET
    return False


def _return(event: Event) -> float | None:
    value = event.values.get("return/mean")
    return float(value) if is_number(value) else None

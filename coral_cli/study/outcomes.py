"""What a run's files say of it while it goes on, and when it is over."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from coral_cli.display.estimates import Range
from coral_cli.display.progress import Progress
from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.events import Event
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import event_of

TAIL = 1 << 18
"""Bytes at the end of a run's events in which its last evaluation is looked for."""
LOOK = 1 << 23
"""Bytes that are taken in at a look, at most: of a long run that goes on, the rest waits for the next one."""

_ERROR = re.compile(r"error:(.*)|([\w.]*(?:Error|Exception)\b.*)")


@dataclass(frozen=True)
class Seen:
    """How far a run has come: steps, seconds of training, its last return; ``done`` when nothing is left to do."""

    step: int
    seconds: float
    value: float | None
    done: bool


def seen(run: Path, steps: int) -> Seen:
    """Return how far a run has come that is to do ``steps``, from the last of its events."""
    last: Event | None = None
    ending: Event | None = None
    value: float | None = None
    for event in _backwards(RunDirectory(run).metrics):
        last = last or event
        if event.kind in ("start", "end"):
            ending = ending or event
        if event.kind == "evaluation":
            value = event.values.get("return/mean")
            break
    if last is None:
        return Seen(0, 0.0, None, False)
    done = ending is not None and ending.kind == "end" and ending.values.get("status") == "done"
    return Seen(last.step, last.seconds, value, done and last.step >= steps)


def _backwards(path: Path) -> Iterable[Event]:
    """Yield the last events of a file, the very last one first; what cannot be read is left out."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            lines = file.read().splitlines()
    except OSError:
        return
    yield from filter(None, map(_event, reversed(lines)))


class Follower:
    """A reader of a run's events as they are written; ``progress`` is what they come to."""

    def __init__(self, run: Path) -> None:
        self.progress = Progress()
        self._path = RunDirectory(run).metrics
        self._place, self._file, self._rest, self._heard = 0, 0, b"", time.monotonic()

    def look(self) -> None:
        """Take in what was written since the last look."""
        try:
            with self._path.open("rb") as file:
                about = os.fstat(file.fileno())
                if about.st_ino != self._file or about.st_size < self._place:  # the run was started afresh
                    self.progress, self._file, self._place, self._rest = Progress(), about.st_ino, 0, b""
                file.seek(self._place)
                content = file.read(LOOK)
        except OSError:  # it has not begun
            return
        self._place += len(content)
        *lines, self._rest = (self._rest + content).split(b"\n")
        for event in filter(None, map(_event, lines)):
            self._take(event)

    @property
    def value(self) -> float | None:
        """The mean return of the last evaluation, or else of the last training episodes."""
        evaluation = self.progress.evaluation
        return evaluation.values.get("return/mean") if evaluation else self.progress.mean_return

    @property
    def eta(self) -> Range | None:
        """The seconds until the run is done, at least and at most; None where that is not known."""
        if self.progress.eta is None:
            return None
        since = time.monotonic() - self._heard
        low, high = self.progress.eta
        return max(0.0, low - since), max(0.0, high - since)

    def _take(self, event: Event) -> None:
        if event.kind == "start":
            self.progress.end = None
            event = replace(event, values={**event.values, "resumed": False})  # what was before has been read here
        with suppress(ValueError, TypeError, KeyError, AttributeError):  # the file is not as coral writes it
            self.progress(event)
        self._heard = time.monotonic()


def _event(line: bytes) -> Event | None:
    try:
        return event_of(line)
    except UnreadableError:
        return None


def last_error(log: Path, start: int = 0) -> str:
    """Return the last error in a log, from byte ``start`` on: coral's own, or one that Python has told; else ""."""
    try:
        with log.open("rb") as file:
            file.seek(max(start, os.fstat(file.fileno()).st_size - TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    found = next(filter(None, map(_ERROR.match, reversed(lines))), None)
    return (found[1] or found[2]).strip() if found else ""

"""How far a run is, and its journal: events with the counters and the clock of their moment, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.events import Event, EventKind
from coral_cli.training.interruption import Interruption


@dataclass
class Progress:
    """The counters of a run; a checkpoint holds them, so that a resumed run goes on with them."""

    steps: int = 0
    episodes: int = 0
    updates: int = 0
    pending: int = 0
    """The updates still to do before the next episode."""
    evaluated: int = 0
    """The number of episodes at the last evaluation."""
    filmed: int = 0
    """The number of episodes at the last film of an evaluation."""
    seconds: float = 0.0
    best_return: float | None = None

    @classmethod
    def of(cls, counters: Mapping[str, Any]) -> Progress:
        """Take up what a checkpoint holds. Raises UnreadableError for counters that there are not."""
        try:
            return cls(**counters)
        except TypeError as error:
            raise UnreadableError(f"the checkpoint is of another version of coral ({error}).") from error


class Supervisor(Protocol):
    """Someone whom a training loop tells of its events, who saves its state, and who says whether it is to stop."""

    @property
    def interruption(self) -> Interruption:
        """What is true once the loop is to stop."""
        ...

    def emit(self, event: Event) -> None:
        """Take an event."""
        ...

    def save(self, state: Mapping[str, Any], best: bool) -> str:
        """Keep a checkpoint, with ``best`` as the best so far, and return its path."""
        ...


class Journal:
    """A journal of a loop, told to ``supervisor``. Its clock goes on from the seconds of ``progress``."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.progress = Progress()
        self._supervisor = supervisor
        self._start_clock()

    def _start_clock(self) -> None:
        self._began, self._first_step = time.monotonic(), self.progress.steps
        self._seconds_before = self.progress.seconds

    def begin(self, **values: Any) -> None:
        """Start the clock and emit the start event with ``values``."""
        self._start_clock()
        self.emit("start", **values)

    def emit(self, kind: EventKind, **values: Any) -> None:
        """Tell of an event, with the counters and the time of this moment."""
        self.read_clock()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._supervisor.emit(Event(kind, self.progress.steps, self.progress.seconds, values, now))

    def checkpoint(self, state: Mapping[str, Any], best: bool = False) -> None:
        """Save ``state``, to which the progress is added, and tell of it."""
        self.read_clock()
        path = self._supervisor.save({"progress": dict(vars(self.progress)), **state}, best)
        self.emit("checkpoint", path=path)

    def read_clock(self) -> None:
        """Bring the progress's seconds up to date."""
        self.progress.seconds = self._seconds_before + time.monotonic() - self._began

    @property
    def steps_per_second(self) -> float:
        """The environment steps per second since ``begin``."""
        return (self.progress.steps - self._first_step) / (time.monotonic() - self._began)

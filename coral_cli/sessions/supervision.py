"""What every training loop needs around it: events and checkpoints kept, interruptions heeded, an ending told."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from coral_cli.registry.errors import CoralError
from coral_cli.registry.events import Event, Listener
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.runs.checkpoint import save_latest
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import MetricsWriter
from coral_cli.sessions.observing import Makers, Observers
from coral_cli.training.interruption import Interruption
from coral_cli.training.progress import Journal


class Loop(Protocol):
    """A training loop, as far as it is supervised."""

    journal: Journal

    def run(self) -> None: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class After:
    """What to do next, with ``{run}`` for the run's directory."""

    done: str
    interrupted: str
    flags: str = ""
    """What else that takes."""

    def said(self, run: RunDirectory, interrupted: bool) -> str:
        """The sentence for the end."""
        return (self.interrupted if interrupted else self.done).format(
            run=shlex.quote(as_written(run.path))
        ) + self.flags


@dataclass(frozen=True)
class Supervision:
    """What a loop is given: whom it tells of its events, where it saves, and whether it is to stop."""

    run: RunDirectory
    record: Json
    """Goes into every checkpoint."""
    display: Listener
    metrics: MetricsWriter
    observing: Observers
    interruption: Interruption

    def emit(self, event: Event) -> None:
        """Writes an event down and shows it."""
        if "message" in event.values:
            event = replace(event, values={**event.values, "message": as_written(event.values["message"])})
        self.metrics(event)
        try:
            self.display(event)
        except (OSError, SystemExit):  # nobody reads it any more (rich exits then): save what there is, and end
            self.interruption.signal = self.interruption.signal or signal.SIGPIPE
        for problem in self.observing.hear(event):
            self.emit(Event("warning", event.step, event.seconds, {"message": problem}))

    def save(self, state: Mapping[str, Any], best: bool) -> str:
        """Keeps a state as a checkpoint, with ``best`` as the best so far, and returns its path."""
        return as_written(save_latest(self.run.checkpoints, state["progress"]["steps"], self.record, dict(state), best))

    def carry_out(self, loop: Loop, after: After) -> int:
        """Runs ``loop`` until its end or an interruption, and tells the ending; returns the exit code."""
        status, message = "failed", ""
        try:
            loop.run()
            status = "interrupted" if self.interruption else "done"
            message = after.said(self.run, bool(self.interruption))
        except KeyboardInterrupt:
            status, message = "interrupted", "stopped at once, without saving"
            raise
        except CoralError as error:
            loop.journal.emit("warning", message=error.message)
            raise
        finally:
            best, seconds = loop.journal.progress.best_return, loop.journal.progress.seconds
            loop.journal.emit("end", status=status, seconds=seconds, best_return=best, message=message)
            for problem in self.observing.close():
                loop.journal.emit("warning", message=problem)
        return self.interruption.exit_code


@contextmanager
def supervised(run: RunDirectory, record: Json, display: Listener, observers: Makers) -> Iterator[Supervision]:
    """Holds ``run`` while a loop trains in it. Raises UsageError when another process does."""
    with (
        run.held(),
        Interruption() as interruption,
        MetricsWriter(run.metrics) as metrics,
        closing(Observers(observers, run.path)) as observing,
    ):
        yield Supervision(run, record, display, metrics, observing, interruption)

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
    """The advice what to do next, with ``{run}`` for the run's directory."""

    done: str
    interrupted: str
    flags: str = ""
    """The flags that this takes beside."""

    def said(self, run: RunDirectory, interrupted: bool) -> str:
        """Return the sentence for the end."""
        return (self.interrupted if interrupted else self.done).format(
            run=shlex.quote(as_written(run.path))
        ) + self.flags


@dataclass(frozen=True)
class Supervision:
    """The supervisor of a loop, which hears its events, saves its state, and says whether it is to stop."""

    run: RunDirectory
    record: Json
    """The record that goes into every checkpoint."""
    display: Listener
    metrics: MetricsWriter
    observing: Observers
    interruption: Interruption

    def emit(self, event: Event) -> None:
        """Write an event down and show it."""
        if "message" in event.values:
            event = replace(event, values={**event.values, "message": as_written(event.values["message"])})
        self.metrics(event)
        try:
            self.display(event)
        except (OSError, SystemExit):  # nobody reads it any more (rich exits then): save what there is, and end
            self.interruption.signal = self.interruption.signal or signal.SIGPIPE
        for problem in self.observing.hear(event):
            self.emit(replace(event, kind="warning", values={"message": problem}))

    def save(self, state: Mapping[str, Any], best: bool) -> str:
        """Keep a state as a checkpoint, with ``best`` as the best so far, and return its path."""
        return as_written(save_latest(self.run.checkpoints, state["progress"]["steps"], self.record, dict(state), best))

    def carry_out(self, loop: Loop, after: After) -> int:
        """Run ``loop`` until its end or an interruption, and tell the ending; return the exit code."""
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
    """Hold ``run`` while a loop trains in it. Raises UsageError when another process does."""
    with (
        run.held(),
        Interruption() as interruption,
        MetricsWriter(run.metrics) as metrics,
        closing(Observers(observers, run.path)) as observing,
    ):
        yield Supervision(run, record, display, metrics, observing, interruption)

"""What every training loop needs around it: events and checkpoints kept, interruptions heeded, an ending told."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from coral_cli.assembly.assembly import Assembly
from coral_cli.registry.errors import CoralError, NotFiniteError, described
from coral_cli.registry.events import Event, Listener
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.registry.stopping import Stopped
from coral_cli.runs.checkpoint import save_latest
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import MetricsWriter
from coral_cli.sessions.blame import naming
from coral_cli.sessions.observing import Makers, Observers
from coral_cli.training.finiteness import finite
from coral_cli.training.interruption import Interruption
from coral_cli.training.progress import Journal, Progress


class Loop(Protocol):
    """A training loop, as far as it is supervised."""

    journal: Journal

    def run(self) -> None: ...

    def checkpoint(self) -> None: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class After:
    """The advice what to do next, with ``{run}`` for the run's directory."""

    done: str
    go_on: str
    flags: str = ""
    """The flags that this takes beside."""

    def said(self, run: RunDirectory, what: str) -> str:
        """Return one of the two, for ``run``."""
        return what.format(run=shlex.quote(as_written(run.path))) + self.flags


@dataclass(frozen=True)
class Supervision:
    """The supervisor of a loop, which hears its events, saves its state, and says whether it is to stop."""

    run: RunDirectory
    assembly: Assembly
    metadata: Json
    """The metadata that goes into every checkpoint."""
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
        return as_written(
            save_latest(self.run.checkpoints, state["progress"]["steps"], self.metadata, dict(state), best)
        )

    def carry_out(self, loop: Loop, after: After, find_fault: Callable[[], str]) -> int:
        """Run ``loop`` until its end or an interruption, and tell the ending; return the exit code.

        ``find_fault`` says where numbers have stopped being finite, if they have.
        """
        try:
            with naming(self.assembly), self.interruption:
                loop.run()
        except (KeyboardInterrupt, Stopped) as stopped:
            stopped.told = True  # type: ignore[union-attr]
            self._end(loop, "interrupted", "stopped at once, without saving")
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, NotFiniteError):
                with suppress(Exception):  # a second fault must not hide the first
                    error.message = f"{error.message.rstrip('.')}{find_fault()}."
            with suppress(CoralError):  # where nothing can be written, that is the error
                message = self._rescued(loop, after, error)
                loop.journal.emit(
                    "warning", message=error.message if isinstance(error, CoralError) else described(error)
                )
                self._end(loop, "failed", message)
            raise
        if self.interruption:
            self._end(loop, "interrupted", f"saved; go on with: {after.said(self.run, after.go_on)}")
        else:
            self._end(loop, "done", after.said(self.run, after.done))
        return self.interruption.exit_code

    def _end(self, loop: Loop, status: str, message: str) -> None:
        best, seconds = loop.journal.progress.best_return, loop.journal.progress.seconds
        loop.journal.emit("end", status=status, seconds=seconds, best_return=best, message=message)
        for problem in self.observing.close():
            loop.journal.emit("warning", message=problem)

    def _rescued(self, loop: Loop, after: After, error: BaseException) -> str:
        """Save what ``loop`` has come to before ``error``, unless that is broken; say where to go on."""
        saved = False
        if not isinstance(error, NotFiniteError):
            with suppress(Exception):  # a second fault must not hide the first
                if finite(loop.state_dict()):
                    loop.checkpoint()
                    saved = True
        go_on = after.said(self.run, after.go_on)
        if saved:
            return f"saved as it was before the error; once that is mended, go on with: {go_on}"
        return f"not saved; the last checkpoint remains: {go_on}" if self.run.has_saved else "nothing was saved"


@contextmanager
def supervised(
    run: RunDirectory, assembly: Assembly, metadata: Json, display: Listener, observers: Makers
) -> Iterator[Supervision]:
    """Give a loop what it needs to train the agent of ``assembly`` in ``run``, which is held."""
    with MetricsWriter(run.metrics) as metrics, closing(Observers(observers, run.path)) as observing:
        yield Supervision(run, assembly, metadata, display, metrics, observing, Interruption())


def nothing_to_do(display: Listener, progress: Progress, unit: str) -> int:
    """Show that a run has spent its budget of ``unit`` (``steps``), which changes nothing in it; return 0."""
    message = f"nothing to do: the run has done its {unit}; a higher --{unit} goes on"
    values = {"status": "done", "seconds": progress.seconds, "best_return": progress.best_return, "message": message}
    display(Event("end", progress.steps, progress.seconds, values))
    return 0

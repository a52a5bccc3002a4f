"""What every training loop needs around it: events and checkpoints kept, interruptions heeded, an ending told."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from coral_cli.registry.errors import CoralError
from coral_cli.registry.events import Event, EventKind, Listener
from coral_cli.registry.options import Json
from coral_cli.runs.checkpoint import load_latest, save_latest
from coral_cli.runs.directory import RunDirectory, find_checkpoint
from coral_cli.runs.metrics import MetricsWriter
from coral_cli.sessions.observing import Makers, Observers
from coral_cli.training.interruption import Interruption
from coral_cli.training.trainer import Progress

Save: TypeAlias = Callable[[Mapping[str, Any], bool], str]
"""Keeps a state as a checkpoint (true: the best so far) and returns its path."""


class Loop(Protocol):
    """A training loop, as far as it is supervised."""

    progress: Progress

    def run(self) -> None: ...

    def emit(self, kind: EventKind, **values: Any) -> None: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


L = TypeVar("L", bound=Loop)


@dataclass(frozen=True)
class After:
    """What to do next, with ``{run}`` for the run's directory."""

    done: str
    interrupted: str
    flags: str = ""
    """What else that takes."""


def resumed_state(run: RunDirectory) -> tuple[dict[str, Any], str]:
    """What to go on from, and what to say of a newer checkpoint that is damaged, if there is one.

    Raises UnreadableError when there is nothing to go on from.
    """
    if not any(run.checkpoints.glob("*.pt")):
        find_checkpoint(run.path)  # which says so
    return load_latest(run.checkpoints)


def supervise(
    run: RunDirectory,
    record: Json,
    display: Listener,
    observers: Makers,
    make: Callable[[Listener, Save, Interruption], L],
    announce: Callable[[L], None],
    after: After,
    state: Mapping[str, Any] | None,
) -> int:
    """Runs a loop that ``make`` builds until its end or an interruption; returns the exit code.

    ``record`` goes into every checkpoint. ``state`` is what to go on from, if not from the beginning. Raises UsageError
    when another process trains in ``run``.
    """
    with (
        run.held(),
        Interruption() as interruption,
        MetricsWriter(run.metrics) as metrics,
        closing(Observers(observers, run.path)) as observing,
    ):

        def emit(event: Event) -> None:
            metrics(event)
            try:
                display(event)
            except (OSError, SystemExit):  # nobody reads it any more (rich exits then): save what there is, and end
                interruption.signal = interruption.signal or signal.SIGPIPE
            for problem in observing.hear(event):
                emit(Event("warning", event.step, event.seconds, {"message": problem}))

        def save(state: Mapping[str, Any], best: bool) -> str:
            return str(save_latest(run.checkpoints, state["progress"]["steps"], record, dict(state), best))

        loop = make(emit, save, interruption)
        if state is not None:
            loop.load_state_dict(state)
        announce(loop)
        status, message = "failed", ""
        try:
            loop.run()
            status = "interrupted" if interruption else "done"
            message = (after.interrupted if interruption else after.done).format(run=shlex.quote(str(run.path)))
            message += after.flags
        except KeyboardInterrupt:
            status, message = "interrupted", "stopped at once, without saving"
            raise
        except CoralError as error:
            loop.emit("warning", message=error.message)
            raise
        finally:
            best, seconds = loop.progress.best_return, loop.progress.seconds
            loop.emit("end", status=status, seconds=seconds, best_return=best, message=message)
            for problem in observing.close():
                loop.emit("warning", message=problem)
    return interruption.exit_code

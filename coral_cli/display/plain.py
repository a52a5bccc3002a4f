"""Plain lines for logs and pipes: one every 30 seconds, and one for what matters at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from rich.console import Console

from coral_cli.display.numbers import count, duration, number, size
from coral_cli.display.progress import Progress
from coral_cli.display.telling import amount, beyond, eta, percent, speeds, to_do, with_error
from coral_cli.registry.events import Event

INTERVAL = timedelta(seconds=30)


class PlainLines:
    """A listener that prints lines of ASCII to ``console``; ``now`` is the clock on the wall.

    With ``watching``, the run is another process's.
    """

    def __init__(self, console: Console, now: Callable[[], datetime] = datetime.now, watching: bool = False) -> None:
        self._console = console
        self._now = now
        self._watching = watching
        self._progress = Progress(here=not watching)
        self._last = now()

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        """Print what is due."""
        self._progress(event)
        now = self._now()
        if event.kind == "start":
            self._last = now
            self._print(now, start_line(self._progress))
            if command := event.values.get("command"):
                self._print(now, str(command))
        elif event.kind == "note":
            self._print(now, self._progress.note)
        elif event.kind == "warning":
            self._print(now, f"warning: {self._progress.warning}")
        elif event.kind == "end":
            self._print(now, end_line(self._progress))
        elif event.kind == "evaluation" or now - self._last >= INTERVAL:
            self._last = now
            self._print(now, progress_line(self._progress))

    def recall(self, events: Sequence[Event], ago: float) -> None:
        """Print where a run stands that has told ``events`` so far, however long ago."""
        self._progress = progress = Progress(here=not self._watching)
        progress.recall(events)
        self._last = now = self._now()
        if progress.start:
            self._print(now, start_line(progress))
        if progress.end:
            self._print(now, end_line(progress))
        elif progress.returns or progress.update or progress.evaluation:
            self._print(now, progress_line(progress))

    def _print(self, now: datetime, line: str) -> None:
        self._console.print(f"{now:%H:%M}  {line}", markup=False, highlight=False, emoji=False, soft_wrap=True)


def start_line(progress: Progress) -> str:
    """Say everything that is decided before the first step."""
    start = progress.start
    parts = [
        f"{'resumed' if start.get('resumed') else 'started'} {start.get('name')}",
        f"env {start.get('env')}",
        f"seed {start.get('seed')}",
        f"device {start.get('device')}",
        f"renderer {start.get('renderer')}",
        f"{progress.unit} {amount(progress)}",
        to_do(progress),
        f"replay {size(start.get('replay_bytes') or 0)}",
        f"in {start.get('out')}",
    ]
    return "  ".join(filter(None, parts))


def progress_line(progress: Progress) -> str:
    """Say how far, how fast and how good the run is, and each loss."""
    parts = [f"{progress.unit} {amount(progress)} ({percent(progress)})", to_do(progress), eta(progress)]
    parts += speeds(progress)
    if progress.returns or progress.evaluation:
        parts.append(_returns(progress))
    shares = progress.values("share")
    for name, value in progress.values("loss").items():
        share = f" ({shares[name]:.0%})" if shares.get(name) is not None else ""
        parts += [f"{name} {number(value)}{share}"] if name != "total" else []
    return "  ".join(filter(None, parts))


def end_line(progress: Progress) -> str:
    """Say how the run ended."""
    assert progress.end is not None
    values = progress.end.values
    parts = [f"{values['status']} at step {count(progress.step)} after {duration(values['seconds'])}"]
    parts += [beyond(progress), to_do(progress)]
    if values.get("best_return") is not None:
        parts.append(f"best return {number(values['best_return'])}")
    if values.get("message"):
        parts.append(str(values["message"]))
    return "  ".join(filter(None, parts))


def _returns(progress: Progress) -> str:
    last = f"return {number(progress.returns[-1])}" if progress.returns else "return -"
    if progress.evaluation is None:
        return last
    values = progress.evaluation.values
    return f"{last} (eval {with_error(values.get('return/mean'), values.get('return/stderr'), '+-')})"

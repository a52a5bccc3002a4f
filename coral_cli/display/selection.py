"""Which display a run gets."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Protocol, TextIO

from rich.console import Console

from coral_cli.display.dashboard import Dashboard
from coral_cli.display.plain import PlainLines
from coral_cli.registry.events import Event
from coral_cli.runs.metrics import to_line


class Display(Protocol):
    """A listener that is open as long as its ``with`` block."""

    def __enter__(self) -> Display: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def __call__(self, event: Event, /) -> None:
        """Show the event, now or soon."""


def make_display(out: TextIO, console_err: Console, *, json: bool, quiet: bool) -> Display:
    """Make what prints JSON lines on ``out``; else, on ``console_err``, a dashboard on a terminal, else plain lines."""
    if json:
        return JsonLines(out)
    if quiet:
        return Quiet(console_err)
    return Dashboard(console_err) if is_live(console_err) else PlainLines(console_err)


def is_live(console: Console) -> bool:
    """Return whether ``console`` can redraw a screen: a terminal, not dumb, with the characters of the curves.

    FORCE_COLOR on a pipe, as job runners set it, asks for colours and not for a dashboard in a log.
    """
    only_colour = bool(os.environ.get("FORCE_COLOR")) and not console.file.isatty()
    return console.is_interactive and not only_colour and not console.options.ascii_only


class Silence:
    """A display that shows nothing."""

    def __enter__(self) -> Silence:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        """Do nothing."""


class Quiet(Silence):
    """A display that only says where to go on when a run has not come to its end."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: Event) -> None:
        """Print the message of such an end."""
        if event.kind == "end" and event.values["status"] != "done" and (message := event.values.get("message")):
            self._console.print(str(message), markup=False, highlight=False, emoji=False, soft_wrap=True)


class JsonLines(Silence):
    """A display that prints each event as one JSON document, as in metrics.jsonl."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: Event) -> None:
        """Print the event at once."""
        print(to_line(event), file=self._out, flush=True)

"""The live dashboard on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from rich.console import Console, Group
from rich.live import Live

from coral_cli.display.progress import Progress
from coral_cli.display.rows import fit, live_rows, summary_rows
from coral_cli.registry.events import Event

TICK = 0.25
"""Seconds between looks at whether there is something new to draw; the clock alone moves once a second."""


class Dashboard:
    """A listener that keeps one screenful up to date, never more, and leaves a summary when it closes.

    With ``watching``, the run is another process's, and one that goes on is left as it was seen last.
    """

    def __init__(self, console: Console, watching: bool = False) -> None:
        self._console = console
        self._watching = watching
        self._progress = Progress(here=not watching)
        self._received = time.monotonic()
        self._drawn = 0.0
        self._size = console.size
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep_drawing, name="dashboard", daemon=True)
        self._live = Live(
            console=console,
            auto_refresh=False,
            get_renderable=self._screen,
            vertical_overflow="crop",
            redirect_stdout=sys.stdout.isatty(),  # what is piped elsewhere must arrive there
        )

    def __enter__(self) -> Dashboard:
        self._live.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError, SystemExit):  # a terminal that is gone
            try:
                self._thread.join()
            finally:  # an impatient Ctrl-C must not leave the cursor hidden
                self._live.stop()
            if self._progress.end and (message := self._progress.end.values.get("message")):
                self._print(message)

    def __call__(self, event: Event) -> None:
        """Note the event; the drawing happens on its own thread."""
        with self._lock:
            self._progress(event)
            self._received = time.monotonic()
        if command := event.values.get("command"):  # stands above the screenful, for good
            self._print(command)

    def recall(self, events: Sequence[Event], ago: float) -> None:
        """Show where a run stands that has told ``events`` so far, the last one ``ago`` seconds before now."""
        with self._lock:
            self._progress = Progress(here=not self._watching)
            self._progress.recall(events)
            self._received = time.monotonic() - ago
            self._drawn = 0.0

    def _print(self, line: object) -> None:
        """Print a line in one piece, however narrow the terminal: it may hold a command to copy."""
        self._console.print(str(line), markup=False, highlight=False, emoji=False, soft_wrap=True)

    def _keep_drawing(self) -> None:
        while not self._over.wait(TICK):
            if self._received > self._drawn or time.monotonic() - self._drawn >= 1:
                self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._console.size != self._size:  # lines drawn for another width have wrapped: start afresh
            self._size = self._console.size
            self._console.clear()
        self._live.refresh()

    def _screen(self) -> Group:
        left = self._watching and self._progress.end is None
        rows = summary_rows if self._over.is_set() and not left else live_rows
        width, height = self._console.size
        with self._lock:
            lines = fit(rows(self._progress, time.monotonic() - self._received, width), height - 1)
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return Group(*lines)

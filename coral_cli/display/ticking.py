"""A line on standard error that says how far something is, where a person waits for it."""

from __future__ import annotations

import time
from types import TracebackType

from coral_cli.registry.console import Terminal

PATIENCE = 1.0
"""Seconds for which nobody needs to be told of anything."""


class Ticking:
    """A line such as ``looked at 3 of 9 episodes``, in a terminal alone; it is gone when the block ends."""

    def __init__(self, doing: str, total: int, things: str) -> None:
        self._doing, self._of = doing, f"of {total:,} {things}"
        self._status = Terminal(stderr=True).status(doing)
        self._due = time.monotonic() + PATIENCE
        self._shown = False

    def __call__(self, done: int) -> None:
        """Say that so many are done, if it is time."""
        if self._shown:
            self._status.update(f"{self._doing} {done:,} {self._of}")
        elif time.monotonic() >= self._due:
            self._status.start()
            self._shown = True

    def __enter__(self) -> Ticking:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._shown:
            self._status.stop()

"""The parts of an update by name: for profilers, and for whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.profiler import record_function

PREFIX = "coral/"
LISTENERS: list[Callable[[str, bool], None]] = []
"""Listeners; each is told every span's name, and whether it begins or ends."""


@contextmanager
def span(name: str) -> Iterator[None]:
    """Mark what is done inside as ``coral/NAME`` for torch's profiler, and tell the listeners."""
    with record_function(PREFIX + name):
        for listener in LISTENERS:
            listener(name, True)
        try:
            yield
        finally:
            for listener in LISTENERS:
                listener(name, False)

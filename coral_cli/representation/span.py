"""The parts of an update by name: for profilers, and for whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.profiler import record_function

PREFIX = "coral/"
LISTENERS: list[Callable[[str, bool], None]] = []
"""Each hears of every span its name, and whether it begins or ends."""


@contextmanager
def span(name: str) -> Iterator[None]:
    """Marks what is done inside as ``coral/NAME`` for torch's profiler, and tells the listeners."""
    with record_function(PREFIX + name):
        for listener in LISTENERS:
            listener(name, True)
        try:
            yield
        finally:
            for listener in LISTENERS:
                listener(name, False)

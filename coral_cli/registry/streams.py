"""Standard output, kept for what the program itself says: whatever else is printed meanwhile goes to standard error."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from typing import TextIO


@contextmanager
def aside() -> Iterator[TextIO]:
    """Give standard output, which nobody else reaches inside: no environment, library in C, or process of theirs."""
    out = sys.stdout
    with ExitStack() as stack:
        with suppress(OSError, ValueError):  # no file: another program's capture, or closed
            out = _moved(stack, out.fileno(), sys.stderr.fileno())
        stack.enter_context(redirect_stdout(sys.stderr))
        yield out


def put_aside() -> None:
    """Send to standard error, for good, whatever this process and those that it starts print."""
    with suppress(OSError, ValueError, AttributeError):  # there is none, or it is no file
        os.dup2(sys.stderr.fileno(), 1)
    sys.stdout = sys.stderr


def _moved(stack: ExitStack, number: int, other: int) -> TextIO:
    """Return the file of descriptor ``number``, which leads to ``other`` until ``stack`` unwinds."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(number), "w", encoding="utf-8")
    os.dup2(other, number)

    def back() -> None:
        sys.stdout.flush()
        ctypes.CDLL(None).fflush(None)  # what libraries in C have kept back
        os.dup2(out.fileno(), number)
        with suppress(OSError):  # nobody reads it: who wrote last was told so
            out.close()

    stack.callback(back)
    return out

"""Ctrl-C, SIGTERM and a closed terminal end the program in order, from its first import on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from coral_cli.registry.terminal import say

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that ask the program to end: Ctrl-C, a scheduler, a terminal that is closed."""

SECONDS_TO_CLOSE = 1.5
"""How long the program, once asked to end, waits for an environment's answer, and for one of its processes to end."""


class Stopped(BaseException):
    """The end of the program, because a signal has come that nobody waits for.

    No KeyboardInterrupt: Typer would make exit code 130 of it, whatever the signal was. Its notes say what becomes of
    the work; ``told`` is true where that has been said.
    """

    told = False

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)

    @property
    def sentence(self) -> str:
        """The sentence on what has ended the program, and what becomes of its work."""
        name = "Ctrl-C" if self.signal == signal.SIGINT else self.signal.name
        return " ".join([f"stopped by {name}", *getattr(self, "__notes__", ())]) + "."

    @property
    def exit_code(self) -> int:
        """The exit code: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.signal


_came: list[int] = []
"""The signals so far; not what was raised, which would keep all that lives in its frames until the interpreter ends."""


def came() -> Stopped | None:
    """Return what ``listening`` has raised first: somebody's code may have swallowed it, or made it another error."""
    return Stopped(_came[0]) if _came else None


@contextmanager
def listening() -> Iterator[None]:
    """Let the first of ``SIGNALS`` inside raise Stopped wherever the program is, and so does every Ctrl-C after it.

    For the program alone, in its main thread. A closed terminal stays ignored where it is, as under ``nohup``.
    Afterwards a signal ends the process at once and without a word.
    """
    own = [number for number in SIGNALS if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN]
    for number in own:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in own:
            signal.signal(number, signal.SIG_DFL)


def report(stopped: Stopped) -> int:
    """Say on standard error what has ended the program, unless that was said; return the exit code."""
    if not stopped.told and sys.stderr is not None:
        say(stopped.sentence, file=sys.stderr)
    return stopped.exit_code


def stop(number: int, frame: FrameType | None) -> None:
    """Handle a signal as ``listening`` says."""
    if _came and number != signal.SIGINT:  # schedulers say it twice, and what tidies up must come to its end
        return
    _came.append(number)
    raise Stopped(number)

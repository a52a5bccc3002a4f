"""Errors a user can act on: one sentence, one hint, one exit code."""

from __future__ import annotations

import traceback
from contextlib import suppress
from types import TracebackType
from typing import TypeAlias

Frame: TypeAlias = tuple[str, str, int]
"""A module, its file and a line of it."""


def frames_of(error: BaseException) -> tuple[Frame, ...]:
    """Return the lines that an error came through, the innermost last; in another process, if it happened there."""
    there = error.frames if isinstance(error, CoralError) else ()
    return there or tuple(
        (frame.f_globals.get("__name__", ""), frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    )


def described(error: BaseException) -> str:
    """Return the error's class and message, even where an author's own class cannot say it."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return f"{type(error).__name__}, whose message cannot be shown"


class within:  # noqa: N801 - read as a word before its block
    """A mark for errors that leave its block, SystemExit too: they come from the component in ``slot``.

    A slot is called ``proprio-loss``, ``env`` and so on. The innermost mark stays. The block may be entered again.
    """

    __slots__ = ("_slot",)

    def __init__(self, slot: str) -> None:
        self._slot = slot

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception | SystemExit) and not slot_of(error):
            with suppress(Exception):  # an author's own class may take no attribute
                error.coral_slot = self._slot  # type: ignore[union-attr]


def slot_of(error: BaseException) -> str:
    """Return the slot of the component that an error came from, as ``within`` has marked it; "" where nobody knows."""
    return getattr(error, "coral_slot", "")


def raised_by(who: str, error: BaseException) -> CoralError:
    """Return the error to tell for one that ``who`` did not expect: with its name, and its lines."""
    told = CoralError(f"{who} raised {described(error)}")
    told.frames = frames_of(error)
    return told


class CoralError(Exception):
    """What can be expected to go wrong. ``message`` is one sentence, ``hint`` one action or "".

    ``exit_code`` says of which kind it is: 1 the run failed, 2 what was asked for cannot be, 3 a plugin is missing or
    broken, 4 a file cannot be read.
    """

    exit_code = 1
    frames: tuple[Frame, ...] = ()
    """The lines it came through, if that was in another process and somebody else's code may be to blame."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotFiniteError(CoralError):
    """The numbers that were learned are not finite any more (exit code 1): they must neither act nor be saved."""


class UsageError(CoralError):
    """The command line asks for something that cannot be (exit code 2)."""

    exit_code = 2


class AbsentError(UsageError):
    """Something optional is not installed here (exit code 3); the hint is the command that installs it."""

    exit_code = 3


class PluginError(CoralError):
    """A plugin is missing or broken (exit code 3)."""

    exit_code = 3


class UnreadableError(CoralError):
    """A checkpoint or run directory cannot be read (exit code 4)."""

    exit_code = 4

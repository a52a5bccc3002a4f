"""Errors a user can act on: one sentence, one hint, one exit code."""

from __future__ import annotations


def described(error: BaseException) -> str:
    """The error's class and message, even where an author's own class cannot say it."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return f"{type(error).__name__}, whose message cannot be shown"


class CoralError(Exception):
    """The run failed (exit code 1). ``message`` is one sentence, ``hint`` one action."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CoralError):
    """The command line asks for something that cannot be (exit code 2)."""

    exit_code = 2


class PluginError(CoralError):
    """A plugin is missing or broken (exit code 3)."""

    exit_code = 3


class UnreadableError(CoralError):
    """A checkpoint or run directory cannot be read (exit code 4)."""

    exit_code = 4

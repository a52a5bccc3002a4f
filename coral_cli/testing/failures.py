"""How checks fail: in one line each, saying what to do."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from coral_cli.registry.errors import CoralError

S = TypeVar("S")
Check: TypeAlias = Callable[[S], None]
"""A check of a subject, named as its failures are. It fails through ``require``, or by raising whatever it likes."""


@dataclass(frozen=True)
class Failure:
    """The failure of a check: ``check`` is a word or two, ``problem`` and ``hint`` a sentence each."""

    check: str
    problem: str
    hint: str

    def __str__(self) -> str:
        return f"{self.check}: {self.problem} {self.hint}"


class ConformanceError(AssertionError):
    """A component does not keep its contract; ``failures`` says in what."""

    def __init__(self, name: str, failures: tuple[Failure, ...]) -> None:
        super().__init__("\n".join([f"{name} does not keep its contract:", *map(str, failures)]))
        self.failures = failures


class _UnmetError(Exception):
    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem, self.hint = problem, hint


def require(condition: bool, problem: str, hint: str) -> None:
    """Fail the check that calls it unless ``condition`` is true."""
    if not condition:
        raise _UnmetError(problem, hint)


def failures_of(subject: S, *stages: tuple[Check[S], ...]) -> tuple[Failure, ...]:
    """Return the failures of the first of the ``stages`` that has any: each builds on those before it."""
    for stage in stages:
        failures = tuple(failure for check in stage if (failure := _failure(check, subject)))
        if failures:
            return failures
    return ()


def located(failures: tuple[Failure, ...], where: str) -> tuple[Failure, ...]:
    """Return the same failures, each saying where it came up."""
    return tuple(replace(failure, problem=f"{failure.problem.rstrip('.')} ({where}).") for failure in failures)


def settle(name: str, failures: tuple[Failure, ...]) -> None:
    """Raise ConformanceError when there are ``failures``."""
    if failures:
        raise ConformanceError(name, failures)


def _failure(check: Check[S], subject: S) -> Failure | None:
    name = check.__name__.strip("_").replace("_", " ")
    try:
        check(subject)
    except _UnmetError as unmet:
        return Failure(name, unmet.problem, unmet.hint)
    except CoralError as error:  # which speaks for itself
        return Failure(name, error.message, error.hint or "Mend it.")
    except (Exception, SystemExit) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        message = " ".join(str(error).split())
        problem = f"{type(error).__name__} was raised: {message}".rstrip(": ")
        return Failure(name, f"{problem}.", f"Mend what raises it ({frame.filename}:{frame.lineno}).")
    return None

"""Whether an environment keeps the contract of ``Environment``."""

from __future__ import annotations

from coral_cli.environments.conformance import check_environment as breaches
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.errors import UsageError
from coral_cli.registry.records import Environment
from coral_cli.registry.sensors import Rendering
from coral_cli.testing.failures import Failure, failures_of, settle
from coral_cli.testing.records import RECORD


def check_environment(record: Environment, options: object | None = None) -> None:
    """Raise ConformanceError where ``record``, built with ``options`` (default: its own), breaks a rule.

    It runs an episode to its end, and two beginnings with the same seed.
    """
    failures = failures_of(record, RECORD)
    if not failures:
        rendering = Rendering(48, 64, backend=select_backend())
        try:
            record.require()
            env = record.build(options or record.options, rendering)
        except UsageError as error:
            failures = (Failure("build", error.message, error.hint),)
        except Exception as error:
            problem = f"{type(error).__name__} was raised: {error}."
            failures = (Failure("build", problem, "Mend what raises it."),)
        else:
            failures = tuple(_failure(line) for line in breaches(env, record.sensors))
    settle(f"environment {record.name!r}", failures)


def _failure(line: str) -> Failure:
    problem, _, hint = line.rpartition(": ")
    return Failure("episode", f"{problem}.", hint[:1].upper() + hint[1:])

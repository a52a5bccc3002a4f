"""One check for a component of any kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from coral_cli.registry.records import Check as DoctorCheck
from coral_cli.registry.records import Command, Reader, Record
from coral_cli.testing.distractions import check_distraction
from coral_cli.testing.encoders import check_encoder
from coral_cli.testing.engines import check_engine
from coral_cli.testing.environments import check_environment
from coral_cli.testing.failures import failures_of, require, settle
from coral_cli.testing.losses import check_loss
from coral_cli.testing.objectives import check_objective
from coral_cli.testing.observers import check_observer
from coral_cli.testing.policies import check_policy
from coral_cli.testing.records import RECORD
from coral_cli.testing.rssms import check_rssm


def check(record: Record, options: object | None = None) -> None:
    """Raise ConformanceError where ``record``, built with ``options`` (default: its own), breaks a rule.

    What a reader reads has to be there: that is for ``check_reader``.
    """
    if isinstance(record, Command):
        settle(f"command {record.name!r}", failures_of(record, RECORD))
    elif isinstance(record, Reader):
        settle(f"reader {record.name!r}", failures_of(record, RECORD))
    elif isinstance(record, DoctorCheck):
        settle(f"check {record.name!r}", failures_of(record, RECORD) or failures_of(record, (_answer,)))
    else:
        _CHECKS[record.kind](record, options)


def _answer(record: DoctorCheck) -> None:
    detail = record.run()
    require(isinstance(detail, str) and "\n" not in detail, f"run() gave {detail!r}.", "Say in one line what works.")


_CHECKS: Mapping[str, Callable[[Any, Any], None]] = {
    "distraction": check_distraction,
    "encoder": check_encoder,
    "engine": check_engine,
    "environment": check_environment,
    "loss": check_loss,
    "objective": check_objective,
    "observer": check_observer,
    "policy": check_policy,
    "rssm": check_rssm,
}

"""The first-party components, declared through the same hooks as a stranger's."""

from __future__ import annotations

from collections.abc import Iterable

from coral_cli.plugin import (
    Distraction,
    Encoder,
    Engine,
    Environment,
    Loss,
    Objective,
    Policy,
    Rssm,
    hookimpl,
)
from coral_cli.registry.records import RECORDING, Record


def find(kind: str, name: str) -> Record | None:
    """Return the environment ``gym:ID``, ``package.module:callable`` or ``recording(...)``; None for other names."""
    if kind != "environment":
        return None
    if name.startswith(RECORDING):
        from coral_cli.environments.recording import recording

        return recording(name)
    if ":" not in name:
        return None
    from coral_cli.environments.foreign.records import resolve_foreign

    return resolve_foreign(name)


@hookimpl
def coral_objectives() -> Iterable[Objective]:
    from coral_cli.representation.records import OBJECTIVES

    return OBJECTIVES


@hookimpl
def coral_environments() -> Iterable[Environment]:
    from coral_cli.environments.records import ENVIRONMENTS

    return ENVIRONMENTS


@hookimpl
def coral_distractions() -> Iterable[Distraction]:
    from coral_cli.environments.distractions.records import DISTRACTIONS

    return DISTRACTIONS


@hookimpl
def coral_losses() -> Iterable[Loss]:
    from coral_cli.representation.records import LOSSES

    return LOSSES


@hookimpl
def coral_encoders() -> Iterable[Encoder]:
    from coral_cli.representation.records import ENCODERS

    return ENCODERS


@hookimpl
def coral_rssms() -> Iterable[Rssm]:
    from coral_cli.representation.records import RSSMS

    return RSSMS


@hookimpl
def coral_policies() -> Iterable[Policy]:
    from coral_cli.policies.records import POLICIES

    return POLICIES


@hookimpl
def coral_engines() -> Iterable[Engine]:
    from coral_cli.engines.records import ENGINES

    return ENGINES

"""The hook specifications: one per kind of component, each yields records and takes no argument."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from coral_cli.registry.records import (
    Check,
    Command,
    Distraction,
    Encoder,
    Engine,
    Environment,
    Loss,
    Objective,
    Observer,
    Policy,
    Reader,
    Rssm,
)

PROJECT = "coral"
"""The name of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Implement any of these in a module, mark it with ``hookimpl`` and name the module as an entry point."""

    @hookspec
    def coral_losses(self) -> Iterable[Loss]:  # type: ignore[empty-body]
        """Yield self-supervised losses (``--SENSOR-loss NAME``)."""

    @hookspec
    def coral_encoders(self) -> Iterable[Encoder]:  # type: ignore[empty-body]
        """Yield sensor encoders (``--SENSOR-encoder NAME``)."""

    @hookspec
    def coral_rssms(self) -> Iterable[Rssm]:  # type: ignore[empty-body]
        """Yield recurrent state space models (``--rssm NAME``)."""

    @hookspec
    def coral_objectives(self) -> Iterable[Objective]:  # type: ignore[empty-body]
        """Yield named settings of the objective (``--objective NAME``)."""

    @hookspec
    def coral_policies(self) -> Iterable[Policy]:  # type: ignore[empty-body]
        """Yield policies (``--policy NAME``)."""

    @hookspec
    def coral_environments(self) -> Iterable[Environment]:  # type: ignore[empty-body]
        """Yield environments (``--env NAME``)."""

    @hookspec
    def coral_distractions(self) -> Iterable[Distraction]:  # type: ignore[empty-body]
        """Yield distractions (``--distraction NAME``)."""

    @hookspec
    def coral_observers(self) -> Iterable[Observer]:  # type: ignore[empty-body]
        """Yield observers of run events (``--observer NAME``)."""

    @hookspec
    def coral_engines(self) -> Iterable[Engine]:  # type: ignore[empty-body]
        """Yield engines that the runs of a sweep are done on (``coral sweep --on NAME``)."""

    @hookspec
    def coral_readers(self) -> Iterable[Reader]:  # type: ignore[empty-body]
        """Yield readers of recordings in others' formats (``coral data import NAME``)."""

    @hookspec
    def coral_commands(self) -> Iterable[Command]:  # type: ignore[empty-body]
        """Yield commands (``coral NAME``)."""

    @hookspec
    def coral_checks(self) -> Iterable[Check]:  # type: ignore[empty-body]
        """Yield lines of ``coral doctor``."""


HOOK_KINDS = {
    "coral_losses": "loss",
    "coral_encoders": "encoder",
    "coral_rssms": "rssm",
    "coral_objectives": "objective",
    "coral_policies": "policy",
    "coral_environments": "environment",
    "coral_distractions": "distraction",
    "coral_observers": "observer",
    "coral_engines": "engine",
    "coral_readers": "reader",
    "coral_commands": "command",
    "coral_checks": "check",
}
"""Which kind of record each hook yields."""

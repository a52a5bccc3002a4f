"""Observers of a run: they hear every event, and one that fails is dropped instead of stopping the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from coral_cli.registry.contracts import ObserverModule
from coral_cli.registry.errors import CoralError
from coral_cli.registry.events import Event

Makers: TypeAlias = Mapping[str, Callable[[Path], ObserverModule]]
"""Functions from a run's directory to an observer, by the name that selects it."""

FAILURES = (Exception, SystemExit)


class Observers:
    """The observers of the run in the directory ``run``. What they do wrong is told in one sentence each.

    A CoralError when one is made is raised: nothing is lost yet, and the user can act on it.
    """

    def __init__(self, makers: Makers, run: Path) -> None:
        self._modules: dict[str, ObserverModule] = {}
        self._problems: list[str] = []
        for name, make in makers.items():
            try:
                self._modules[name] = make(run)
            except CoralError:
                raise
            except FAILURES as error:
                self._note(name, error)

    def hear(self, event: Event) -> list[str]:
        """Pass ``event`` on, a copy to each; return what went wrong since the last call."""
        for name, module in list(self._modules.items()):
            try:
                module(replace(event, values=dict(event.values)))
            except FAILURES as error:
                self._note(name, error)
                del self._modules[name]
                with suppress(*FAILURES):
                    module.close()
        return self._told()

    def close(self) -> list[str]:
        """Close all of them; return what went wrong. They hear no more."""
        modules, self._modules = self._modules, {}
        for name, module in modules.items():
            try:
                module.close()
            except FAILURES as error:
                self._note(name, error)
        return self._told()

    def _told(self) -> list[str]:
        problems, self._problems = self._problems, []
        return problems

    def _note(self, name: str, error: BaseException) -> None:
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        self._problems.append(f"observer {name} hears no more, because it raised {line}")

"""The assembly as data: which component stands in which slot, with every option resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from coral_cli.assembly.settings import Settings
from coral_cli.assembly.slots import ENV, OBJECTIVE, OBSERVER, POLICY, RSSM, kind_of
from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Json, values_of, with_saved, with_values
from coral_cli.registry.records import Record
from coral_cli.registry.sources import current
from coral_cli.runs import documents
from coral_cli.runs.documents import FormError

CHOICE: dict[str, documents.Check] = {
    **dict.fromkeys(("kind", "component", "distribution", "version", "path"), documents.text),
    "options": documents.table,
}
"""What is saved of a component; the path may be missing."""


@dataclass(frozen=True)
class Choice:
    """One component in one slot. Never an import path: the catalog finds it again by name."""

    kind: str
    component: str
    distribution: str
    version: str
    options: Mapping[str, Json]
    path: str = ""
    """The place of its plugin, if that was loaded without being installed."""

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """The words by which the catalog finds it: kind, name, distribution, version, path."""
        return self.kind, self.component, self.distribution, self.version, self.path

    def options_of(self, record: Record) -> Any:
        """Return the options of ``record``, the component, as chosen. Raises UnreadableError where it lacks one."""
        try:
            return with_saved(record.options, self.options)
        except UsageError as error:  # flags were checked when they were read, so this comes from a file
            raise UnreadableError(
                f"the saved assembly does not fit the {record.kind} {record.name!r}: {error.message}",
                "Use the version of it that the assembly was saved with.",
            ) from error

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read what ``Assembly.to_json`` writes of a choice. Raises FormError or TypeError for anything else."""
        documents.require(documents.table(data, "a component"), CHOICE, (*CHOICE.keys() - {"path"},))
        for option, value in data["options"].items():
            documents.plain(value, option)
        return cls(**data | {"distribution": current(data["distribution"])})


@dataclass(frozen=True)
class Assembly:
    """Everything that defines a run.

    ``choices`` is keyed by slot: env, rssm, objective, policy, SENSOR-loss, SENSOR-encoder, distraction.NAME,
    observer.NAME.
    """

    choices: Mapping[str, Choice]
    settings: Settings

    @property
    def sensors(self) -> tuple[str, ...]:
        """The sensors in use, in the order of their embeddings."""
        return self.settings.sensors or ()

    @property
    def encoded(self) -> tuple[str, ...]:
        """The sensors that share the latent; the others go straight to the policy."""
        return tuple(name for name in self.sensors if f"{name}-encoder" in self.choices)

    def unobserved(self) -> Assembly:
        """Return the same assembly without observers, which nobody needs who uses what the run has learned."""
        choices = {slot: choice for slot, choice in self.choices.items() if choice.kind != OBSERVER}
        return Assembly(choices, replace(self.settings, observer=()))

    def to_json(self) -> dict[str, Json]:
        choices = {
            slot: {
                "kind": c.kind,
                "component": c.component,
                "distribution": c.distribution,
                "version": c.version,
                "options": dict(c.options),
                **({"path": c.path} if c.path else {}),
            }
            for slot, c in self.choices.items()
        }
        return {"choices": choices, "settings": values_of(self.settings)}

    @classmethod
    def from_json(cls, data: Json) -> Assembly:
        """Read what ``to_json`` writes. Raises UnreadableError for anything else."""
        try:
            tables = dict.fromkeys(("choices", "settings"), documents.table)
            documents.require(documents.table(data, "it"), tables, tables)
            choices = {slot: Choice.from_json(choice) for slot, choice in data["choices"].items()}
            assembly = cls(choices, with_values(Settings(), data["settings"]))
            assembly._require_slots()
        except (FormError, TypeError, UsageError) as error:
            raise UnreadableError(f"the saved assembly is damaged or from another version ({error}).") from error
        return assembly

    def _require_slots(self) -> None:
        """Check the slots. Raises FormError where one has a component of another kind, or a needed one is missing."""
        encoded = [f"{name}-loss" for name in self.encoded]
        needed = [ENV.name, POLICY.name, *encoded, *([RSSM.name, OBJECTIVE.name] if encoded else [])]
        documents.require(self.choices, {}, needed)
        for slot, choice in self.choices.items():
            if choice.kind != kind_of(slot):
                raise FormError(f"{slot} is of the kind {choice.kind!r}")
        if len(self.settings.image_size) not in (1, 2):
            raise FormError("image-size is no size")

"""Phase one: which component stands in which slot, and which defaults shorthands replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coral_cli.assembly.settings import Settings
from coral_cli.assembly.shorthands import METHODS, SIZES, expand
from coral_cli.assembly.slots import ENV, ENV_DEFAULT, Slot, slots_of
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Field, Json, check, fields_of
from coral_cli.registry.records import Environment, Loss


@dataclass(frozen=True)
class Selection:
    """The chosen components by slot. ``defaults`` are values by flag that stand in for the components' own."""

    entries: Mapping[Slot, Entry]
    defaults: Mapping[str, Json]

    def fields(self) -> dict[str, Field]:
        """Every option there is, by flag (``image-loss.weight``, ``steps``); those of the slots come first."""
        owned = [
            (f"{slot.flag}.{field.flag}", field)
            for slot, entry in self.entries.items()
            for field in fields_of(entry.record.options)
        ]
        return dict(owned) | {field.flag: field for field in fields_of(Settings())}


def choose(given: Mapping[str, Json], catalog: Catalog, recorded: Mapping[str, Json] | None = None) -> Selection:
    """The components that the flags ``given`` ask for; ``recorded`` holds the flags of a run to be resumed.

    Raises UsageError for an unknown component, one that does not take its sensor, or losses that disagree.
    """
    recorded = recorded or {}
    environment = catalog.get("environment", str({ENV: ENV_DEFAULT, **recorded, **given}[ENV]))
    assert isinstance(environment.record, Environment)
    slots = slots_of(environment.record)
    defaults = {**recorded, **expand(_shorthand("method", METHODS, given), slots)}
    names = {**defaults, **given}
    entries: dict[Slot, Entry] = {}
    for slot in slots:  # the objective comes after the losses, which may decide it
        name = names.get(slot.flag) or slot.default or _needed(entries)
        entries[slot] = _entry(slot, str(name), catalog)
    fields = Selection(entries, {}).fields()
    size = expand(_shorthand("size", SIZES, given), slots)
    return Selection(
        entries, defaults | {flag: value for flag, value in size.items() if _shrinks(fields.get(flag), value)}
    )


def _shorthand(flag: str, known: Mapping[str, Mapping[str, Json]], given: Mapping[str, Json]) -> Mapping[str, Json]:
    name = given.get(flag)
    if name is None:
        return {}
    if name not in known:
        raise UsageError(f"--{flag} cannot be {name!r}.", f"Choose from: {', '.join(known)}.")
    return known[str(name)]


def _entry(slot: Slot, name: str, catalog: Catalog) -> Entry:
    entry = catalog.get(slot.kind, name)
    if not slot.takes(entry.record):
        able = ", ".join(catalog.name(other) for other in catalog.entries(slot.kind) if slot.takes(other.record))
        raise UsageError(
            f"--{slot.flag}: {slot.kind} {name!r} does not take {slot.sensor} sensors.",
            f"Those that do: {able or 'none'}.",
        )
    return entry


def _needed(entries: Mapping[Slot, Entry]) -> str:
    """The objective that the chosen losses need."""
    needs = {
        entry.record.paradigm: f"--{slot.flag} {entry.record.name}"
        for slot, entry in entries.items()
        if isinstance(entry.record, Loss) and entry.record.paradigm is not None
    }
    if len(needs) > 1:
        clash = ", but ".join(f"{flag} needs the {paradigm} objective" for paradigm, flag in needs.items())
        raise UsageError(f"{clash}.", f"Choose losses that agree, or add --objective {' or '.join(needs)}.")
    return next(iter(needs), "variational")


def _shrinks(field: Field | None, value: Json) -> bool:
    """Whether a size applies to an option: a stranger's may be missing, mean something else, or be small already."""
    if field is None or field.default is None:
        return False
    try:
        return bool(check(field, value) < field.default)
    except (UsageError, TypeError):
        return False

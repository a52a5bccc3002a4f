"""What to say about a flag that nobody knows."""

from __future__ import annotations

from collections.abc import Collection

from coral_cli.assembly.elsewhere import of_flag
from coral_cli.assembly.selection import Selection, no_sensor
from coral_cli.assembly.slots import ENV, REPEATABLE, Slot
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import meant, one_of
from coral_cli.registry.options import fields_of
from coral_cli.registry.records import Environment

ELSEWHERE = {"steps": "updates"}
"""What a flag of `coral train` is called in pretraining, which takes no step in an environment."""


def unknown_flag(flag: str, selection: Selection, catalog: Catalog, known: Collection[str]) -> UsageError:
    """Return the error for ``--FLAG``: whose option it is, or which known flag comes near."""
    slot_flag, dot, option = flag.rpartition(".") if "." in flag else (flag, "", "")
    slots = {slot.flag: slot for slot in selection.entries}
    if dot and slot_flag in slots:
        slot = slots[slot_flag]
        return _foreign_option(slot, selection.entries[slot], option, catalog)
    kind, _, name = slot_flag.partition(".")
    if kind in known and kind in REPEATABLE and name in catalog.names(kind):
        return UsageError(f"{kind} {name!r} is not in use (--{flag}).", f"Add --{kind} {name}.")
    sensor, _, role = slot_flag.rpartition("-")
    if role in ("loss", "encoder") and slot_flag not in slots and ENV.flag in slots:
        environment = selection.entries[slots[ENV.flag]]
        assert isinstance(environment.record, Environment)
        if sensor in {name.replace("_", "-") for name in environment.record.sensors}:
            return _unused_sensor(sensor, role, selection)
        return no_sensor(environment.record, sensor, f"--{flag}")
    bare = flag.removeprefix("no-")
    same = [name for name in known if name.endswith(f".{bare}")]  # of a component, written without its slot
    hint = one_of(same, meant(bare, known, "`--help` lists them.", "--{}"), "--{}")
    if ELSEWHERE.get(bare) in known:
        hint = f"Here it is --{ELSEWHERE[bare]}."
    return UsageError(f"there is no option --{flag}.", of_flag(flag, known) or hint)


def _unused_sensor(sensor: str, role: str, selection: Selection) -> UsageError:
    used = sensor in {name.replace("_", "-") for name in selection.sensors}
    why = "it goes straight to the policy" if used else "it is not in use"
    otherwise = "use --fusion joint with an RSSM" if used else f"add {sensor} to --sensors"
    hint = f"Leave the flag out, or {otherwise}."
    return UsageError(f"sensor {sensor!r} has no {role} here, because {why} (--{sensor}-{role}).", hint)


def _foreign_option(slot: Slot, entry: Entry, option: str, catalog: Catalog) -> UsageError:
    bare = option.removeprefix("no-")
    own = _names(entry)
    owners = [
        catalog.name(other)
        for other in catalog.entries(slot.kind)
        if slot.takes(other.record) and bare in _names(other)
    ]
    if owners and bare not in own:
        hint = f"It belongs to {', '.join(owners)}: add --{slot.flag} {owners[0]}."
    else:
        hint = meant(bare, own, f"Its options: {', '.join(own) or 'none'}.", f"--{slot.flag}.{{}}")
    return UsageError(f"{slot.kind} {catalog.name(entry)!r} has no option {option!r} (--{slot.flag}.{option}).", hint)


def _names(entry: Entry) -> list[str]:
    return [field.flag for field in fields_of(entry.record.options)]

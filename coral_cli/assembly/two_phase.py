"""A command whose flags depend on its own arguments.

Phase one scans the arguments for slots (``--image-loss cpc``); phase two parses them with a command made
for the chosen components, so that help, completion and errors speak of exactly these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, TypeAlias

from coral_cli.assembly import arguments
from coral_cli.assembly.flags import Body, Flag, Given, signed
from coral_cli.assembly.resolve import flags_of
from coral_cli.assembly.resume import saved_assembly
from coral_cli.assembly.selection import Selection, choose
from coral_cli.assembly.settings import Settings
from coral_cli.assembly.shorthands import METHODS, SIZES
from coral_cli.assembly.slots import ENV, REPEATABLE, Slot
from coral_cli.assembly.typer_surface import Command, Reading
from coral_cli.assembly.unknown import unknown_flag
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import CoralError
from coral_cli.registry.options import Field, Help, Json, fields_of
from coral_cli.registry.places import absolute

Base: TypeAlias = Callable[[Given, Catalog], Mapping[str, Json]]
"""What takes the flags written (as text) to those that a command starts from: a run's, or a dataset's."""


@dataclass(frozen=True)
class Scope:
    """The part of an assembly that a command lets its user choose; ``slots`` and ``settings`` by name."""

    slots: Callable[[Slot], bool]
    settings: Collection[str]
    shorthands: bool
    base: Base

    def of(self, selection: Selection) -> Selection:
        """Return the selection without the slots that the command does not offer."""
        return replace(
            selection, entries={slot: entry for slot, entry in selection.entries.items() if self.slots(slot)}
        )


def of_run(written: Given, catalog: Catalog) -> Mapping[str, Json]:
    """Return the flags of the run that ``--resume`` names; none without it."""
    run = written.get("resume")
    if not run:
        return {}
    if ENV.flag in written:
        catalog.get(ENV.kind, written[ENV.flag])  # which allows it to run
    return flags_of(saved_assembly(absolute(run)), catalog)


EVERYTHING = Scope(lambda _: True, [field.name for field in fields_of(Settings())], True, of_run)


def two_phase(body: Body, own: Iterable[Flag], scope: Scope = EVERYTHING) -> type[Command]:
    """Return the class of a command that assembles: ``body`` gets the chosen components' flags and the ``own`` ones.

    The catalog is the context's ``obj``.
    """

    own = tuple(own)
    repeatable = (*REPEATABLE, *(flag.name for flag in own if flag.field.type is tuple))

    class TwoPhase(Command):
        def reading(self, words: list[str], given: Any, completing: bool) -> Reading:
            catalog: Catalog = given
            for name in repeatable:
                words = gathered(words, name)
            words = arguments.with_arguments(words)
            selection = _select(scan(words), catalog, scope, tolerant=completing)
            flags = (*assembly_flags(selection, catalog, scope), *own)

            def explain(unknown: str) -> Exception:
                return unknown_flag(unknown, selection, catalog, [flag.name for flag in flags])

            return Reading(words, signed(body, flags), explain)

    return TwoPhase


def scan(args: Sequence[str]) -> dict[str, str]:
    """Return what follows each ``--name``, the last one winning; what takes no value is told apart only later."""
    found = {}
    for word, following in zip_longest(args, args[1:]):
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name.startswith("--") and (equals or following is not None):
            found[name.removeprefix("--")] = value if equals else following
    return found


def gathered(args: Sequence[str], name: str, between: str = ",") -> list[str]:
    """Return ``args`` with all values of a repeatable ``--NAME`` in its first place, with ``between`` between them."""
    flag, place = f"--{name}", -1
    out: list[str] = []
    values: list[str] = []
    words = iter(args)
    for word in words:
        if word == flag or word.startswith(f"{flag}="):
            value = word.partition("=")[2] if "=" in word else next(words, None)
            place = len(out) if place < 0 else place
            values += [value] if value is not None else []
            out += [word] if value is None else []
        else:
            out.append(word)
    if not values:
        return list(args)
    return [*out[:place], flag, between.join(values), *out[place:]]


def _select(written: Given, catalog: Catalog, scope: Scope, tolerant: bool) -> Selection:
    """Do phase one. ``tolerant``, for completion, means that a line that is not right yet counts as empty."""
    try:
        return scope.of(choose(written, catalog, scope.base(written, catalog)))
    except CoralError:
        if not tolerant:
            raise
        return scope.of(choose({}, catalog))


def assembly_flags(selection: Selection, catalog: Catalog, scope: Scope = EVERYTHING) -> list[Flag]:
    """Return the flags of a selection: slots, shorthands, the options of each component, settings."""
    flags = [_slot_flag(slot, selection, catalog) for slot in selection.entries if slot.kind not in REPEATABLE]
    flags += scope.shorthands * [
        _shorthand(
            "method", METHODS, "Shorthand for losses, sensors, fusion and objective of a method: see `coral methods`."
        ),
        _shorthand("size", SIZES, "Shorthand for the sizes of all networks and batches; paper is the default."),
    ]
    for slot, entry in selection.entries.items():
        chosen = f"--{slot.kind}" if slot.kind in REPEATABLE else f"--{slot.flag}"
        title = f"{chosen} {catalog.name(entry)} ({entry.distribution} {entry.version})"
        flags += [_option(f"{slot.flag}.{f.flag}", f, title, selection) for f in fields_of(entry.record.options)]
        flags += [arguments.flag(title)] if slot is ENV and ":" in entry.record.name else []
    settings = [field for field in fields_of(Settings()) if field.name in scope.settings]
    return flags + [_setting(field, selection, catalog) for field in settings]


def _slot_flag(slot: Slot, selection: Selection, catalog: Catalog) -> Flag:
    able = [other for other in catalog.entries(slot.kind) if slot.takes(other.record)]
    candidates = {catalog.name(other): other.record.summary for other in able}
    listed = (
        f"Installed: {', '.join(candidates)}." if len(able) <= 8 else f"See `coral plugins list --kind {slot.kind}`."
    )
    default = selection.defaults.get(slot.flag, slot.default)
    field = Field(slot.flag, str, False, (), Help(f"{slot.help} {listed}"), default)
    return Flag(field, "Components", "NAME", candidates)


def _shorthand(name: str, known: Collection[str], text: str) -> Flag:
    listed = "NAME" if len(known) > 8 else ""
    return Flag(Field(name, str, False, tuple(known), Help(text), None), "Components", listed)


def _setting(field: Field, selection: Selection, catalog: Catalog) -> Flag:
    flag = _option(field.flag, field, "Training", selection)
    if field.name not in REPEATABLE:
        return flag
    able = {catalog.name(entry): entry.record.summary for entry in catalog.entries(field.name)}
    text = Help(f"{field.help.text} Installed: {', '.join(able) or 'none'}.")
    return replace(flag, field=replace(flag.field, help=text), group="Components", candidates=able)


def _option(name: str, field: Field, group: str, selection: Selection) -> Flag:
    default: Json = selection.defaults.get(name, field.default)
    return Flag(replace(field, name=name, default=default), group, negatable=True)

"""Other conditions than those of training, in which an agent is evaluated: its environment's options, distractions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.flags import Flag, Given, signed
from coral_cli.assembly.resolve import choice_of, flags_of, words_of
from coral_cli.assembly.selection import Selection, choose
from coral_cli.assembly.settings import Settings
from coral_cli.assembly.slots import DISTRACTION, ENV, OBJECTIVE, OBSERVER, POLICY, RSSM, kind_of
from coral_cli.assembly.two_phase import Scope, assembly_flags, gathered, scan
from coral_cli.assembly.typer_surface import read
from coral_cli.assembly.unknown import unknown_flag
from coral_cli.assembly.values import negative, text_of
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import nearest
from coral_cli.registry.options import Json, fields_of

OWN, CLEAN = "own", "clean"
"""What the distractions of training are called, and none."""

CHANGED = "An evaluation may change --distraction, --distraction.NAME.OPTION and --env.OPTION."
SCOPE = Scope(
    slots=lambda slot: slot is ENV or slot.kind == DISTRACTION,
    settings=(DISTRACTION,),
    shorthands=False,
    base=lambda written, catalog: {},
)
_NAME = re.compile(r"([^\s=-][^\s=]*)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """What an evaluation changes: the flags ``given`` stand in for those of training.

    With ``distraction`` among them, that is the whole stack, and options that are not given are at their defaults.
    """

    name: str
    given: Given

    @property
    def flags(self) -> str:
        """The flags as they stand on the command line; "" for what is as it was in training."""
        words = (word for flag, value in self.given.items() if value != () for word in words_of(flag, value))
        return shlex.join(words)


def condition_of(given: Given, trained: Assembly, catalog: Catalog) -> Condition:
    """Return the condition of flags that an agent ``trained`` so is given. Raises UsageError as ``selected`` does."""
    return _called("", _canonical(given, selected(trained, given, catalog)))


def _called(name: str, given: Given) -> Condition:
    """Return a condition; without a ``name``, it is called by its flags: ``disks disks.count=4``."""
    return Condition(name or " ".join(_said(flag, value) for flag, value in given.items()) or OWN, dict(given))


def _said(flag: str, value: Json) -> str:
    if flag == DISTRACTION:
        return "+".join(value) or CLEAN
    short = flag.removeprefix(f"{DISTRACTION}.")
    if isinstance(value, bool):
        return short if value else negative(short)
    return f"{short}={text_of(value)}"


def read_condition(text: str, trained: Assembly, catalog: Catalog, outside: Collection[str]) -> Condition:
    """Read ``[NAME=][own|clean|DISTRACTION,...] [FLAGS]``; flags named ``outside`` hold for all conditions.

    Raises UsageError for a flag, a name or a value that an agent ``trained`` so cannot have there.
    """
    named = _NAME.fullmatch(text.strip())
    name, rest = named.groups() if named else ("", text)
    stack, words = _split(rest, catalog)
    written = scan(words)
    selection = selected(trained, {DISTRACTION: written[DISTRACTION]} if DISTRACTION in written else stack, catalog)
    given: dict[str, Json] = {}

    def explain(unknown: str) -> Exception:
        if unknown in outside:
            return UsageError(f"--{unknown} holds for all conditions.", f"Write --{unknown} outside of --under.")
        return unknown_condition(unknown, selection, catalog)

    def keep(_: object, found: Given) -> int:
        given.update(found)
        return 0

    read(words, signed(keep, condition_flags(selection, catalog)), "coral eval", explain)
    if "plugin" in given:
        raise explain("plugin")
    return _called(name, {**stack, **_canonical(given, selection)})


def _split(text: str, catalog: Catalog) -> tuple[Given, list[str]]:
    """Return what the first word, where it is no flag, says of the stack (none, if it is clean), and the flags."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise UsageError(f"--under {text!r} has a quotation mark without its other.") from None
    if not words:
        raise UsageError("--under is empty.", f"Write {OWN}, {CLEAN}, a distraction, or flags in quotation marks.")
    first = words[0]
    if first.startswith("-"):
        return {}, gathered(words, DISTRACTION)
    if first in (OWN, CLEAN):
        if DISTRACTION in scan(words[1:]):
            raise UsageError(f"--under {first} already says which distractions there are.", f"Leave {first} out.")
        return ({DISTRACTION: ()} if first == CLEAN else {}), words[1:]
    _require_names(first, catalog)
    return {}, gathered([f"--{DISTRACTION}", *words], DISTRACTION)


def _require_names(written: str, catalog: Catalog) -> None:
    """Raise UsageError for a word that names no distraction, but is near to what it may be instead."""
    names = catalog.names(DISTRACTION)
    if written not in names and (near := nearest(written, (OWN, CLEAN), cutoff=0.7)):
        raise UsageError(f"there is no condition {written!r}.", f"Did you mean {near!r}?")


def _canonical(given: Given, selection: Selection) -> dict[str, Json]:
    """Return ``given`` with the stack first, under the names that select its distractions."""
    options = {flag: value for flag, value in given.items() if flag != DISTRACTION}
    return {DISTRACTION: selection.several[DISTRACTION], **options} if DISTRACTION in given else options


def selected(trained: Assembly, given: Mapping[str, Json], catalog: Catalog) -> Selection:
    """Return the components of an agent ``trained`` so, with the distractions of ``given`` if it names any.

    Raises UsageError where none of the agent's sensors shows one of them, PluginError for a component that is missing.
    """
    saved = flags_of(trained, catalog)
    if DISTRACTION in given:
        saved = {flag: value for flag, value in saved.items() if flag.split(".")[0] != DISTRACTION}
    return SCOPE.of(choose({DISTRACTION: given[DISTRACTION]} if DISTRACTION in given else {}, catalog, saved))


def condition_flags(selection: Selection, catalog: Catalog) -> list[Flag]:
    """Return the flags of a condition: which distractions, and the options of the environment and of these."""
    flags = [flag for flag in assembly_flags(selection, catalog, SCOPE) if flag.name != ENV.flag]
    return [replace(flag, group="Conditions") if flag.name == DISTRACTION else flag for flag in flags]


def unknown_condition(flag: str, selection: Selection, catalog: Catalog, besides: Collection[str] = ()) -> UsageError:
    """Return the error for a flag that no condition has, nor is ``besides`` known: it cannot change, or is misspelt."""
    root = flag.removeprefix("no-").partition(".")[0]
    kept = {field.flag for field in fields_of(Settings())} | {ENV.flag, RSSM.flag, OBJECTIVE.flag, POLICY.flag}
    kept = (kept | {OBSERVER, "method", "size"}) - {DISTRACTION}
    if (root in kept and not flag.startswith(f"{ENV.flag}.")) or kind_of(root) in ("loss", "encoder"):
        return UsageError(
            f"--{flag} cannot change: an agent keeps the environment, sensors, sizes and networks it was trained with.",
            CHANGED,
        )
    known = [*(known.name for known in condition_flags(selection, catalog)), *besides]
    return unknown_flag(flag, selection, catalog, known)


def under(trained: Assembly, condition: Condition, catalog: Catalog) -> Assembly:
    """Return ``trained`` with the environment and distractions of ``condition``.

    Raises UsageError where the agent has no use for one of its flags.
    """
    if not condition.given:
        return trained
    selection = selected(trained, condition.given, catalog)
    known = {flag.name for flag in condition_flags(selection, catalog)}
    for flag in condition.given:
        if flag not in known:
            raise unknown_condition(flag, selection, catalog)
    values = {**selection.defaults, **condition.given}
    chosen = {slot.name: choice_of(slot, entry, values) for slot, entry in selection.entries.items()}
    kept = {slot: choice for slot, choice in trained.choices.items() if choice.kind != DISTRACTION}
    settings = replace(trained.settings, distraction=selection.several[DISTRACTION])
    return Assembly({**kept, **chosen}, settings)

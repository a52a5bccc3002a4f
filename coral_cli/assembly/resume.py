"""What a run was started with, and what may change when it is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.resolve import choice_of, flags_of
from coral_cli.assembly.selection import choose
from coral_cli.assembly.settings import RESUMABLE
from coral_cli.assembly.sizes import sized_flags
from coral_cli.assembly.slots import ENV, OBSERVER
from coral_cli.assembly.values import text_of
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.registry.options import Json, with_values
from coral_cli.runs.directory import RunDirectory


def saved_assembly(run: Path) -> Assembly:
    """Return the assembly in a run's metadata. Raises UnreadableError when there is none, or it is damaged."""
    directory = RunDirectory.open(run)
    metadata = directory.read_metadata()
    if "assembly" not in metadata:
        raise UnreadableError(f"{directory.metadata} names no assembly.", "It is damaged, or no run's.")
    return Assembly.from_json(metadata["assembly"])


def resumed(assembly: Assembly, given: Mapping[str, Json], catalog: Catalog) -> tuple[Assembly, dict[str, Json]]:
    """Return ``assembly`` with the budget and observers that the flags ``given`` ask for, and the settings changed.

    The latter are by name. Raises UsageError, with both values, when ``given`` differs in anything else.
    """
    saved = flags_of(assembly, catalog)
    sized = sized_flags(assembly, catalog) if "size" in given else ()  # what it says of those it says anew
    selection = choose(given, catalog, {flag: value for flag, value in saved.items() if flag not in sized})
    own = {flag: field.default for flag, field in selection.fields().items() if flag in sized}
    components = {slot.flag: catalog.name(entry) for slot, entry in selection.entries.items()}
    asked = {**own, **selection.defaults, **given, **components}
    resumable = {name.replace("_", "-"): name for name in RESUMABLE}
    changes: dict[str, Json] = {}
    for flag, before in saved.items():
        if flag.split(".")[0] == OBSERVER or text_of(asked.get(flag, before)) == text_of(before):
            continue
        if flag not in resumable:
            raise UsageError(
                f"--{flag} is {_said(asked[flag])}, but the run was started with {_said(before)}.",
                f"Leave it out: a resumed run can change only --{', --'.join(sorted(resumable))}.",
            )
        changes[resumable[flag]] = asked[flag]
    settings = with_values(assembly.settings, {**changes, OBSERVER: selection.several[OBSERVER]})
    observers = {s.name: choice_of(s, e, asked) for s, e in selection.entries.items() if s.kind == OBSERVER}
    return Assembly({**assembly.unobserved().choices, **observers}, settings), changes


def repeated(wanted: Assembly, run: Path, catalog: Catalog) -> tuple[Assembly, dict[str, Json]]:
    """Return the assembly of ``run`` with the budget and observers of ``wanted``, and the settings that changed.

    Raises UsageError, with both values, when ``wanted`` differs in anything else: another run is meant.
    """
    saved = saved_assembly(run)
    theirs, ours = saved.choices[ENV.name].component, wanted.choices[ENV.name].component
    if theirs != ours:  # which may be code that nobody has allowed to run
        raise _another(run, ENV.flag, ours, theirs)
    before, now = flags_of(saved, catalog), flags_of(wanted, catalog)
    resumable = {name.replace("_", "-"): name for name in RESUMABLE}
    changes: dict[str, Json] = {}
    for flag in before | now:
        here, there = (flags.get(flag) for flags in (now, before))
        if flag.split(".")[0] == OBSERVER or _said(here) == _said(there):
            continue
        if flag not in resumable:
            raise _another(run, flag, here, there)
        changes[resumable[flag]] = here
    settings = with_values(saved.settings, {**changes, OBSERVER: wanted.settings.observer})
    observers = {slot: choice for slot, choice in wanted.choices.items() if choice.kind == OBSERVER}
    return Assembly({**saved.unobserved().choices, **observers}, settings), changes


def _another(run: Path, flag: str, here: Json, there: Json) -> UsageError:
    return UsageError(
        f"--{flag} is {_said(here)}, but the run in {run} was started with {_said(there)}.",
        "Choose another --out, or the flags that the run was started with.",
    )


def _said(value: Json) -> str:
    return text_of(value) or "nothing"

"""Phase two: flags to a fully resolved assembly, and an assembly back to the command line that says it in full."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence

from coral_cli.assembly.assembly import Assembly, Choice
from coral_cli.assembly.cameras import followed
from coral_cli.assembly.selection import Selection, choose, crops
from coral_cli.assembly.settings import Settings
from coral_cli.assembly.slots import ENV, OBJECTIVE, REPEATABLE, Slot
from coral_cli.assembly.unknown import unknown_flag
from coral_cli.assembly.values import negative, text_of
from coral_cli.registry.catalog import Catalog, Entry, is_code
from coral_cli.registry.errors import UsageError
from coral_cli.registry.objective_options import ObjectiveOptions
from coral_cli.registry.options import Json, fields_of, values_of, with_values
from coral_cli.registry.records import Environment, Loss
from coral_cli.version import CORE

OPEN_LOOP = "--objective.open-loop"
CROP_MARGIN = 12
"""Pixels stored beyond what the model sees, when an image loss crops at random."""


def resolve(given: Mapping[str, Json], catalog: Catalog) -> Assembly:
    """Return the assembly that the flags ``given`` stand for (``{"image-loss": "cpc", "image-loss.weight": 2.0}``).

    Raises UsageError as ``choose`` does, and for an unknown flag or a value that does not fit.
    """
    selection = choose(given, catalog)
    known = {slot.flag for slot in selection.entries} | {"method", "size"} | selection.fields().keys()
    for flag in given:
        if flag not in known:
            raise unknown_flag(flag, selection, catalog, known)
    values = {**selection.defaults, **given}
    choices = {slot.name: choice_of(slot, entry, values) for slot, entry in selection.entries.items()}
    assembly = Assembly(choices, _settings(values, selection))
    _require_room(assembly)
    _require_effect(assembly, any(slot.sensor not in (None, "vector") for slot in selection.entries))
    _require_crops(assembly.settings)
    return assembly


def choice_of(slot: Slot, entry: Entry, values: Mapping[str, Json]) -> Choice:
    """Return ``entry`` as the choice in ``slot``, its options set to those ``values`` by flag that are its own."""
    options = entry.record.options
    given = {f.name: values[flag] for f in fields_of(options) if (flag := f"{slot.flag}.{f.flag}") in values}
    resolved = values_of(with_values(options, given))
    return Choice(slot.kind, entry.record.name, entry.distribution, entry.version, resolved, entry.path)


def _settings(values: Mapping[str, Json], selection: Selection) -> Settings:
    given = {f.name: values[f.flag] for f in fields_of(Settings()) if f.flag in values}
    settings = with_values(Settings(), {**given, "sensors": selection.sensors, **selection.several})
    if len(settings.image_size) not in (1, 2):
        raise UsageError("--image-size takes one side, or a height and a width.", "Write 64, or 48,96.")
    if settings.crop_margin is not None:
        return settings
    return with_values(settings, {"crop_margin": CROP_MARGIN if crops(selection.entries) else 0})


def _require_room(assembly: Assembly) -> None:
    """Raise UsageError unless what looks ahead ends inside a sequence, and an open-loop prediction counts."""
    objective, length = assembly.choices.get(OBJECTIVE.name), assembly.settings.batch_length
    ahead = {
        f"--{name.replace('_', '-')}.horizon": choice.options.get("horizon", 1)
        for name, choice in assembly.choices.items()
        if choice.kind == Loss.kind and choice.distribution == CORE
    }
    if objective:
        ahead[OPEN_LOOP] = objective.options.get("open_loop", 1)
        if ahead[OPEN_LOOP] > 1 and not objective.options["prior"]:
            hint = "Add --objective.prior 1, or leave it out."
            raise UsageError(f"{OPEN_LOOP} rolls out prior samples, but their weight is 0.", hint)
    for flag, steps in ahead.items():
        if steps >= length:
            raise UsageError(f"{flag} is {steps}, but sequences have only {length} steps.", "Raise --batch-length.")


def _require_effect(assembly: Assembly, images: bool) -> None:
    """Raise UsageError for an option of the objective without effect: beside others, or where no ``images`` are."""
    objective = assembly.choices.get(OBJECTIVE.name)
    chosen: Mapping[str, Json] = objective.options if objective else {}
    if chosen.get("hide") and not images:
        hint = "Add an image to --sensors, or leave it out."
        raise UsageError("--objective.hide hides images, but no image is encoded.", hint)
    if chosen.get("hide") == 0 and chosen["hide_longest"] != ObjectiveOptions.hide_longest:
        hint = "Add --objective.hide 0.5, or leave it out."
        raise UsageError("--objective.hide-longest is of hidden images, but none are.", hint)
    rate, free = chosen.get("rate", 0.0), chosen.get("free_nats", 0.0)
    if isinstance(rate, float) and isinstance(free, float) and 0 < rate < free:
        hint = "Raise --objective.rate, or lower --objective.free-nats."
        raise UsageError(
            f"--objective.rate is below --objective.free-nats ({free:g}), where no weight moves the KL.", hint
        )
    if chosen.get("prior_where") == "hidden":
        if not chosen["hide"]:
            hint = "Add --objective.hide 0.5, or leave it out."
            raise UsageError("--objective.prior-where hidden needs hidden images, but none are.", hint)
        if not chosen["prior"]:
            hint = "Add --objective.prior 1, or leave it out."
            raise UsageError("--objective.prior-where is of prior samples, but their weight is 0.", hint)
    for flag in ("balance", "separate"):
        if chosen.get(flag) and not (chosen["posterior"] and chosen["prior"]):
            hint = "Add --objective unified, or leave it out."
            raise UsageError(f"--objective.{flag} is for losses on posterior and prior samples.", hint)


def _require_crops(settings: Settings) -> None:
    """Raise UsageError for a margin with which two crops of an image could show nothing in common."""
    margin, side = settings.crop_margin or 0, min(settings.image_shape)
    if margin >= side:
        raise UsageError(
            f"--crop-margin is {margin}, but a side of an image has {side} pixels: crops would have nothing in common.",
            f"Choose less than {side}; {CROP_MARGIN} is usual.",
        )


def flags_of(assembly: Assembly, catalog: Catalog) -> dict[str, Json]:
    """Return every flag of ``assembly`` with its value. Raises PluginError when a component is not installed."""
    flags: dict[str, Json] = {}
    for name, choice in assembly.choices.items():
        slot = name.replace("_", "-")
        entry = catalog.locate(*choice.identity)
        if choice.kind not in REPEATABLE:  # which the setting names
            flags[slot] = catalog.name(entry)
        options = values_of(choice.options_of(entry.record))
        flags |= {f"{slot}.{option.replace('_', '-')}": value for option, value in options.items()}
    return flags | {name.replace("_", "-"): value for name, value in values_of(assembly.settings).items()}


def command_line(
    assembly: Assembly, catalog: Catalog, command: Sequence[str] = ("coral", "train"), without: Collection[str] = ()
) -> str:
    """Write ``command`` with every slot, and each option that differs from its component's own default.

    Slots and settings in ``without``, and the options of the former, are left out.
    """
    flags = flags_of(assembly, catalog)
    slots = {slot: flags[slot] for name in assembly.choices if (slot := name.replace("_", "-")) in flags}
    layout = {name: flags[name] for name in ("sensors", "fusion", *REPEATABLE)}  # which slots there are
    environment = catalog.locate(*assembly.choices[ENV.name].identity).record
    assert isinstance(environment, Environment)
    defaults = flags_of(resolve(slots | layout, catalog), catalog) | followed(flags, environment.sensors)
    defaults |= {"sensors": list(environment.sensors), "fusion": Settings().fusion, **{kind: [] for kind in REPEATABLE}}
    words = [
        word
        for flag, value in flags.items()
        if flag.split(".")[0] not in without and (flag in slots or value != defaults[flag])
        for word in words_of(flag, value)
    ]
    return shlex.join([*command, *words]) + plugin_flags(assembly)


def plugin_flags(assembly: Assembly) -> str:
    """Write `` --plugin PATH`` for each plugin of ``assembly`` that is not installed."""
    paths = dict.fromkeys(choice.path for choice in assembly.choices.values() if choice.path)
    return "".join(f" --plugin {shlex.quote(path)}" for path in paths)


def code_flags(assembly: Assembly) -> str:
    """Write `` --env NAME`` where that is Python code, and ``plugin_flags``: what must be said again to go on."""
    name = assembly.choices[ENV.name].component
    own = f" --env {shlex.quote(name)}" if is_code(name) else ""
    return own + plugin_flags(assembly)


def words_of(flag: str, value: Json) -> list[str]:
    """Return a flag and its value as they stand on the command line."""
    if isinstance(value, bool):
        return [f"--{flag if value else negative(flag)}"]
    return [f"--{flag}", text_of(value)]

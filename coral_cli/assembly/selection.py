"""Phase one: which component stands in which slot, and which defaults shorthands replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coral_cli.assembly.cameras import followed
from coral_cli.assembly.settings import Settings
from coral_cli.assembly.shorthands import METHODS, SIZES, expand
from coral_cli.assembly.slots import DISTRACTION, ENV, OBSERVER, POLICY, RSSM, Slot, slots_of
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Field, Json, check, fields_of
from coral_cli.registry.records import Distraction, Environment, Loss, Policy, Rssm
from coral_cli.registry.sensors import SensorKind


@dataclass(frozen=True)
class Selection:
    """The chosen components by slot, and the sensors in use.

    ``several`` are the names that select those of each repeatable kind. ``defaults`` are values by flag that stand
    in for the components' own.
    """

    entries: Mapping[Slot, Entry]
    sensors: tuple[str, ...]
    several: Mapping[str, tuple[str, ...]]
    defaults: Mapping[str, Json]

    def fields(self) -> dict[str, Field]:
        """Return every option there is, by flag (``image-loss.weight``, ``steps``); those of the slots come first."""
        return _fields(self.entries)


def choose(given: Mapping[str, Json], catalog: Catalog, saved: Mapping[str, Json] | None = None) -> Selection:
    """Return the components that the flags ``given`` ask for; ``saved`` holds the flags of a run to be resumed.

    What was written, of ``image`` also for other cameras, wins over a method, that over the policy's suggestions, those
    over the environment's. A size only ever makes smaller. Raises UsageError for an unknown component or sensor, one
    that does not take its sensor, or parts that do not go together.
    """
    saved = dict(saved or {})
    environment = _entry(ENV, {ENV.flag: ENV.default, **saved, **given}[ENV.flag], catalog).record
    assert isinstance(environment, Environment)
    if given.get(ENV.flag, saved.get(ENV.flag)) != saved.get(ENV.flag):
        saved.pop("sensors", None)  # those of another environment
    alike = followed(given, environment.sensors)
    given = {**alike, **given}
    usual = expand(environment.defaults, environment.sensors)
    method = METHODS[_shorthand("method", METHODS, given)].flags if "method" in given else {}
    if method:
        _require_sensors(str(given["method"]), environment)
    explicit = {**saved, **_of_usual(expand(method, environment.sensors), usual)}
    policy = _entry(POLICY, {POLICY.flag: POLICY.default, **usual, **explicit, **given}[POLICY.flag], catalog).record
    assert isinstance(policy, Policy)
    usual |= policy.defaults
    names = {RSSM.flag: RSSM.default, **usual, **explicit, **given}
    sensors = _sensors(names.get("sensors"), environment)
    several = {
        DISTRACTION: _distractions(names.get(DISTRACTION, ()), sensors, catalog),
        OBSERVER: tuple(catalog.name(entry) for entry in _each(OBSERVER, names.get(OBSERVER, ()), catalog)),
    }
    encoded = _encoded(sensors, names, policy, catalog)
    entries: dict[Slot, Entry] = {}
    for slot in slots_of(encoded, several):  # the objective comes after the losses, which may decide it
        entries[slot] = _entry(slot, names.get(slot.flag) or slot.default or _needed(entries), catalog)
    if not crops(entries):
        usual.pop("crop-margin", None)  # a suggestion of how much, not whether
    fields = _fields(entries)
    defaults = {flag: value for flag, value in usual.items() if _fits(fields.get(flag), value)} | explicit
    size = expand(SIZES[_shorthand("size", SIZES, given)], environment.sensors) if "size" in given else {}
    smaller = {flag: value for flag, value in size.items() if _shrinks(fields.get(flag), value, defaults.get(flag))}
    return Selection(entries, tuple(sensors), several, defaults | smaller | alike)


def _of_usual(method: dict[str, Json], usual: Mapping[str, Json]) -> dict[str, Json]:
    """Return a method's flags, whose sensors are those of the ``usual`` ones where the environment names these."""
    if "sensors" not in method or "sensors" not in usual:
        return method
    return method | {"sensors": tuple(name for name in method["sensors"] if name in usual["sensors"])}


def crops(entries: Mapping[Slot, Entry]) -> bool:
    """Return whether one of the losses wants images cropped at random."""
    return any(
        slot.sensor != "vector" and isinstance(entry.record, Loss) and entry.record.crop
        for slot, entry in entries.items()
    )


def _fields(entries: Mapping[Slot, Entry]) -> dict[str, Field]:
    owned = [
        (f"{slot.flag}.{field.flag}", field)
        for slot, entry in entries.items()
        for field in fields_of(entry.record.options)
    ]
    return dict(owned) | {field.flag: field for field in fields_of(Settings())}


def _shorthand(flag: str, known: Mapping[str, object], given: Mapping[str, Json]) -> str:
    name = str(given[flag])
    if name not in known:
        raise UsageError(f"--{flag} cannot be {name!r}.", f"Choose from: {', '.join(known)}.")
    return name


def _require_sensors(method: str, environment: Environment) -> None:
    """Raise UsageError where ``environment`` lacks what ``method`` names: it would train as another method."""
    has = {"vector" if kind == "vector" else "image" for kind in environment.sensors.values()}
    for kind in METHODS[method].needs:
        if kind not in has:
            needs = f"--method {method} needs {'an' if kind == 'image' else 'a'} {kind}"
            why, mends = environment.no_image if kind == "image" else ("", "")
            raise UsageError(
                f"{needs}, which {environment.name} lacks{f' ({why})' if why else ''}.",
                mends or f"{_listed_sensors(environment)} `coral methods` lists those that do without.",
            )


def image_note(environment: Environment) -> str:
    """Say why there is no image where there could be one; "" where there is nothing to say."""
    why, mends = environment.no_image
    return f"{environment.name} has no image: {why}; {mends}" if why else ""


def no_sensor(environment: Environment, name: str, flag: str) -> UsageError:
    """Return the error for a sensor that ``flag`` names and ``environment`` lacks: why it does, where that is known."""
    why, mends = environment.no_image if name == "image" else ("", "")
    lacks = f"{environment.name} has no sensor {name!r} ({flag})"
    return UsageError(f"{lacks}: {why}." if why else f"{lacks}.", mends or _listed_sensors(environment))


def _listed_sensors(environment: Environment) -> str:
    return f"Its sensors: {', '.join(environment.sensors) or 'none'}."


def _sensors(names: Json, environment: Environment) -> dict[str, SensorKind]:
    """Return the sensors in use, in the environment's order. ``names`` may be as written on the command line."""
    if names is None:
        return dict(environment.sensors)
    wanted = _listed(names)
    for name in wanted:
        if name not in environment.sensors:
            raise no_sensor(environment, name, "--sensors")
    if not wanted:
        raise UsageError(
            f"{environment.name} has none of the sensors that are asked for.", _listed_sensors(environment)
        )
    return {name: kind for name, kind in environment.sensors.items() if name in wanted}


def _listed(names: Json) -> list[str]:
    """Return names as a list, given so or as they stand on the command line, with commas."""
    return [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else list(names)


def _each(kind: str, names: Json, catalog: Catalog) -> list[Entry]:
    """Return the components of ``names``, once each."""
    return [catalog.get(kind, name) for name in dict.fromkeys(_listed(names))]


def _distractions(names: Json, sensors: Mapping[str, SensorKind], catalog: Catalog) -> tuple[str, ...]:
    """Return the names of what to stack, in their order, once each. Raises UsageError where no sensor fits."""
    entries = _each(DISTRACTION, names, catalog)
    for entry in entries:
        assert isinstance(entry.record, Distraction)
        if not set(entry.record.sensors) & set(sensors.values()):
            kinds = " or ".join(entry.record.sensors)
            raise UsageError(
                f"--distraction {entry.record.name} needs a sensor of kind {kinds}, and none is in use.",
                f"Sensors in use: {', '.join(sensors)}.",
            )
    return tuple(catalog.name(entry) for entry in entries)


def _encoded(
    sensors: Mapping[str, SensorKind], names: Mapping[str, Json], policy: Policy, catalog: Catalog
) -> dict[str, SensorKind]:
    """Return the sensors that share the latent; the others go straight to the policy."""
    rssm = _entry(RSSM, names[RSSM.flag], catalog).record
    assert isinstance(rssm, Rssm)
    images = [name for name, kind in sensors.items() if kind != "vector"]
    concat = names.get("fusion") == "concat"
    if rssm.build is None and images:
        raise UsageError(
            f"--rssm {rssm.name} leaves nothing that could read sensor {images[0]!r}.",
            "Leave images out with --sensors, or choose an RSSM.",
        )
    if rssm.build is not None and concat and not images:
        raise UsageError("--fusion concat needs an image.", "For vectors alone, use --fusion joint or --rssm none.")
    if policy.imagines and (concat or rssm.build is None):
        flag = "--fusion concat" if concat else f"--rssm {rssm.name}"
        raise UsageError(
            f"{flag} excludes --policy {policy.name}: what a raw vector will read is not known in imagined steps.",
            "Use --fusion joint with an RSSM, or --policy sac.",
        )
    if rssm.build is None:
        return {}
    return {name: kind for name, kind in sensors.items() if kind != "vector" or not concat}


def _entry(slot: Slot, name: Json, catalog: Catalog) -> Entry:
    entry = catalog.get(slot.kind, str(name))
    if not slot.takes(entry.record):
        able = ", ".join(catalog.name(other) for other in catalog.entries(slot.kind) if slot.takes(other.record))
        raise UsageError(
            f"--{slot.flag}: {slot.kind} {name!r} does not take {slot.sensor} sensors.",
            f"Those that do: {able or 'none'}.",
        )
    return entry


def _needed(entries: Mapping[Slot, Entry]) -> str:
    """Return the objective that the chosen losses need."""
    needs = {
        entry.record.paradigm: f"--{slot.flag} {entry.record.name}"
        for slot, entry in entries.items()
        if isinstance(entry.record, Loss) and entry.record.paradigm is not None
    }
    if len(needs) > 1:
        clash = ", but ".join(f"{flag} needs the {paradigm} objective" for paradigm, flag in needs.items())
        raise UsageError(f"{clash}.", f"Choose losses that agree, or add --objective {' or '.join(needs)}.")
    return next(iter(needs), "variational")


def _fits(field: Field | None, value: Json) -> bool:
    """Return whether a suggested value can be used: a stranger's option of that name may mean something else."""
    if field is None:
        return True  # the name of a component, or an option of one that was not chosen
    try:
        check(field, value)
    except UsageError:
        return False
    return True


def _shrinks(field: Field | None, value: Json, suggested: Json) -> bool:
    """Return whether a size applies to an option: it may be missing, mean something else, or be small already."""
    if field is None or not _fits(field, value):
        return False
    before = field.default if suggested is None else suggested
    return before is not None and bool(value < before)

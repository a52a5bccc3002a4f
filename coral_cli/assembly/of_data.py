"""Which environment a dataset stands for, and what is wrong with it: the same for all who would learn from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from coral_cli.assembly.assemble import is_torchs
from coral_cli.assembly.assembly import Choice
from coral_cli.assembly.settings import Settings
from coral_cli.assembly.slots import ENV
from coral_cli.environments.recording import name_of_recording
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.errors import PluginError, UnreadableError, UsageError
from coral_cli.registry.options import Json, values_of, with_values
from coral_cli.registry.records import Environment
from coral_cli.registry.sensors import Fit
from coral_cli.runs.dataset import INDEX, Dataset
from coral_cli.runs.dataset_check import named, shaped
from coral_cli.runs.dataset_rules import Finding
from coral_cli.runs.documents import FormError
from coral_cli.runs.picture_size import Scaling, scaling

LEAVE_OUT = f'Leave "env" out of {INDEX}: what is recorded is learned from without it.'


def renaming(words: Sequence[str]) -> dict[str, str]:
    """Return the new names of sensors by their old ones, from ``OLD=NEW``. Raises UsageError for other words."""
    names = {}
    for word in words:
        old, _, new = (part.strip() for part in word.partition("="))
        if not old or not new or "=" in new:
            raise UsageError(f"--rename is {word!r}, which is not OLD=NEW.", "Write --rename front=image, for example.")
        names[old] = new
    return names


def flags_of_data(dataset: Dataset, catalog: Catalog) -> dict[str, Json]:
    """Return the flags of what ``dataset`` recorded: its environment, how pictures were drawn, the sensors there are.

    Where no environment is named, or it has not all the sensors, or rewards are absent, it is a recording.
    """
    seen = _seen(dataset)
    try:
        found = _environment(dataset, catalog)
    except PluginError as error:
        raise PluginError(
            error.message, f"{error.hint.rstrip('.')}. Or: {LEAVE_OUT}" if error.hint else LEAVE_OUT
        ) from error
    kinds = {name: sensor.kind for name, sensor in dataset.sensors.items()}
    if found is None or not _covers(found[0], dataset):
        for finding in named(kinds, is_torchs):
            raise UnreadableError(f"{finding.message}.", finding.hint)
        return {ENV.flag: name_of_recording(kinds, dataset.rewarded), **seen}
    entry, options = found
    assert isinstance(entry.record, Environment)
    if len(kinds) < len(entry.record.sensors):
        seen["sensors"] = [name for name in entry.record.sensors if name in kinds]
    own = {f"{ENV.flag}.{name.replace('_', '-')}": value for name, value in options.items()}
    return {ENV.flag: catalog.name(entry), **own, **seen}


def _seen(dataset: Dataset) -> dict[str, Json]:
    """Return the flags of how its pictures were drawn."""
    said = {name: dataset.metadata[name] for name in ("image_size", "render_quality") if name in dataset.metadata}
    try:
        with_values(Settings(), said)
    except UsageError as error:
        raise UnreadableError(f"{dataset.path / INDEX} is damaged ({error}).") from error
    return {name.replace("_", "-"): value for name, value in said.items()}


def _environment(dataset: Dataset, catalog: Catalog) -> tuple[Entry, dict[str, Json]] | None:
    """Return the environment that a dataset names, with its options; None for one that names none.

    Raises UnreadableError for what is none, and PluginError for one that is not installed.
    """
    if "env" not in dataset.metadata:
        return None
    try:
        choice = Choice.from_json(dataset.metadata["env"])
        if choice.kind != ENV.kind:
            raise FormError("env is no environment")
    except (FormError, TypeError, UsageError) as error:
        raise UnreadableError(f"{dataset.path / INDEX} is damaged ({error}).") from error
    found = catalog.locate(*choice.identity)
    return found, values_of(choice.options_of(found.record))


def _covers(entry: Entry, dataset: Dataset) -> bool:
    """Return whether an environment has all that was recorded: by its name, and of its kind."""
    assert isinstance(entry.record, Environment)
    sensors = entry.record.sensors
    return dataset.rewarded and all(sensors.get(name) == one.kind for name, one in dataset.sensors.items())


def scalings(dataset: Dataset, settings: Settings, used: Sequence[str]) -> dict[str, Scaling]:
    """Return what becomes of the pictures of the sensors ``used``, with the sizes of ``settings``."""
    recorded = dataset.metadata.get("crop_margin") or 0
    return {
        name: scaling((sensor.shape[0], sensor.shape[1]), recorded, settings.image_shape, settings.crop_margin or 0)
        for name, sensor in dataset.sensors.items()
        if name in used and sensor.spatial
    }


def of_index(
    dataset: Dataset, catalog: Catalog, settings: Settings, used: Sequence[str], fit: Fit
) -> Iterator[Finding]:
    """Yield what the index alone tells of the sensors ``used``: names, shapes, sizes, and another environment."""
    sensors = {name: sensor for name, sensor in dataset.sensors.items() if name in used}
    yield from named(sensors, is_torchs)
    yield from shaped(sensors, scalings(dataset, settings, used), fit)
    try:
        found = _environment(dataset, catalog)
    except PluginError as error:
        yield Finding("environment", True, error.message.rstrip("."), LEAVE_OUT)
        return
    if found is not None and dataset.rewarded and not dataset.stored and not _covers(found[0], dataset):
        record = found[0].record
        assert isinstance(record, Environment)
        lacks = [f"{name!r}" for name, one in dataset.sensors.items() if record.sensors.get(name) != one.kind]
        message = f"{INDEX} names the environment {record.name}, whose sensors are others than {', '.join(lacks)}"
        yield Finding("environment", False, message, LEAVE_OUT)


def settings_of(dataset: Dataset) -> Settings:
    """Return the settings that a dataset itself asks for, without a margin for random crops."""
    said: Mapping[str, Json] = {name.replace("-", "_"): value for name, value in _seen(dataset).items()}
    return with_values(Settings(), {**said, "crop_margin": 0})

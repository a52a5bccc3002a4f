"""``coral data import``: recordings in others' formats made a dataset."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from coral_cli.assembly.flags import Flag, Given, flags_from, signed, taken
from coral_cli.assembly.two_phase import gathered
from coral_cli.assembly.typer_surface import Command, Reading
from coral_cli.commands.output import DebugFlag, JsonFlag, QuietFlag, documents, print_json
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.errors import CoralError, PluginError, UnreadableError, UsageError, within
from coral_cli.registry.nearest import meant
from coral_cli.registry.options import Help, Json, fields_of, values_of, with_values
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.records import Reader
from coral_cli.registry.sensors import Fit
from coral_cli.registry.terminal import say, sentence

HELP = """Make a dataset of recordings in another format: lerobot, minari, robomimic, maniskill or rlds.

Each format is read by a plugin of its own; `coral data import FORMAT --help` shows its flags, too. Pictures, depth,
vectors, actions, rewards and ends are converted once, for `coral pretrain`; nothing is left behind where that fails."""

FIRST_PARTY = {
    "lerobot": "coral-data-lerobot",
    "minari": "coral-data-minari",
    "robomimic": "coral-data-robomimic",
    "maniskill": "coral-data-robomimic",
    "rlds": "coral-data-rlds",
}
"""The packages of this project that read a format."""

DAMAGES = (OSError, EOFError, ValueError, KeyError, IndexError, RuntimeError, MemoryError)
"""What libraries raise when a file is not of the format that they read."""

LINES = 20
"""Lines of progress, at most."""


@dataclass(frozen=True)
class ImportOptions:
    """Options of ``coral data import``: what to take over, how, and where to."""

    out: Annotated[str | None, Help("The dataset's directory: new, or empty.")] = None
    sensor: Annotated[
        tuple[str, ...],
        Help("A sensor to take over, or NEW=NAME to call it otherwise; may be repeated (default: all)."),
    ] = ()
    size: Annotated[
        tuple[int, ...] | None,
        Help("Side, or height,width, of pictures and depth, by the mean of what a pixel covers.", min=1, max=2**14),
    ] = None
    fit: Annotated[Fit, Help("How --size makes pictures of another shape: with black bars, cut off, or distorted.")] = (
        "pad"
    )
    scale_actions: Annotated[
        str | None,
        Help(
            "What becomes -1 and 1: bounds (the format's), range (the data's), keep, or LOW:HIGH, each one number or "
            "one for each action (default: bounds where there are some, else keep between -1 and 1, else range)."
        ),
    ] = None
    episodes: Annotated[
        str | None, Help("How many episodes, or FROM:TO, TO not included; several by commas (default: all).")
    ] = None
    fps: Annotated[
        float | None, Help("Steps a second, where the recordings do not say (or say wrongly).", min=0.001)
    ] = None
    json: JsonFlag = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


OWN = flags_from(ImportOptions(), "Import", {"out": "DIR", "episodes": "N|FROM:TO,...", "scale_actions": "HOW"})
FORMAT = "format", "The format."
SOURCE = "Its file, directory or id."


class Import(Command):
    """The command, whose flags depend on the format."""

    def reading(self, words: list[str], given: Any, completing: bool) -> Reading:
        """Read the format first."""
        catalog: Catalog = given
        words = gathered(words, "sensor")
        name = words[0] if words and not words[0].startswith("-") else None
        flags, source = OWN, SOURCE
        if name is not None and (entry := _entry(name, catalog, tolerant=completing)):
            flags, source = (*OWN, *_reader_flags(entry)), _source(entry)
        return Reading(words, signed(import_, flags, FORMAT, second=("source", source)))


def import_(context: typer.Context, given: Given) -> int:
    """Import recordings."""
    options, rest = taken(ImportOptions(), given)
    catalog: Catalog = context.obj
    entry = _entry(rest["format"], catalog, tolerant=False)
    assert entry is not None
    record: Any = entry.record
    if options.out is None:
        raise UsageError("--out is missing.", "Name a directory for the dataset: --out DIR.")
    prefix = f"{record.name}."
    written = {
        flag.removeprefix(prefix).replace("-", "_"): value for flag, value in rest.items() if flag.startswith(prefix)
    }
    return _carry_out(entry, with_values(record.options, written), rest["source"], options)


def _carry_out(entry: Entry, own: object, source: str, options: ImportOptions) -> int:
    from coral_cli.recordings.importing import bytes_in, described, import_recordings

    record: Any = entry.record
    out, wishes = absolute(options.out or ""), _wishes(options)

    def report(done: int, total: int, rows: int) -> None:
        if not options.quiet and done * LINES // total > (done - 1) * LINES // total:
            say(f"episode {done}/{total}  rows {rows}", file=sys.stderr)

    with documents(options.json), _reading(source, record.name):
        place = absolute(source)
        whole = place.exists() and not (options.sensor or options.size or options.episodes)
        about = {
            **({"bytes": bytes_in(place)} if whole else {}),
            "format": record.name,
            "path": source,
            "reader": {"distribution": entry.distribution, "version": entry.version, "options": values_of(own)},
        }
        with closing(record.build(own, str(place) if place.exists() else source)) as recording:
            imported = import_recordings(recording, about, out, wishes, report)
            document = described(imported)
    if options.json:
        print_json({"dataset": as_written(out), **document})
        return 0
    if not options.quiet:
        for note in imported.notes:
            say(f"note: {sentence(note)}", file=sys.stderr)
    _say_what(document)
    command = shlex.join(["coral", "pretrain", "--data", as_written(out)])
    say(f"{imported.episodes} episodes in {as_written(out)}; train a representation on them with: {command}")
    return 0


def _say_what(document: Mapping[str, Json]) -> None:
    width = max(12, *map(len, document["sensors"]))
    for name, sensor in document["sensors"].items():
        say(f"{name:<{width}}  {sensor['kind']:<7} {'x'.join(map(str, sensor['shape'])):<12} {sensor['from']}")
    rate = "" if document["fps"] is None else f", {document['fps']:g} a second"
    say(f"{document['rows']:,} rows{rate}, {document['bytes'] / 1e6:,.1f} MB")


@contextmanager
def _reading(source: str, name: str) -> Iterator[None]:
    """Say that ``source`` cannot be read where a library stumbles over it, and whose the reader is of another error."""
    with within(name):
        try:
            yield
        except DAMAGES as error:
            why = " ".join(str(error).split()) or type(error).__name__
            raise UnreadableError(f"{source} cannot be read as {name} ({why}).") from error


def _wishes(options: ImportOptions) -> Any:
    from coral_cli.recordings.importing import Wishes
    from coral_cli.recordings.pictures import Sizing

    size = options.size
    if size is not None and len(size) not in (1, 2):
        raise UsageError(f"--size has {len(size)} numbers.", "Write --size 76, or --size 76,60 for height and width.")
    both = None if size is None else (size[0], size[-1])
    sizing, episodes = Sizing(both, options.fit), _episodes(options.episodes)
    return Wishes(options.sensor, sizing, options.scale_actions, episodes, options.fps)


def _episodes(text: str | None) -> tuple[tuple[int, int | None], ...]:
    return ((0, None),) if text is None else tuple(_range(part, text) for part in text.split(","))


def _range(part: str, text: str) -> tuple[int, int | None]:
    found = re.fullmatch(r"(?:(\d{0,9})(:))?(\d{0,9})", part)
    first, last = (int(found[1] or 0), found[3]) if found else (0, "")
    if not found or (not last and not found[2]) or (last and int(last) <= first):
        raise UsageError(f"--episodes cannot be {text!r}.", "Write how many, or FROM:TO, such as 10:20 or 0:4,5:20.")
    return first, int(last) if last else None


def _entry(name: str, catalog: Catalog, tolerant: bool) -> Entry | None:
    """Return the reader of a format. Raises PluginError for one whose package is not installed."""
    try:
        return catalog.get(Reader.kind, name)
    except CoralError:
        if tolerant:
            return None
        if name not in [entry.record.name for entry in catalog.entries(Reader.kind)]:
            raise _absent(name, catalog) from None
        raise


def _absent(name: str, catalog: Catalog) -> CoralError:
    """Return the error that says what to install for a format, or which formats there are."""
    package = FIRST_PARTY.get(name)
    if package is None:
        known = [*FIRST_PARTY, *catalog.names(Reader.kind)]
        hint = meant(name, known, f"Formats: {', '.join(dict.fromkeys(known))}; plugins can add others.", "{!r}")
        return UsageError(f"there is no format {name!r}.", hint)
    found = [plugin for plugin in catalog.plugins if plugin.distribution == package]
    if found and found[0].status != "active":
        why = f": {found[0].error}" if found[0].error else ""
        return PluginError(
            f"{name} is read by {package}, which is {found[0].status}{why}.", f"See `coral plugins info {package}`."
        )
    return PluginError(
        f"{name} is read by {package}, which is not installed.",
        f"From a clone of coral: pip install ./plugins/{package}",
    )


def _source(entry: Entry) -> str:
    record: Any = entry.record
    return f"{record.takes[:1].upper()}{record.takes[1:]}."


def _reader_flags(entry: Entry) -> Sequence[Flag]:
    record: Any = entry.record
    title = f"{record.name} ({entry.distribution} {entry.version})"
    return [Flag(replace(field, name=f"{record.name}.{field.flag}"), title) for field in fields_of(record.options)]


def add(data: typer.Typer) -> None:
    """Add ``coral data import``."""
    data.command("import", cls=Import, help=HELP)(signed(import_, OWN, FORMAT, second=("source", SOURCE)))

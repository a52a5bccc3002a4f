"""Words of a command line to values of flags, without a command: many lines can be checked at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from coral_cli.assembly.flags import Flag
from coral_cli.assembly.selection import choose
from coral_cli.assembly.slots import REPEATABLE
from coral_cli.assembly.two_phase import assembly_flags
from coral_cli.assembly.unknown import unknown_flag
from coral_cli.assembly.values import negative, parse
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Json

Word: TypeAlias = tuple[str, str | None]
"""A flag without its dashes, and what follows it; None where nothing does."""


def split(line: Sequence[str]) -> list[Word]:
    """Return the flags of a line, each with its value. Raises UsageError for a word that belongs to no flag."""
    found: list[Word] = []
    words = list(reversed(line))
    while words:
        word = words.pop()
        name, equals, value = word.partition("=")
        if not name.startswith("--") or name == "--":
            raise UsageError(f"{word!r} belongs to no flag.", "Flags are written --NAME VALUE.")
        follows = bool(words) and not words[-1].startswith("--")
        found.append((name.removeprefix("--"), value if equals else words.pop() if follows else None))
    return found


def joined(words: Iterable[Word]) -> list[str]:
    """Return the line of which ``split`` makes ``words``."""
    line: list[str] = []
    for name, value in words:
        plain = value is not None and value != "" and not value.startswith("-")
        line += [f"--{name}"] if value is None else [f"--{name}", str(value)] if plain else [f"--{name}={value}"]
    return line


def values(words: Iterable[Word], catalog: Catalog, others: Collection[str] = ()) -> dict[str, Json]:
    """Return what ``coral train`` is given by ``words``: values by flag, as ``resolve`` takes them.

    Raises UsageError as that command does; ``others`` are more flags that an unknown one may have been meant for.
    """
    written = _last(words)
    selection = choose({name: text for name, text in written.items() if text is not None}, catalog)
    flags = {flag.name: flag for flag in assembly_flags(selection, catalog)}
    off = {negative(name): name for name, flag in flags.items() if flag.field.type is bool}
    found: dict[str, Json] = {}
    for name, text in written.items():
        if name in off and name not in flags:
            _require_alone(name, text)
            found[off[name]] = False
        elif name in flags:
            found[name] = _value(flags[name], text)
        else:
            raise unknown_flag(name, selection, catalog, [*flags, *others])
    return found


def _last(words: Iterable[Word]) -> dict[str, str | None]:
    """Return the last value of each flag; of repeatable ones all, with commas."""
    written: dict[str, str | None] = {}
    for name, text in words:
        before = written.pop(name, None)
        stacked = name in REPEATABLE and before is not None and text is not None
        written[name] = f"{before},{text}" if stacked else text
    return written


def _value(flag: Flag, text: str | None) -> Json:
    if flag.field.type is bool:
        _require_alone(flag.name, text)
        return True
    if text is None:
        raise UsageError(f"--{flag.name} has no value.", flag.field.help.text)
    return parse(flag.field, text)


def _require_alone(name: str, text: str | None) -> None:
    if text is not None:
        raise UsageError(f"--{name} takes no value, and {text!r} follows it.", f"Leave {text!r} out.")

"""The commands that plugins offer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import typer

from coral_cli.assembly.flags import Body, Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command, Group
from coral_cli.commands.output import DebugFlag
from coral_cli.registry import records
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import CoralError


@dataclass(frozen=True)
class SharedOptions:
    """Options that every command has."""

    debug: DebugFlag = False


def add(app: typer.Typer, catalog: Catalog, own: Collection[str]) -> None:
    """Add each command of a plugin, those called like one of coral's ``own`` as ``DISTRIBUTION/NAME``."""
    groups: dict[str, typer.Typer] = {}
    for entry in catalog.entries("command"):
        assert isinstance(entry.record, records.Command)
        group = entry.record.name.partition(" ")[0]
        name = entry.qualified if group in own else catalog.name(entry)
        group, _, word = name.rpartition(" ")
        text = f"{entry.record.summary} ({entry.distribution})"
        if group and group not in groups:
            groups[group] = typer.Typer(cls=Group, help=f"Commands of {entry.distribution}.", add_completion=False)
            app.add_typer(groups[group], name=group)
        groups.get(group, app).command(word, cls=Command, help=text)(_signed(entry.record))


def _signed(record: records.Command) -> Callable[..., int]:
    own = flags_from(record.options)
    texts = {flag.field.name: flag.field.help.text for flag in own}
    arguments = [(name, texts[name]) for name in record.arguments]
    flags = [flag for flag in own if flag.field.name not in record.arguments]
    return signed(_body(record), (*flags, *flags_from(SharedOptions())), *_two(arguments))


def _two(arguments: list[tuple[str, str]]) -> tuple[Any, ...]:
    """Return the arguments of ``signed`` behind the flags: the first, whether it is many or optional, the second."""
    first, second = (*arguments, None, None)[:2]
    return first, False, False, second


def _body(record: records.Command) -> Body:
    def run(context: typer.Context, given: Given) -> int:
        try:
            return record.run(taken(record.options, given)[0])
        except SystemExit as stop:
            if stop.code is None or isinstance(stop.code, int):
                return stop.code or 0
            raise CoralError(str(stop.code)) from None

    return run

"""The commands that plugins offer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import typer

from coral_cli.assembly.flags import Body, Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
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
    for entry in catalog.entries("command"):
        assert isinstance(entry.record, records.Command)
        name = entry.qualified if entry.record.name in own else catalog.name(entry)
        flags = (*flags_from(entry.record.options), *flags_from(SharedOptions()))
        text = f"{entry.record.summary} ({entry.distribution})"
        app.command(name, cls=Command, help=text)(signed(_body(entry.record), flags))


def _body(record: records.Command) -> Body:
    def run(context: typer.Context, given: Given) -> int:
        try:
            return record.run(taken(record.options, given)[0])
        except SystemExit as stop:
            if stop.code is None or isinstance(stop.code, int):
                return stop.code or 0
            raise CoralError(str(stop.code)) from None

    return run

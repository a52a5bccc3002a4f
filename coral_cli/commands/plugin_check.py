"""``coral plugins check``: whether a plugin's components keep their contracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from coral_cli import builtin
from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, documents, print_json
from coral_cli.registry.catalog import Catalog, Entry, Plugin
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import UsageError
from coral_cli.registry.places import absolute
from coral_cli.registry.terminal import say

if TYPE_CHECKING:
    from coral_cli.testing.failures import Failure


@dataclass(frozen=True)
class CheckOptions:
    """Options of ``coral plugins check``: how to print."""

    json: JsonFlag = False
    debug: DebugFlag = False


@dataclass(frozen=True)
class Verdict:
    """The name of what was checked, and in what it failed."""

    subject: str
    failures: tuple[Failure, ...]


def check(context: typer.Context, given: Given) -> int:
    """Check whether a plugin keeps its contracts. Exit code 1, and a line for each failed check, if it does not.

    PLUGIN is the directory of a package, a .py file, or the distribution of an installed plugin.
    """
    options, rest = taken(CheckOptions(), given)
    verdicts = []
    with documents(options.json):
        for verdict in _verdicts(*_found(rest["plugin"], context.obj)):
            verdicts.append(verdict)
            if not options.json:
                lines = [f"failed  {verdict.subject}  {failure}" for failure in verdict.failures]
                say("\n".join(lines) or f"ok      {verdict.subject}")
    ok = not any(verdict.failures for verdict in verdicts)
    if options.json:
        print_json({"ok": ok, "checked": [asdict(verdict) for verdict in verdicts]})
    return 0 if ok else 1


def _found(target: str, catalog: Catalog) -> tuple[list[Plugin], list[Entry]]:
    path = absolute(target)
    if path.exists():
        catalog = discover(builtin, {"CORAL_PLUGINS": ""}, [path])
        plugins = [plugin for plugin in catalog.plugins if plugin.path]
    else:
        plugins = [plugin for plugin in catalog.plugins if target in (plugin.name, plugin.distribution)]
    if not plugins:
        raise UsageError(f"there is no plugin {target!r}.", "Name a directory, a .py file, or an installed plugin.")
    owners = {plugin.distribution for plugin in plugins}
    return plugins, [entry for entry in catalog if entry.distribution in owners]


def _verdicts(plugins: list[Plugin], entries: list[Entry]) -> Iterator[Verdict]:
    """Check plugins and their components, one by one; here torch is imported, and not before."""
    from coral_cli.testing.checking import check as check_record
    from coral_cli.testing.failures import ConformanceError, failures_of
    from coral_cli.testing.plugins import PLUGIN, names

    for plugin in plugins:
        yield Verdict(f"plugin {plugin.name}", failures_of(plugin, PLUGIN))
    yield Verdict("names", failures_of([entry.record for entry in entries], (names,)))
    for entry in entries:
        failures: tuple[Failure, ...] = ()
        try:
            check_record(entry.record)
        except ConformanceError as error:
            failures = error.failures
        yield Verdict(f"{entry.record.kind} {entry.record.name}", failures)


def add(app: typer.Typer) -> None:
    """Add ``coral plugins check``."""
    argument = ("plugin", "A package's directory, a .py file, or the name of an installed plugin.")
    app.command("check", cls=Command)(signed(check, flags_from(CheckOptions()), argument))

"""``coral plugins``: what is installed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import typer
from rich.text import Text

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command, Group
from coral_cli.commands import plugin_check, plugin_info, plugin_new
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.tables import print_table
from coral_cli.registry.catalog import Catalog, Plugin
from coral_cli.registry.console import Terminal
from coral_cli.registry.options import Help, Json
from coral_cli.registry.terminal import say

Kind: TypeAlias = Literal[
    "environment",
    "loss",
    "encoder",
    "rssm",
    "objective",
    "policy",
    "distraction",
    "observer",
    "engine",
    "reader",
    "command",
    "check",
]
STYLES = {"broken": "red", "disabled": "dim", "incompatible": "red", "shadowed": "yellow"}


@dataclass(frozen=True)
class ListOptions:
    """Options of ``coral plugins list``: what to list."""

    kind: Annotated[Kind | None, Help("Only components of this kind.")] = None
    requirements: Annotated[bool, Help("Print what pip needs to install the same plugins elsewhere.")] = False
    json: JsonFlag = False
    debug: DebugFlag = False


def list_plugins(context: typer.Context, given: Given) -> int:
    """List components, and the plugins that offer none because something is wrong."""
    options, _ = taken(ListOptions(), given)
    catalog: Catalog = context.obj
    kinds = [options.kind] if options.kind else get_args(Kind)
    components = [component for kind in kinds for component in _components(catalog, kind)]
    plugins = [
        {"name": p.name, "distribution": p.distribution, "version": p.version, "status": p.status, "error": p.error}
        for p in catalog.plugins
    ]
    requirements = list(dict.fromkeys(map(_requirement, catalog.plugins)))
    if options.requirements and options.json:
        print_json(requirements)
    elif options.requirements:
        for line in requirements:
            say(line)
    elif options.json:
        print_json({"components": components, "plugins": plugins})
    else:
        _print_tables(components, [plugin for plugin in plugins if plugin["status"] != "active"])
    return 0


def _requirement(plugin: Plugin) -> str:
    """Write a line of a requirements file; a single file cannot be installed, and is only mentioned."""
    if plugin.path.endswith(".py"):
        return f"# {plugin.path}"
    if plugin.path:
        return f"{plugin.distribution} @ {Path(plugin.path).as_uri()}"
    return f"{plugin.distribution}=={plugin.version}"


def _components(catalog: Catalog, kind: str) -> list[dict[str, Json]]:
    status = {plugin.distribution: plugin.status for plugin in catalog.plugins}
    return [
        {
            "kind": kind,
            "name": catalog.name(entry),
            "summary": entry.record.summary,
            "distribution": entry.distribution,
            "version": entry.version,
            "status": status.get(entry.distribution, "active"),
        }
        for entry in catalog.entries(kind)
    ]


def _print_tables(components: list[dict[str, Json]], plugins: list[dict[str, Json]]) -> None:
    """Print a table for each kind, which is the heading of the names, and one of the plugins."""
    console = Terminal()
    if not components:
        console.print("No such component is installed.")
    for number, (kind, rows) in enumerate(groupby(components, lambda row: row["kind"])):
        if number:
            console.print()
        lines = [(row["name"], _origin(row), row["summary"]) for row in rows]
        print_table(console, (kind, "from", "summary"), lines)
    if plugins:
        console.print()
        print_table(
            console, ("plugin", "from", "error"), [(row["name"], _origin(row), row["error"]) for row in plugins]
        )


def _origin(row: dict[str, Json]) -> Text:
    """Return the distribution, and what became of it unless that is as it should be."""
    origin = Text(f"{row['distribution']} {row['version']}")
    status = row["status"]
    return origin if status == "active" else origin.append(f", {status}", STYLES[status])


def add(app: typer.Typer) -> None:
    """Add ``coral plugins``."""
    plugins = typer.Typer(cls=Group, help="Show, check and begin plugins.", add_completion=False)
    plugins.command("list", cls=Command)(signed(list_plugins, flags_from(ListOptions())))
    for command in (plugin_info, plugin_check, plugin_new):
        command.add(plugins)
    app.add_typer(plugins, name="plugins")

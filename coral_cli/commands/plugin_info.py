"""``coral plugins info``: everything about one component or plugin."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import typer
from rich.text import Text

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.assembly.values import text_of
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.registry.catalog import Catalog, Entry, Plugin
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import meant
from coral_cli.registry.options import Field, Json, fields_of
from coral_cli.registry.records import Record
from coral_cli.registry.sources import current
from coral_cli.version import CORE


@dataclass(frozen=True)
class InfoOptions:
    """Options of ``coral plugins info``: how to print."""

    json: JsonFlag = False
    debug: DebugFlag = False


def info(context: typer.Context, given: Given) -> int:
    """Show a component or a plugin: options, origin, status, and what is wrong with it."""
    options, rest = taken(InfoOptions(), given)
    catalog: Catalog = context.obj
    name = current(rest["name"])
    plugins = [plugin for plugin in catalog.plugins if name in (plugin.name, plugin.distribution)]
    owners = {name, *(plugin.distribution for plugin in plugins)}
    entries = [entry for entry in catalog if name in _names(entry) or entry.distribution in owners]
    if not entries and not plugins:
        raise _unknown(name, catalog)
    owners |= {entry.distribution for entry in entries}
    plugins = [plugin for plugin in catalog.plugins if plugin.distribution in owners]
    status = {plugin.distribution: plugin.status for plugin in plugins}
    components = [_component(entry, status.get(entry.distribution, "active")) for entry in entries]
    if options.json:
        print_json(
            {"components": components, "plugins": [asdict(plugin) | {"file": plugin.file} for plugin in plugins]}
        )
    else:
        _print(components, plugins)
    return 0


def _names(entry: Entry) -> tuple[str, str]:
    return entry.record.name, entry.qualified


def _unknown(name: str, catalog: Catalog) -> UsageError:
    known = {entry.record.name for entry in catalog} | {plugin.name for plugin in catalog.plugins}
    return UsageError(
        f"no component or plugin is named {name!r}.", meant(name, known, "See `coral plugins list`.", "{!r}")
    )


def _component(entry: Entry, status: str) -> dict[str, Json]:
    return {
        "kind": entry.record.kind,
        "name": entry.record.name,
        "summary": entry.record.summary,
        "distribution": entry.distribution,
        "version": entry.version,
        "status": status,
        "file": _file(entry.record),
        "options": [_option(field) for field in fields_of(entry.record.options)],
    }


def _file(record: Record) -> str:
    made: Any = getattr(record, "build", None) or getattr(record, "run", None)
    made = getattr(made, "func", made)  # a partial function's
    return (inspect.getsourcefile(made) or "") if callable(made) else ""


def _option(field: Field) -> dict[str, Json]:
    kind = f"{field.item.__name__},..." if field.type is tuple else field.type.__name__
    return {
        "name": field.flag,
        "type": "|".join(field.choices) or kind,
        "optional": field.optional,
        "default": list(field.default) if isinstance(field.default, tuple) else field.default,
        "min": field.help.min,
        "max": field.help.max,
        "help": field.help.text,
    }


def _print(components: Iterable[dict[str, Json]], plugins: Iterable[Plugin]) -> None:
    console = Terminal()
    for component in components:
        console.print(Text.assemble((f"{component['kind']} ", "cyan"), (component["name"], "bold")))
        lines = [component["summary"], _origin(component), component["file"]]
        lines += [_line(option) for option in component["options"]]
        for line in filter(None, lines):
            console.print(Text(f"  {line}"), soft_wrap=True)
    for plugin in plugins:
        console.print(Text.assemble(("plugin ", "cyan"), (plugin.name, "bold")))
        origin = f"{plugin.distribution} {plugin.version}, {plugin.status}"
        for line in filter(None, (origin, plugin.error, plugin.file, *plugin.traceback.splitlines())):
            console.print(Text(f"  {line}"), soft_wrap=True)


def _origin(component: dict[str, Json]) -> str:
    return f"from {component['distribution']} {component['version']}, {component['status']}"


def _line(option: dict[str, Json]) -> str:
    bounds = [
        f"at {word} {option[key]:g}" for word, key in (("least", "min"), ("most", "max")) if option[key] is not None
    ]
    default = "none" if option["default"] is None else text_of(option["default"])
    return f"{option['name']} {option['type']}: {option['help']} [{', '.join([f'default {default}', *bounds])}]"


def add(app: typer.Typer) -> None:
    """Add ``coral plugins info``."""
    argument = ("name", f"A component, a plugin, or a distribution such as {CORE}.")
    app.command("info", cls=Command)(signed(info, flags_from(InfoOptions()), argument))

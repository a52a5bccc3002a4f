"""``coral methods``: the named methods and the flags each stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.text import Text

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.shorthands import METHODS, Method, expand
from coral_cli.assembly.slots import ENV
from coral_cli.assembly.typer_surface import Command
from coral_cli.assembly.values import text_of
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.tables import print_table
from coral_cli.registry.console import Terminal
from coral_cli.registry.options import Help
from coral_cli.registry.records import Environment
from coral_cli.registry.sensors import SensorKind


@dataclass(frozen=True)
class MethodsOptions:
    """Options of ``coral methods``: for which sensors, and how to print."""

    env: Annotated[str, Help("Environment whose sensors the flags name.")] = ENV.default or ""
    json: JsonFlag = False
    debug: DebugFlag = False


def methods(context: typer.Context, given: Given) -> int:
    """List the named methods (`coral train --method NAME`) and the flags that each stands for."""
    options, _ = taken(MethodsOptions(), given)
    environment = context.obj.get("environment", options.env).record
    assert isinstance(environment, Environment)
    rows = [(name, method, _words(method, environment.sensors)) for name, method in METHODS.items()]
    if options.json:
        print_json(
            [
                {
                    "name": name,
                    "summary": method.summary,
                    "flags": expand(method.flags, environment.sensors),
                    "line": line,
                }
                for name, method, line in rows
            ]
        )
        return 0
    lines = [(Text(name, "bold cyan"), method.summary, line) for name, method, line in rows]
    print_table(Terminal(), ("method", "summary", "flags"), lines)
    return 0


def _words(method: Method, sensors: Mapping[str, SensorKind]) -> str:
    flags = expand(method.flags, sensors)
    return " ".join(f"--{flag} {text_of(value)}" for flag, value in flags.items())


def add(app: typer.Typer) -> None:
    """Add ``coral methods``."""
    app.command("methods", cls=Command)(signed(methods, flags_from(MethodsOptions(), metavars={"env": "NAME"})))

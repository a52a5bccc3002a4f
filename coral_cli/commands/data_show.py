"""``coral data show``: what a dataset holds."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.registry.places import absolute
from coral_cli.registry.terminal import say


@dataclass(frozen=True)
class ShowOptions:
    """Options of ``coral data show``: how to print."""

    json: JsonFlag = False
    debug: DebugFlag = False


def show(context: typer.Context, given: Given) -> int:
    """Tell what a dataset holds: sensors, episodes, actions, rewards, size."""
    from coral_cli.runs.dataset import open_dataset

    options, given = taken(ShowOptions(), given)
    dataset = open_dataset(absolute(given["data"]))
    sensors = {name: {"kind": one.kind, "shape": list(one.shape)} for name, one in dataset.sensors.items()}
    if options.json:
        print_json({"sensors": sensors, "action_size": dataset.action_size, "rows": dataset.transitions})
        return 0
    for name, sensor in dataset.sensors.items():
        say(f"{name:<12}  {sensor.kind:<7} {'x'.join(map(str, sensor.shape))}")
    return 0


def add(data: typer.Typer) -> None:
    """Add ``coral data show``."""
    data.command("show", cls=Command)(signed(show, flags_from(ShowOptions()), ("data", "A dataset's directory.")))

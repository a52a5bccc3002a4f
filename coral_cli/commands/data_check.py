"""``coral data check``: whether a dataset is as it should be."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.registry.places import absolute
from coral_cli.registry.terminal import say


@dataclass(frozen=True)
class CheckOptions:
    """Options of ``coral data check``: how to print."""

    json: JsonFlag = False
    debug: DebugFlag = False


def check(context: typer.Context, given: Given) -> int:
    """Look for what is wrong with a dataset."""
    from coral_cli.runs.dataset import open_dataset

    options, given = taken(CheckOptions(), given)
    rows = sum(len(episode["reward"]) for episode in open_dataset(absolute(given["data"])).episodes())
    if options.json:
        print_json({"rows": rows})
    else:
        say(f"{rows} rows")
    return 0


def add(data: typer.Typer) -> None:
    """Add ``coral data check``."""
    data.command("check", cls=Command)(signed(check, flags_from(CheckOptions()), ("data", "A dataset's directory.")))

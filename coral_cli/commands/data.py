"""``coral data``: what a dataset holds, and whether anything is wrong with it."""

from __future__ import annotations

import typer

from coral_cli.assembly.typer_surface import Group
from coral_cli.commands import data_check, data_import, data_show

HELP = "Import, show and check datasets: recorded episodes, for `coral pretrain`."


def add(app: typer.Typer) -> None:
    """Add ``coral data``."""
    data = typer.Typer(cls=Group, help=HELP, add_completion=False)
    for command in (data_import, data_show, data_check):
        command.add(data)
    app.add_typer(data, name="data")

"""``coral export``: a trained agent for programs that know nothing of coral."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, QuietFlag, documents, print_json
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Help
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.terminal import say, sentence
from coral_cli.sessions.requests import ExportRequest

HELP = """Write a trained agent as a folder that other programs run, without coral.

In it are a step of its policy for torch and for ONNX Runtime, each compared with the agent itself, its weights without
replay and optimisers, a card, and scripts. It is also an agent for `coral eval` and `load_agent`."""


@dataclass(frozen=True)
class ExportOptions:
    """Options of ``coral export``."""

    out: Annotated[str | None, Help("The folder to write: new, or empty.")] = None
    format: Annotated[
        Literal["all", "torch", "onnx", "weights"],
        Help("Programs to write; weights: none. With all, ONNX is left out where its packages are missing."),
    ] = "all"
    explore: Annotated[
        bool, Help("Let the programs give sampled actions, of noise that is an input, instead of the mean action.")
    ] = False
    json: JsonFlag = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


def export(context: typer.Context, given: Given) -> int:
    """Run a session."""
    options, rest = taken(ExportOptions(), given)
    if options.out is None:
        raise UsageError("--out is missing.", "Name a folder for the agent: --out DIR.")
    request = ExportRequest(
        checkpoint=absolute(rest["checkpoint"]),
        catalog=context.obj,
        out=absolute(options.out),
        form=options.format,
        explore=options.explore,
        json=options.json,
        quiet=options.quiet,
    )
    return run_session(request)


def run_session(request: ExportRequest) -> int:
    """Export; here torch is imported, and not before."""
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.export import export as run

    with documents(request.json):
        done = run(request)
    if done.note and not request.quiet:
        say(f"note: {sentence(done.note)}", file=sys.stderr)
    if request.json:
        print_json({"out": as_written(done.out), "files": done.files, "differences": done.differences})
        return 0
    for name, size in done.files.items():
        compared = f"  within {done.differences[name]:.1g} of the agent" if name in done.differences else ""
        say(f"{name:<20}{size / 1e6:8.2f} MB{compared}")
    say(f"exported to {as_written(done.out)}")
    return 0


def add(app: typer.Typer) -> None:
    """Add ``coral export``."""
    flags = flags_from(ExportOptions(), metavars={"out": "DIR"})
    argument = ("checkpoint", "A checkpoint, or a run directory for its latest one.")
    app.command("export", cls=Command, help=HELP)(signed(export, flags, argument))

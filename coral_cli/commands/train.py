"""``coral train``: assemble an agent and train it, or go on with a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, taken
from coral_cli.assembly.requests import TrainRequest
from coral_cli.assembly.resolve import resolve
from coral_cli.assembly.resume import recorded_assembly, resumed
from coral_cli.assembly.two_phase import two_phase
from coral_cli.commands.output import DebugFlag, QuietFlag
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Help

HELP = """Train an agent assembled from components, or go on with a run.

The options below are those of the chosen components: `coral train --image-loss cv --help` lists those of cv.
`coral plugins list` shows what can be chosen."""


@dataclass(frozen=True)
class TrainOutput:
    """Where the run goes, and what is printed."""

    out: Annotated[str | None, Help("This directory becomes the run (default: runs/NAME).")] = None
    resume: Annotated[str | None, Help("Go on with this run. Needs no other flag.")] = None
    dry_run: Annotated[bool, Help("Do one step of everything, show the assembly and its cost, write nothing.")] = False
    json: Annotated[bool, Help("Print one JSON line per event on standard output.")] = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


def train(context: typer.Context, given: Given) -> int:
    """Resolves the flags and runs a training session."""
    output, given = taken(TrainOutput(), given)
    return run_session(_request(output, given, context.obj))


def run_session(request: TrainRequest) -> int:
    """Trains; here torch is imported, and not before."""
    from coral_cli.training import session

    return session.train(request)


def _request(output: TrainOutput, given: Given, catalog: Catalog) -> TrainRequest:
    out, resume = (Path(path).expanduser() if path else None for path in (output.out, output.resume))
    if out and resume:
        raise UsageError("--out and --resume exclude each other.", "Leave --out out: a resumed run stays where it is.")
    if resume:
        assembly, changes = resumed(recorded_assembly(resume), given, catalog)
    else:
        assembly, changes = resolve(given, catalog), {}
    return TrainRequest(assembly, catalog, out, resume, changes, output.dry_run, output.json, output.quiet)


def add(app: typer.Typer) -> None:
    """Adds ``coral train``."""
    own = flags_from(TrainOutput(), "Output", {"out": "DIR", "resume": "RUN"})
    app.command("train", cls=two_phase(train, own), help=HELP)(lambda: None)

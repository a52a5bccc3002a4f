"""``coral train``: assemble an agent and train it, or go on with a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, taken
from coral_cli.assembly.resolve import resolve
from coral_cli.assembly.resume import repeated, resumed, saved_assembly
from coral_cli.assembly.two_phase import two_phase
from coral_cli.commands.output import DebugFlag, QuietFlag, documents
from coral_cli.commands.place import AUTO_RESUME, place_of
from coral_cli.commands.rehearsed import rehearse
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.options import Help, Json
from coral_cli.sessions.requests import TrainRequest

HELP = """Train an agent assembled from components, or go on with a run.

The options below are those of the chosen components: `coral train --image-loss cv --help` lists those of cv.
`coral plugins list` shows what can be chosen."""


@dataclass(frozen=True)
class TrainOutput:
    """Options of ``coral train``: where the run goes, and what is printed."""

    out: Annotated[str | None, Help("This directory becomes the run (default: runs/NAME).")] = None
    resume: Annotated[str | None, Help("Go on with this run. Needs no other flag.")] = None
    auto_resume: Annotated[bool, Help(AUTO_RESUME)] = False
    dry_run: Annotated[bool, Help("Do one step of everything, show the assembly and its cost, write nothing.")] = False
    json: Annotated[bool, Help("Print one JSON line per event on standard output.")] = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


def train(context: typer.Context, given: Given) -> int:
    """Resolve the flags and run a training session."""
    output, given = taken(TrainOutput(), given)
    return run_session(_request(output, given, context.obj))


def run_session(request: TrainRequest) -> int:
    """Train, or rehearse; here torch is imported, and not before."""
    from coral_cli.display.selection import make_display
    from coral_cli.parallel.torchrun import follows
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.rehearsal import dry_run
    from coral_cli.sessions.train import train as run

    if request.dry_run:
        return 0 if follows() else rehearse(lambda: dry_run(request), request.json)
    err = Terminal(stderr=True)
    with (
        documents(request.json) as out,
        make_display(out, err, json=request.json, quiet=request.quiet or follows()) as display,
    ):
        return run(request, display)


def _request(output: TrainOutput, given: Given, catalog: Catalog) -> TrainRequest:
    place = place_of(output.out, output.resume, output.auto_resume)
    place.require_kind(pretrained=False)
    changes: dict[str, Json] = {}
    if output.resume and place.there:
        assembly, changes = resumed(saved_assembly(place.there), given, catalog)
    else:
        assembly = resolve(given, catalog)
        if place.there:
            assembly, changes = repeated(assembly, place.there, catalog)
    return TrainRequest(
        assembly, catalog, place.out, place.resume, changes, place.again, output.dry_run, output.json, output.quiet
    )


def add(app: typer.Typer) -> None:
    """Add ``coral train``."""
    own = flags_from(TrainOutput(), "Output", {"out": "DIR", "resume": "RUN"})
    app.command("train", cls=two_phase(train, own), help=HELP)(lambda: None)

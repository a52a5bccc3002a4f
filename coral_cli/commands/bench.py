"""``coral bench``: where the time of a training goes here."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import typer

from coral_cli.assembly.flags import Given, flags_from, taken
from coral_cli.assembly.resolve import resolve
from coral_cli.assembly.slots import OBSERVER
from coral_cli.assembly.two_phase import EVERYTHING, two_phase
from coral_cli.commands.output import DebugFlag, JsonFlag, QuietFlag, documents, print_json
from coral_cli.registry.console import Terminal
from coral_cli.registry.options import Help
from coral_cli.registry.terminal import say
from coral_cli.sessions.requests import BenchRequest

HELP = """Measure where the time of a training goes here: updates, environment, memory.

Takes the flags of `coral train`, trains nothing and keeps nothing. Next to the update's parts stands the machine's own
peak, measured at the same precision."""

SCOPE = replace(
    EVERYTHING,
    slots=lambda slot: slot.kind != OBSERVER,
    settings=[name for name in EVERYTHING.settings if name != OBSERVER],
    base=lambda written, catalog: {},
)


@dataclass(frozen=True)
class BenchOptions:
    """Options of ``coral bench``: what to measure, and how often."""

    part: Annotated[Literal["all", "update", "environment"], Help("What to measure.")] = "all"
    repeats: Annotated[int, Help("Updates to take the median of.", min=1)] = 10
    json: JsonFlag = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


def bench(context: typer.Context, given: Given) -> int:
    """Resolve the flags and run a session of measuring."""
    options, given = taken(BenchOptions(), given)
    return run_session(
        BenchRequest(
            assembly=resolve(given, context.obj),
            catalog=context.obj,
            part=options.part,
            repeats=options.repeats,
            json=options.json,
            quiet=options.quiet,
        )
    )


def run_session(request: BenchRequest) -> int:
    """Measure; here torch is imported, and not before."""
    from coral_cli.display.benchmark import print_benchmark
    from coral_cli.parallel.torchrun import follows
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.bench import bench as run

    def tell(what: str) -> None:
        if not (request.quiet or follows()):
            say(f"measuring: {what}", file=sys.stderr)

    with documents(request.json):
        document = run(request, tell)
    if follows():
        return 0
    if request.json:
        print_json(document)
    else:
        print_benchmark(Terminal(), document)
    return 0


def add(app: typer.Typer) -> None:
    """Add ``coral bench``."""
    own = flags_from(BenchOptions(), "Measuring")
    app.command("bench", cls=two_phase(bench, own, SCOPE), help=HELP)(lambda: None)

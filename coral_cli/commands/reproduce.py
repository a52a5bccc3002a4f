"""``coral reproduce``: the paper's comparisons, trained here and held against its values."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, taken
from coral_cli.assembly.shorthands import METHODS
from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.assembly.words import Word
from coral_cli.commands import sweep
from coral_cli.commands.output import print_json
from coral_cli.commands.report import ReportOptions, compared, documents_of, print_tables
from coral_cli.commands.spanning import Spanned, spanning
from coral_cli.commands.sweep import SweepOptions
from coral_cli.display.numbers import count
from coral_cli.display.tables import print_table
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.nearest import meant
from coral_cli.registry.options import Help, Json
from coral_cli.registry.places import as_written
from coral_cli.registry.terminal import say, sentence
from coral_cli.report.comparisons import Comparison, comparisons
from coral_cli.study.grid import SEED, Axis, axes
from coral_cli.study.requests import SweepRequest

HELP = """Train what the paper compares, and set the returns beside its own.

Without a name, list the comparisons. As in `coral sweep`, flags of `coral train` may stand before the --: --env and
--method in place of the comparison's own, others as more to combine. What stands behind it holds for every run:
`coral reproduce video --env cartpole-swingup --fraction 0.1 --seeds 2 --jobs 2 -- --size small`."""
SEEDS = 5
"""Seeds of the paper's runs."""


@dataclass(frozen=True)
class ReproduceOptions(SweepOptions):
    """Options of ``coral reproduce``: those of a sweep, and how much of the paper's training."""

    seeds: Annotated[
        int | None, Help("Seeds of each method on each task (default: 5, as in the paper).", min=1, max=10_000)
    ] = None
    fraction: Annotated[float, Help("Share of the paper's steps to train for.", min=1e-6, max=1)] = 1.0


@dataclass(frozen=True)
class ReproduceRequest:
    """The request of ``coral reproduce``: a sweep, and what a report of it needs."""

    sweep: SweepRequest
    catalog: Catalog


def reproduce(context: typer.Context, given: Given, words: Spanned) -> int:
    """List the comparisons, or train one of them."""
    options, rest = taken(ReproduceOptions(), given)
    names = rest.pop("name", [])
    if not names:
        if any(words):
            hint = f"Write one of: {', '.join(comparisons())}."
            raise UsageError("there is no name of a comparison.", hint)
        return _list(options.json)
    if len(names) > 1:
        raise UsageError(f"{names[1]!r} is a second name.", "Reproduce one comparison after another.")
    comparison = _comparison(names[0])
    before, behind = words
    spanned, fixed = _combined(comparison, options, axes(before), behind)
    asked = sweep.request_of(spanned, fixed, options, rest, context.obj, f"reproduce-{comparison.name}")
    return run_session(ReproduceRequest(asked, context.obj))


def _comparison(name: str) -> Comparison:
    known = comparisons()
    if name not in known:
        raise UsageError(f"there is no comparison {name!r}.", meant(name, known, f"There are: {', '.join(known)}."))
    return known[name]


def _combined(
    comparison: Comparison, options: ReproduceOptions, given: list[Axis], behind: list[Word]
) -> tuple[list[Axis], list[Word]]:
    """Return what a comparison spans and what holds for all of it, as far as the command line leaves that open."""
    said = {axis.flag for axis in given} | {name for name, _ in behind}
    if "steps" in said:
        raise UsageError("--steps is what --fraction says.", f"The paper trains for {count(comparison.steps)} steps.")
    own = {
        ENV.flag: Axis(ENV.flag, tuple((ENV.flag, task) for task in comparison.tasks)),
        "method": Axis("method", tuple(("method", method) for method in _methods(comparison))),
    }
    spanned = [*(axis for flag, axis in own.items() if flag not in said), *given]
    steps = max(1, round(options.fraction * comparison.steps))
    flags: dict[str, str] = {**comparison.flags, "steps": str(steps)}
    fixed = [*((flag, text) for flag, text in flags.items() if flag not in said or flag != DISTRACTION), *behind]
    seeds = options.seeds or (None if SEED in said else SEEDS)
    return sweep.seeded(sorted(spanned, key=lambda axis: axis.flag not in own), fixed, seeds)


def _methods(comparison: Comparison) -> list[str]:
    """Return the methods of a comparison that a distraction of images means anything to; of all others, all."""
    distracted = DISTRACTION in comparison.flags
    known = [name for name in METHODS if name in comparison.methods]
    return [name for name in known if not distracted or METHODS[name].needs != ("vector",)]


def _list(as_json: bool) -> int:
    found = comparisons().values()
    if as_json:
        documents: list[dict[str, Json]] = [
            {
                "name": one.name,
                "summary": one.summary,
                "tasks": list(one.tasks),
                "methods": _methods(one),
                "flags": dict(one.flags),
                "steps": one.steps,
            }
            for one in found
        ]
        print_json(documents)
        return 0
    rows = [
        (one.name, count(len(one.tasks)), count(len(_methods(one))), count(one.steps), _flags(one), one.summary)
        for one in found
    ]
    print_table(Terminal(), ("comparison", "tasks", "methods", "steps", "flags", "what"), rows, (1, 2, 3))
    return 0


def _flags(comparison: Comparison) -> str:
    return " ".join(f"--{flag} {text}" for flag, text in comparison.flags.items())


def run_session(request: ReproduceRequest) -> int:
    """Train, and tell of the runs beside the paper's values, even where some have failed."""
    asked = request.sweep
    failed: CoralError | None = None
    code = 0
    try:
        code = sweep.run_session(asked)
    except CoralError as error:
        if error.exit_code != 1:
            raise
        failed = error
    if not (code or asked.dry_run):
        _compare(request)
    if failed:
        raise failed
    return code


def _compare(request: ReproduceRequest) -> None:
    asked = request.sweep
    options = ReportOptions()
    try:
        found, _ = compared(options, [asked.folder], request.catalog, as_paper=True)
    except CoralError as error:  # nothing has been evaluated, which is no fault of the runs
        say(f"note: {sentence(as_written(error.message))}", file=sys.stderr)
        return
    if asked.json:
        say(json.dumps({"kind": "report", "tasks": documents_of(found)}))
    else:
        say()
        print_tables(found)


OWN = [
    flag
    for flag in flags_from(ReproduceOptions(), "Comparison", {"out": "DIR", "on": "ENGINE"})
    if flag.name != "resume"
]


def add(app: typer.Typer) -> None:
    """Add ``coral reproduce``."""
    argument = ("name", "The comparison, such as `video`; without one, they are listed.")
    app.command("reproduce", cls=spanning(reproduce, OWN, argument), help=HELP)(lambda: None)

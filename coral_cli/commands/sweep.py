"""``coral sweep``: many runs from one command line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, taken
from coral_cli.assembly.slots import ENV
from coral_cli.assembly.values import text_of
from coral_cli.assembly.words import Word
from coral_cli.commands.output import DebugFlag, QuietFlag, documents
from coral_cli.commands.spanning import LOCAL, Spanned, require_engine, spanning
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.options import Help, Json, fields_of, with_values
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.records import Engine
from coral_cli.study.checking import (
    Run,
    checked,
    codes,
    planned,
    require_allowed,
    require_different,
    require_grown,
)
from coral_cli.study.grid import SEED, Axis, axes, require_apart, unfolded
from coral_cli.study.plan import FILE, SWEEPS, Planned, read_plan
from coral_cli.study.requests import SweepRequest

HELP = """Train every combination of values, several runs at a time.

Every flag of `coral train` may stand before the --, each as often as there are values: they are combined with those of
all other flags. What stands behind the -- holds for every run, what stands in a value's quotes for that value's runs
alone: --method "cv-image --image-encoder.depth 8". `coral sweep --env cartpole-swingup --method v-coral
--method p-coral --seeds 5 --jobs 2 -- --size small` trains ten runs, two at a time.

The same command again goes on with what is not done."""


@dataclass(frozen=True)
class SweepOptions:
    """Options of ``coral sweep``: how often, on what and where to."""

    seeds: Annotated[
        int | None, Help("Runs of each combination, with seeds from 0 on (or --seed 3 --seed 7).", min=1, max=10_000)
    ] = None
    jobs: Annotated[int | None, Help("Runs at a time (default: 1, on other engines as they like).", min=1)] = None
    on: Annotated[str, Help("The engine that the runs are done on.")] = LOCAL
    out: Annotated[str | None, Help("The sweep's directory (default: sweeps/NAME).")] = None
    resume: Annotated[str | None, Help("Go on with the sweep in this directory. Needs no flag of a run.")] = None
    measure: Annotated[
        int, Help("Measure how long training takes if there are at most this many different agents.", min=0)
    ] = 8
    dry_run: Annotated[bool, Help("Show the runs and how long they will take, write nothing.")] = False
    json: Annotated[bool, Help("Print one JSON line per event on standard output; with --dry-run, a document.")] = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


def sweep(context: typer.Context, given: Given, words: Spanned) -> int:
    """Plan the runs and carry them out."""
    options, rest = taken(SweepOptions(), given)
    before, behind = words
    if options.resume:
        return run_session(_resumed(options, rest, before, behind, context.obj))
    return run_session(_request(options, rest, before, behind, context.obj))


def _resumed(
    options: SweepOptions, rest: Given, before: Sequence[Word], behind: Sequence[Word], catalog: Catalog
) -> SweepRequest:
    """Ask for what the plan in a sweep's directory says."""
    folder = absolute(options.resume or "")
    if options.out:
        raise UsageError("--out and --resume exclude each other.", "Leave --out out: a resumed sweep stays there.")
    require_engine(before, options.on, catalog)
    wrong = [name for name, _ in (*before, *behind) if name != ENV.flag] + ["seeds"] * (options.seeds is not None)
    if wrong:
        hint = "Leave it out; to add runs, repeat the command that began the sweep, with --out and the new values."
        raise UsageError(f"--{wrong[0]} cannot be combined with --resume: the plan says it.", hint)
    plan = read_plan(folder)
    require_allowed(plan, {text for _, text in before if text}, catalog)
    return _asked(checked(plan.runs, catalog), folder, options, rest, catalog)


def _request(
    options: SweepOptions, rest: Given, before: Sequence[Word], behind: Sequence[Word], catalog: Catalog
) -> SweepRequest:
    spanned, fixed = seeded(axes(before), behind, options.seeds)
    if not before and not behind:
        raise UsageError("there is nothing to train.", "Add flags of `coral train`, such as --env cartpole-swingup.")
    return request_of(spanned, fixed, options, rest, catalog, _name(spanned, fixed))


def request_of(
    spanned: Sequence[Axis],
    fixed: Sequence[Word],
    options: SweepOptions,
    rest: Given,
    catalog: Catalog,
    name: str,
    plan: Sequence[Planned] | None = None,
) -> SweepRequest:
    """Ask for all combinations, or for ``plan``, in a directory called ``name`` unless --out says otherwise."""
    require_apart(spanned, fixed)
    require_engine((word for axis in spanned for word in axis.words), options.on, catalog)
    engine = catalog.get(Engine.kind, options.on).record
    own = [
        *(field.flag for field in fields_of(options)),
        *(f"{engine.name}.{f.flag}" for f in fields_of(engine.options)),
    ]
    misplaced = next((name for name, _ in fixed if name in own), None)
    if misplaced:
        raise UsageError(f"--{misplaced} is no flag of a run, and stands behind the --.", "Write it before the --.")
    runs = planned(spanned, fixed, catalog, own) if plan is None else checked(plan, catalog, own, fixed)
    require_different(runs)
    return _asked(runs, _folder(options.out, name, runs, catalog), options, rest, catalog)


def seeded(spanned: list[Axis], fixed: Sequence[Word], seeds: int | None) -> tuple[list[Axis], list[Word]]:
    """Return the axes with one of seeds, and what holds for every run without. Raises UsageError for two such."""
    said = [axis for axis in spanned if axis.flag == SEED]
    behind = [word for word in fixed if word[0] == SEED]
    if len([*said, *behind[-1:]]) + (seeds is not None) > 1:
        raise UsageError("the seeds stand there twice.", "Write --seeds N, or --seed as often as you like.")
    own = [Axis(SEED, tuple((SEED, str(seed)) for seed in range(seeds or 1)))]
    last = said or ([Axis(SEED, (behind[-1],))] if behind else own)
    return [*(axis for axis in spanned if axis.flag != SEED), *last], [word for word in fixed if word[0] != SEED]


def _asked(runs: Sequence[Run], folder: Path, options: SweepOptions, rest: Given, catalog: Catalog) -> SweepRequest:
    engine = catalog.get(Engine.kind, options.on).record
    assert isinstance(engine, Engine)
    given = {flag.removeprefix(f"{engine.name}.").replace("-", "_"): value for flag, value in rest.items()}
    return SweepRequest(
        runs=runs,
        plugins=catalog.paths,
        folder=folder,
        engine=engine,
        engine_options=with_values(engine.options, given),
        jobs=options.jobs,
        measure=options.measure,
        again=_again(runs, folder, options, rest, catalog),
        dry_run=options.dry_run,
        json=options.json,
        quiet=options.quiet,
    )


def _again(runs: Sequence[Run], folder: Path, options: SweepOptions, rest: Given, catalog: Catalog) -> str:
    """Return the command that goes on with a sweep."""
    words = ["coral", "sweep", "--resume", as_written(folder)]
    words += ["--jobs", str(options.jobs)] if options.jobs else []
    words += ["--on", options.on] if options.on != LOCAL else []
    words += [word for flag, value in rest.items() for word in _said(flag, value)]
    words += [word for env in codes([run.planned for run in runs]) for word in ("--env", env)]
    return shlex.join([*words, *(word for path in catalog.paths for word in ("--plugin", as_written(path)))])


def _said(flag: str, value: Json) -> list[str]:
    return ([f"--{flag}"] if value else []) if isinstance(value, bool) else [f"--{flag}", text_of(value)]


def _name(spanned: Sequence[Axis], fixed: Sequence[Word]) -> str:
    """Name a sweep by its environment and method, and by what it spans: ``cartpole-swingup-by-method``."""
    several = [axis.flag for axis in spanned if len(axis.words) > 1 and axis.flag != SEED]
    single = dict(unfolded([*fixed, *(axis.words[0] for axis in spanned if axis.flag not in several)]))
    same = [single.get(ENV.flag) or ("" if ENV.flag in several else ENV.default), single.get("method")]
    by = [f"by-{'-'.join(flag.rpartition('.')[2] for flag in several)}"] if several else []
    return "-".join(filter(None, [*same, *by]))


def _folder(out: str | None, name: str, runs: Sequence[Run], catalog: Catalog) -> Path:
    """Return the sweep's directory: the one asked for, else the first of NAME, NAME-2, ... that is its own, or free.

    Raises UsageError where another sweep lies.
    """
    if out:
        folder = absolute(out)
        if folder.exists() and (folder / FILE).exists():
            require_grown(read_plan(folder), runs, folder, catalog)
        return folder
    number = 1
    while True:
        folder = absolute(SWEEPS / (f"{name}-{number}" if number > 1 else name).replace("/", "-").replace(":", "-"))
        if not folder.exists():
            return folder
        try:
            require_grown(read_plan(folder), runs, folder, catalog)
            return folder
        except CoralError:
            number += 1


def run_session(request: SweepRequest) -> int:
    """Show the plan, and carry it out."""
    from coral_cli.study.session import carry_out

    with documents(request.json) as out:
        return carry_out(request, out, Terminal(stderr=True))


OWN = flags_from(SweepOptions(), "Sweep", {"out": "DIR", "resume": "DIR", "on": "ENGINE"})


def add(app: typer.Typer) -> None:
    """Add ``coral sweep``."""
    app.command("sweep", cls=spanning(sweep, OWN), help=HELP)(lambda: None)

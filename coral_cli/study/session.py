"""One invocation of a sweep: the plan shown, carried out, and what became of it told."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import TextIO

from rich.console import Console

from coral_cli.display.plans import print_plan, print_results
from coral_cli.display.sweep import Row, document, make_sweep_display
from coral_cli.plugin import EngineModule
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import CoralError
from coral_cli.registry.options import Json
from coral_cli.registry.places import as_written
from coral_cli.registry.terminal import say
from coral_cli.runs.machine import busy
from coral_cli.study.estimating import rehearsed
from coral_cli.study.grid import SEED
from coral_cli.study.jobs import job_of
from coral_cli.study.plan import LOGS, Plan, held, make_folder, require_place, write_plan
from coral_cli.study.requests import SweepRequest
from coral_cli.study.sweeping import Sweep

NAMED = 3
"""Reasons why runs have failed that an error tells, at most."""


def carry_out(request: SweepRequest, out: TextIO, err: Console) -> int:
    """Show the plan, carry it out unless it is a dry run, and return the exit code; documents go to ``out``.

    Raises CoralError when a run has failed, after all others are done.
    """
    engine, folder = request.engine, request.folder
    most = min(request.jobs or 1, len(request.runs)) if engine.here else request.jobs
    jobs = [job_of(run, folder, request.plugins) for run in request.runs]
    sweep = Sweep(request.runs, jobs, folder, most, elsewhere=not engine.here)
    require_place(folder)  # else that is said before anything is measured
    if folder.is_dir() and not request.dry_run:
        with held(folder):
            pass
    with ExitStack() as stack:
        module: EngineModule | None = None
        if engine.here or not request.dry_run:
            module = stack.enter_context(closing(engine.build(request.engine_options, folder, most)))
        load = busy()  # before rehearsals make some of their own
        note = _measure(sweep, module if engine.here else None, request)
        about = module.about if module else f"on {engine.name}"
        _show(request, sweep, about, note, load, out)
        if module is None or request.dry_run:
            return 0
        make_folder(folder)
        stack.enter_context(held(folder))
        write_plan(folder, Plan(tuple(run.planned for run in request.runs), tuple(request.plugins)))
        name = as_written(folder)
        with make_sweep_display(out, err, name, about, json=request.json, quiet=request.quiet) as display:
            code = sweep.carry_out(module, display)
    return _tell(request, sweep, code, out)


def _measure(sweep: Sweep, engine: EngineModule | None, request: SweepRequest) -> str:
    """Find out how long training takes, where it is not known; return what to say where that is left out."""
    unknown = sweep.unknown
    if not unknown or (request.quiet and not (request.dry_run or request.json)):
        return ""
    if engine is None:
        return "how long that takes is not known"
    if len(unknown) > request.measure:
        return f"how long that takes is not known; --measure {len(unknown)} rehearses every agent once"

    def tell(said: str) -> None:
        if not request.quiet:
            say(said, file=sys.stderr)

    sweep.rehearsed = rehearsed(unknown, engine, tell)
    return ""


def _show(request: SweepRequest, sweep: Sweep, about: str, note: str, load: str, out: TextIO) -> None:
    """Show the plan: as the result of a dry run, else beside the results."""
    if request.json:
        _write(
            out, {"kind": "plan", **_plan(request, sweep, about), "busy": load}, indent=2 if request.dry_run else None
        )
    elif request.dry_run or not request.quiet:
        paces = sweep.paces
        agents = [
            ({flag: text for flag, text in run.planned.differs.items() if flag != SEED}, paces.get(run.agent))
            for run in sweep.runs
        ]
        head = f"{as_written(request.folder)}: {about}"
        print_plan(Terminal(stderr=not request.dry_run), head, agents, sweep.rows, sweep.eta, note, load)


def _plan(request: SweepRequest, sweep: Sweep, about: str) -> dict[str, Json]:
    runs = [
        {
            **document(row),
            "flags": list(run.planned.flags),
            "differs": dict(run.planned.differs),
            **({"after": run.planned.after} if run.planned.after else {}),
        }
        for run, row in zip(sweep.runs, sweep.rows, strict=True)
    ]
    where = {"out": as_written(request.folder), "engine": request.engine.name, "about": about}
    return {**where, "eta_range_seconds": sweep.eta, "runs": runs}


def _tell(request: SweepRequest, sweep: Sweep, code: int, out: TextIO) -> int:
    """Tell what became of the runs. Raises CoralError when one has failed, unless a signal has ended the sweep."""
    rows, failed = sweep.rows, sweep.failed
    if request.json:
        states = {state: sum(row.state == state for row in rows) for state in ("done", "failed", "stopped", "pending")}
        _write(out, {"kind": "end", **states, "exit_code": code})
    else:
        print_results(Terminal(), rows)
    if code > 1:
        say(f"stopped; go on with: {request.again}", file=sys.stderr)
        return code
    if failed:
        log = as_written(request.folder / LOGS / f"{failed[0].name}.log")
        has = "has" if len(failed) == 1 else "have"
        raise CoralError(
            f"{len(failed)} of {len(rows)} runs {has} failed: {_reasons(failed)}.",
            f"See {log}, and go on with: {request.again}",
        )
    if not (request.quiet or request.json):
        say(f"compare them with: coral report {shlex.quote(as_written(request.folder))}", file=sys.stderr)
    return code


def _reasons(failed: Sequence[Row]) -> str:
    """Say why runs have failed, each reason once, with the first run that has it."""
    by_reason: dict[str, list[str]] = {}
    for row in failed:
        by_reason.setdefault(row.reason.rstrip("."), []).append(row.name)
    said = [
        f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {reason}"
        for reason, names in by_reason.items()
    ]
    return "; ".join([*said[:NAMED], *(["and others"] if len(said) > NAMED else [])])


def _write(out: TextIO, document: Json, indent: int | None = None) -> None:
    say(json.dumps(document, indent=indent), out)

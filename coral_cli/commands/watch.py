"""``coral watch``: the display of a run in another terminal, from its files alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag
from coral_cli.commands.runs_show import next_step
from coral_cli.display.dashboard import Dashboard
from coral_cli.display.plain import PlainLines
from coral_cli.display.selection import JsonLines, is_live
from coral_cli.registry.console import Terminal
from coral_cli.registry.events import Event
from coral_cli.registry.options import Help, Json
from coral_cli.registry.places import as_written
from coral_cli.registry.stopping import Stopped
from coral_cli.runs.directory import RUNS, RunDirectory
from coral_cli.runs.finding import named
from coral_cli.runs.following import Following
from coral_cli.runs.overview import moment, overview

HELP = """Show how a run goes on, in another terminal than its own, until it ends; of one that has ended, its end.

Only its files are read: it may run anywhere that they are seen from. Ctrl-C ends the watching, not the run."""

POLL = 0.5
"""Seconds between two looks at the files."""


@dataclass(frozen=True)
class WatchOptions:
    """Options of ``coral watch``: how to print."""

    json: Annotated[bool, Help("Print every event so far, and each that comes, as one JSON line.")] = False
    debug: DebugFlag = False


def watch(context: typer.Context, given: Given) -> int:
    """Follow a run until it ends."""
    options, given = taken(WatchOptions(), given)
    run = named(given["run"])
    try:
        if options.json:
            _print_events(run)
        else:
            _show(run)
    except Stopped as stopped:
        stopped.add_note("while watching: the run goes on")
        raise
    return 0


def _print_events(run: RunDirectory) -> None:
    """Print what has been told from the beginning on, and what comes, as JSON lines."""
    show, following = JsonLines(sys.stdout), Following(run)
    while True:
        over = following.over
        for event in following.lines():
            show(event)
        if over:
            return
        time.sleep(POLL)


def _show(run: RunDirectory) -> None:
    console = Terminal()
    display = Dashboard(console, watching=True) if is_live(console) else PlainLines(console, watching=True)
    following = Following(run)
    with display:
        newest = _recall(display, following, run)
        while True:
            over = following.over  # looked at before the files are: what they tell then is the last word
            events = following.news()
            if events is None:
                newest, over = _recall(display, following, run), False
            for newest in events or ():
                display(_seen_here(newest, run))
            if over:
                break
            time.sleep(POLL)
        if not following.ended:
            display(_seen_here(_silent_end(newest), run))


def _recall(display: Dashboard | PlainLines, following: Following, run: RunDirectory) -> Event | None:
    """Show what has been told so far; return the last of it."""
    events = following.so_far()
    display.recall([_seen_here(event, run) for event in events], _ago(events))
    return events[-1] if events else None


def _ago(events: Sequence[Event]) -> float:
    """Return the seconds since the last event; 0 where nobody knows, or a clock is wrong."""
    when = moment(events[-1].time) if events else None
    return max(0.0, (datetime.now(UTC) - when).total_seconds()) if when else 0.0


def _silent_end(newest: Event | None) -> Event:
    """Return an end for a run whose process has died without telling of any."""
    step, seconds = (newest.step, newest.seconds) if newest else (0, 0.0)
    values = {"status": "stopped", "seconds": seconds, "best_return": None}
    return Event("end", step, seconds, values)


def _seen_here(event: Event, run: RunDirectory) -> Event:
    """Return an event with the run's place as it is here, and what can be done next in place of what it advises."""
    own: dict[str, Json] = {}
    if event.kind == "start":
        own = {"name": run.path.resolve().name, "out": as_written(run.path), "command": None}
    elif event.kind == "checkpoint":
        own = {"path": as_written(run.checkpoints / Path(event.values["path"]).name)}
    elif event.kind == "end":
        step = next_step(overview(run.path))
        own = {"message": f"{step[0]} with: {step[1]}" if step else ""}
    return replace(event, values={**event.values, **own}) if own else event


def add(app: typer.Typer) -> None:
    """Add ``coral watch``."""
    argument = ("run", f"A run: its directory, or its name in {RUNS}/.")
    app.command("watch", cls=Command, help=HELP)(signed(watch, flags_from(WatchOptions()), argument))

"""What ``--dry-run`` of a training says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from coral_cli.commands.output import documents, print_json
from coral_cli.display.estimates import hurry, span
from coral_cli.registry.options import Json
from coral_cli.registry.terminal import say

PARTS = ("step", "act", "update")
"""What a rehearsal may time, each as ``step_ms``."""


def rehearse(dry_run: Callable[[], Mapping[str, Json]], as_json: bool) -> int:
    """Carry out a rehearsal and print what it found out; return the exit code."""
    with documents(as_json):
        report = dry_run()
    print_dry_run(report, as_json)
    return 0


def print_dry_run(report: Mapping[str, Json], as_json: bool) -> None:
    """Print what was found out, as a document or as lines: without an environment, nothing of drawing and acting."""
    if as_json:
        print_json(report)
        return
    parameters = "".join(f"\n  {name:<20} {count:>12,}" for name, count in report["parameters"].items())
    sensors = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in report["sensors"].items())
    acted, count = "step_ms" in report, report["action_size"]
    repeated = f", each {report['action_repeat']} environment steps" if acted else ""
    say(f"command     {report['command']}")
    say(f"device      {report['device']}" + (f", drawing with {report['renderer']}" if acted else ""))
    say(f"sensors     {sensors}; {count} action{'s' if count != 1 else ''}{repeated}")
    say(f"parameters{parameters}")
    for line in report["transfer"] or ():
        say(f"init        {line}")
    full = " when full" if acted else ""
    say(f"replay      {report['replay_transitions']:,} transitions, {report['replay_bytes'] / 1e6:,.0f} MB{full}")
    timed = [f"{part} {report[f'{part}_ms']:.1f} ms" for part in PARTS if f"{part}_ms" in report]
    say("time        " + ", ".join(timed))
    for line in report.get("told", ()):
        say(f"data        {line}")
    say(f"in all      about {span(report['eta_range_seconds'])}{hurry(report['busy'])}")

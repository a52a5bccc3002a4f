"""``coral rollout``: record episodes into a dataset."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from coral_cli.assembly.flags import Given, flags_from, taken
from coral_cli.assembly.resolve import resolve
from coral_cli.assembly.selection import image_note
from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.assembly.two_phase import Scope, two_phase
from coral_cli.commands.conditions import allow
from coral_cli.commands.output import DebugFlag, JsonFlag, QuietFlag, documents, print_json
from coral_cli.display.numbers import number
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Help
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.terminal import say
from coral_cli.sessions.requests import RolloutRequest

HELP = """Record episodes into a dataset, for `coral pretrain` and other programs.

Random actions in --env, or the actions of a saved agent (--agent), which brings its own environment; where that is
Python code, --env allows it to run. Every sensor of the environment is stored, also those that the agent does not
use."""

SCOPE = Scope(
    slots=lambda slot: slot is ENV or slot.kind == DISTRACTION,
    settings=("distraction", "image_size", "crop_margin", "render_quality"),
    shorthands=False,
    base=lambda written, catalog: {},
)


@dataclass(frozen=True)
class RolloutOptions:
    """Options of ``coral rollout``: what to record, and where."""

    out: Annotated[str | None, Help("The dataset's directory: new, or empty.")] = None
    agent: Annotated[str | None, Help("A checkpoint or run whose agent acts (default: random actions).")] = None
    episodes: Annotated[int, Help("Episodes to record.", min=1)] = 20
    explore: Annotated[bool, Help("Let the agent explore, instead of its mean action.")] = False
    seed: Annotated[int, Help("Seed of the episodes.", min=0, max=2**63 - 1)] = 0
    device: Annotated[str, Help("Where to compute: auto, cpu, cuda or cuda:N.")] = "auto"
    renderer: Annotated[Literal["auto", "egl", "osmesa", "raycast"], Help("What draws.")] = "auto"
    json: JsonFlag = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


def rollout(context: typer.Context, given: Given) -> int:
    """Run a recording session."""
    options, given = taken(RolloutOptions(), given)
    if options.out is None:
        raise UsageError("--out is missing.", "Name a directory for the dataset: --out DIR.")
    if options.agent:
        if others := [flag for flag in given if flag != ENV.flag]:
            raise UsageError(f"--{others[0]} cannot be combined with --agent.", "The agent brings its environment.")
        if ENV.flag in given:
            allow(given[ENV.flag], absolute(options.agent), context.obj)
    if options.explore and not options.agent:
        raise UsageError("--explore needs --agent.", "Random actions explore all the time.")
    assembly = resolve(given, context.obj)
    environment = context.obj.locate(*assembly.choices[ENV.name].identity).record
    if not (options.quiet or options.agent) and (note := image_note(environment)):
        say(f"note: {note}", file=sys.stderr)
    told = environment.note(assembly.choices[ENV.name].options_of(environment), assembly.sensors)
    if told and not (options.quiet or options.agent):
        say(f"note: {told}", file=sys.stderr)
    request = RolloutRequest(
        assembly=assembly,
        catalog=context.obj,
        out=absolute(options.out),
        agent=absolute(options.agent) if options.agent else None,
        episodes=options.episodes,
        explore=options.explore,
        seed=options.seed,
        device=options.device,
        renderer=options.renderer,
        json=options.json,
        quiet=options.quiet,
    )
    return run_session(request)


def run_session(request: RolloutRequest) -> int:
    """Record; here torch is imported, and not before."""
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.rollout import rollout as run

    def report(index: int, episode: Any) -> None:
        if not request.quiet:
            line = f"episode {index}/{request.episodes}  return {number(episode.total)}  length {episode.length}"
            say(line, file=sys.stderr)

    with documents(request.json):
        path, recorded, code = run(request, report)
    if request.json:
        print_json({"dataset": as_written(path) if recorded else None, "episodes": recorded, "interrupted": code != 0})
    elif not recorded:
        say("stopped before the end of the first episode: nothing is left behind.", file=sys.stderr)
    else:
        command = shlex.join(["coral", "pretrain", "--data", as_written(path)])
        say(f"{recorded} episodes in {as_written(path)}; train a representation on them with: {command}")
    return code


def add(app: typer.Typer) -> None:
    """Add ``coral rollout``."""
    own = flags_from(RolloutOptions(), "Recording", {"out": "DIR", "agent": "CHECKPOINT"})
    app.command("rollout", cls=two_phase(rollout, own, SCOPE), help=HELP)(lambda: None)

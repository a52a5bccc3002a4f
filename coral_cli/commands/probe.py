"""``coral probe``: what the latent of a saved agent holds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.conditions import allow
from coral_cli.commands.output import DebugFlag, JsonFlag, QuietFlag, documents, print_json
from coral_cli.display.tables import print_table
from coral_cli.registry.console import Terminal
from coral_cli.registry.options import Help, Json
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.terminal import say, sentence
from coral_cli.runs.finding import agents_in
from coral_cli.sessions.requests import ProbeRequest

if TYPE_CHECKING:
    from coral_cli.sessions.probe import Probed

HELP = """Look into a saved agent: what its latent holds, foresees and looks at.

Readers are taught to tell the simulator's hidden state, and the distraction, from the latent, and a decoder to draw
the undistracted picture; all are judged on episodes that none has seen. Several agents are shown side by side."""

Columns: TypeAlias = Mapping[str, Mapping[str, float | None]]
"""Numbers by column, then by row."""


@dataclass(frozen=True)
class ProbeOptions:
    """Options of ``coral probe``; everything else is in the checkpoints."""

    episodes: Annotated[int, Help("Episodes to play; a quarter of them judges.", min=3)] = 20
    updates: Annotated[int, Help("Updates of the decoder; 0: readers alone, no pictures.", min=0)] = 2000
    seed: Annotated[int | None, Help("Seed of it all (default: the first run's).", min=0, max=2**63 - 1)] = None
    camera: Annotated[str | None, Help("The camera to decode (default: the first).")] = None
    explore: Annotated[bool, Help("Let the agent explore, instead of its mean action.")] = False
    embeddings: Annotated[bool, Help("Also read the encoders' embeddings, before the RSSM.")] = False
    out: Annotated[str | None, Help("Folder of film and sheet (default: the first run's videos/).")] = None
    device: Annotated[str, Help("Where to compute: auto, cpu, cuda or cuda:N.")] = "auto"
    renderer: Annotated[Literal["auto", "egl", "osmesa", "raycast"], Help("What draws.")] = "auto"
    env: Annotated[str | None, Help("Allow the checkpoint's environment to run, where it is Python code.")] = None
    json: JsonFlag = False
    quiet: QuietFlag = False
    debug: DebugFlag = False


def probe(context: typer.Context, given: Given) -> int:
    """Run a session of looking inside."""
    options, rest = taken(ProbeOptions(), given)
    checkpoints = agents_in([absolute(text) for text in rest["checkpoint"]])
    if options.env is not None:
        for checkpoint in checkpoints:
            allow(options.env, checkpoint, context.obj)
    request = ProbeRequest(
        checkpoints=checkpoints,
        catalog=context.obj,
        episodes=options.episodes,
        updates=options.updates,
        seed=options.seed,
        camera=options.camera,
        explore=options.explore,
        embeddings=options.embeddings,
        out=absolute(options.out) if options.out else None,
        device=options.device,
        renderer=options.renderer,
        json=options.json,
        quiet=options.quiet,
    )
    return run_session(request)


def run_session(request: ProbeRequest) -> int:
    """Look inside; here torch is imported, and not before."""
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.sessions.probe import probe as run

    def tell(text: str) -> None:
        if not request.quiet:
            say(text, file=sys.stderr)

    with documents(request.json):
        probed = run(request, tell)
    if request.json:
        print_json(_document(probed))
        return 0
    if not request.quiet:
        for inside in probed.agents:
            for note in inside.answer.notes:
                say(sentence(f"note: {inside.name}: {note}."), file=sys.stderr)
    _print(probed)
    return 0


def _document(probed: Probed) -> Json:
    """Return what was found, with numbers by name."""
    return {
        "seed": probed.seed,
        "episodes": probed.episodes,
        "agents": [
            {
                "name": inside.name,
                "checkpoint": as_written(inside.checkpoint),
                "env": inside.env,
                "camera": inside.camera,
                "return": inside.mean_return,
                "latent": [asdict(reading) for reading in inside.answer.latent],
                "embeddings": [asdict(reading) for reading in inside.answer.embeddings],
                "pictures": {str(ahead): share for ahead, share in inside.answer.pictures.items()},
                "notes": list(inside.answer.notes),
            }
            for inside in probed.agents
        ],
        "film": probed.film and as_written(probed.film),
        "sheet": probed.sheet and as_written(probed.sheet),
    }


def _print(probed: Probed) -> None:
    console = Terminal()
    _print_columns(console, "in the latent", _readers(probed))
    decoded = {
        inside.name if len(probed.agents) > 1 else "decoded": {
            "as it is seen" if not ahead else f"foreseen {ahead} step{'s' if ahead > 1 else ''} before": share
            for ahead, share in inside.answer.pictures.items()
        }
        for inside in probed.agents
    }
    _print_columns(console, "the picture", decoded)
    unseen = probed.episodes["unseen"]
    episodes = f"{unseen} unseen episode{'s' if unseen > 1 else ''}"
    console.print(f"shares of the variance on {episodes} (R2): 1 is all, 0 none", soft_wrap=True)
    if probed.film and probed.sheet:
        console.print(f"film {as_written(probed.film)}", soft_wrap=True)
        console.print(f"sheet {as_written(probed.sheet)}", soft_wrap=True)


def _readers(probed: Probed) -> Columns:
    """Return a column for each reader of each agent."""
    columns: dict[str, dict[str, float | None]] = {}
    for inside in probed.agents:
        begin = f"{inside.name}, " if len(probed.agents) > 1 else ""
        for source, readings in (("", inside.answer.latent), ("embeddings, ", inside.answer.embeddings)):
            rows = [f"distraction: {each.name}" if each.kind == "distraction" else each.name for each in readings]
            columns[f"{begin}{source}linear"] = dict(zip(rows, (each.linear for each in readings), strict=True))
            columns[f"{begin}{source}two layers"] = dict(zip(rows, (each.two_layers for each in readings), strict=True))
    return columns


def _print_columns(console: Terminal, title: str, columns: Columns) -> None:
    """Print a table with a row for whatever any of the columns has; nothing where none has anything."""
    told = {name: column for name, column in columns.items() if column}
    rows = dict.fromkeys(row for column in told.values() for row in column)
    if rows:
        cells = [(row, *(_share(column.get(row)) for column in told.values())) for row in rows]
        print_table(console, (title, *told), cells, numeric=range(1, len(told) + 1))
        console.print()


def _share(value: float | None) -> str:
    """Write a share with two decimals, ``-`` for what is missing."""
    return "-" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def add(app: typer.Typer) -> None:
    """Add ``coral probe``."""
    argument = ("checkpoint", "Checkpoints, or run directories for their latest ones, or folders of such.")
    flags = flags_from(ProbeOptions(), metavars={"camera": "NAME", "out": "DIR", "env": "MODULE:CALLABLE"})
    app.command("probe", cls=Command, help=HELP)(signed(probe, flags, argument, many=True))

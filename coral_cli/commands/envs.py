"""``coral envs``: which environments there are, and what one of them shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import splitext
from typing import Annotated, Any

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.resolve import resolve
from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.assembly.two_phase import Scope, two_phase
from coral_cli.assembly.typer_surface import Group, Reading
from coral_cli.commands.output import DebugFlag, JsonFlag, documents, print_json
from coral_cli.display.tables import print_table
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import nearest
from coral_cli.registry.options import Help, Json, fields_of
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.records import Environment
from coral_cli.registry.terminal import say

SCOPE = Scope(
    slots=lambda slot: slot is ENV or slot.kind == DISTRACTION,
    settings=("sensors", "distraction", "seed", "image_size", "render_quality", "renderer"),
    shorthands=False,
    base=lambda written, catalog: {},
)


@dataclass(frozen=True)
class ListOptions:
    """Options of ``coral envs``: how to list."""

    json: JsonFlag = False
    debug: DebugFlag = False


@dataclass(frozen=True)
class ShowOptions:
    """Options of ``coral envs show``: what to draw."""

    image: Annotated[str | None, Help("Draw what the agent sees, and an outside view below it.")] = None
    frames: Annotated[int, Help("Frames to draw, side by side.", min=1, max=64)] = 6
    every: Annotated[int, Help("Random actions from one frame to the next.", min=1)] = 4
    evaluation: Annotated[bool, Help("Distractions as in evaluation, not as in training.")] = False
    json: JsonFlag = False
    debug: DebugFlag = False


class Envs(Group):
    """A group whose callback lists when it is called alone, and that shows the environment whose name it is given."""

    ALONE = ()

    def arranged(self, words: list[str]) -> list[str]:
        """Put the name of a command first, and ``show`` before a name that is an environment's."""
        at = next((index for index, word in enumerate(words) if word in self.commands), None)
        if at is not None:
            return [words[at], *words[:at], *words[at + 1 :]]
        name = next((word for word in words if not word.startswith("-")), None)
        return words if name is None or nearest(name, self.commands) else ["show", *words]


def list_envs(context: typer.Context, given: Given) -> int:
    """List environments, or show one of them."""
    if context.invoked_subcommand:
        return 0
    options, _ = taken(ListOptions(), given)
    catalog: Catalog = context.obj
    rows = [_row(catalog, entry) for entry in catalog.entries("environment")]
    if options.json:
        print_json(rows)
        return 0
    print_table(
        Terminal(),
        ("name", "suite", "actions", "sensors"),
        [
            (row["name"], row["suite"] or "-", str(row["action_size"] or "?"), ", ".join(row["sensors"]))
            for row in rows
            if not row["missing"]
        ],
        numeric=(2,),
    )
    for (reason, hint), names in _missing(rows).items():
        say(f"\n{len(names)} more cannot be made here: {reason}")
        say(f"hint: {hint}")
        say(f"They are {', '.join(names)}.")
    return 0


def _missing(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """Return the names of what cannot be made here, by the reason and what mends it."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["missing"]:
            found.setdefault((row["missing"]["reason"], row["missing"]["hint"]), []).append(row["name"])
    return found


def _row(catalog: Catalog, entry: Entry) -> dict[str, Json]:
    record = entry.record
    assert isinstance(record, Environment)
    return {
        "name": catalog.name(entry),
        "suite": record.suite,
        "summary": record.summary,
        "sensors": dict(record.sensors),
        "action_size": record.action_size,
        "distribution": entry.distribution,
        "missing": _lacks(record),
    }


def _lacks(record: Environment) -> dict[str, Json] | None:
    """Return what keeps an environment from being made here, and what mends that; None when nothing does."""
    try:
        record.require()
    except UsageError as error:
        return {"reason": error.message, "hint": error.hint}
    return None


def show(context: typer.Context, given: Given) -> int:
    """Build the environment and say what it offers."""
    options, given = taken(ShowOptions(), given)
    image = absolute(options.image) if options.image else None
    if options.image and not options.image.lower().endswith(".png"):
        right = f"{splitext(options.image)[0]}.png"
        raise UsageError(f"--image is {options.image!r}, but pictures are .png files.", f"Write {right}.")
    from coral_cli.sessions.show import ShowRequest
    from coral_cli.sessions.show import show as run

    assembly = resolve({"crop-margin": 0, **given}, context.obj)
    with documents(options.json):
        report = run(ShowRequest(assembly, context.obj, image, options.frames, options.every, options.evaluation))
    if options.json:
        print_json(report)
        return 0
    for name, sensor in report["sensors"].items():
        unused = "" if name in report["in_use"] else "  (not in use)"
        say(f"{name:<12}  {sensor['kind']:<7} {'x'.join(map(str, sensor['shape']))}{unused}")
    if report["no_image"]:
        say(f"{'no image':<12}  {report['no_image']['reason']}")
        say(f"hint: {report['no_image']['hint']}")
    if report["note"]:
        say(f"{'note':<12}  {report['note']}")
    say(f"{'actions':<12}  {report['action_size']}, each {report['action_repeat']} environment steps")
    say(f"{'ends':<12}  {'in terminal states, too' if report['terminates'] else 'by its time limit alone'}")
    say(f"{'drawn by':<12}  {report['renderer']}, seed {report['seed']}")
    if image is not None:
        say(f"{'image':<12}  {as_written(image)}")
    return 0


SWITCHES = {"--help", *(f"--{field.flag}" for field in fields_of(ShowOptions()) if field.type is bool)}
"""The flags that no value follows."""


def named(args: Sequence[str]) -> list[str]:
    """Return ``args`` with ``--env`` before the first word that is neither a flag nor a flag's value."""
    for index, (before, word) in enumerate(zip(["", *args], args, strict=False)):
        alone = not before.startswith("--") or "=" in before or before in SWITCHES
        if alone and not word.startswith("-") and "--env" not in args:
            return [*args[:index], "--env", *args[index:]]
    return list(args)


_Show = two_phase(show, flags_from(ShowOptions(), "Drawing", {"image": "PNG"}), SCOPE)


class Show(_Show):  # type: ignore[misc, valid-type]
    """The command ``show``, in which ``show NAME`` stands for ``show --env NAME``."""

    def reading(self, words: list[str], given: Any, completing: bool) -> Reading:
        """Read the name first."""
        read: Reading = super().reading(named(words), given, completing)
        return read


def add(app: typer.Typer) -> None:
    """Add ``coral envs``."""
    envs = typer.Typer(
        cls=Envs,
        help="List environments, or show one of them.",
        add_completion=False,
        invoke_without_command=True,
    )
    envs.callback()(signed(list_envs, flags_from(ListOptions())))
    text = "Show what an environment offers: `coral envs show NAME`. Draws it with --image."
    envs.command("show", cls=Show, help=text)(lambda: None)
    app.add_typer(envs, name="envs")

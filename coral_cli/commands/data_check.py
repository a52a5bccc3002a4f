"""``coral data check``: whether a dataset is as it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.resolve import CROP_MARGIN
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.numbers import count
from coral_cli.display.ticking import Ticking
from coral_cli.registry.options import Help
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.sensors import Fit
from coral_cli.registry.terminal import say, sentence

HELP = """Look for what is wrong with a dataset, each with what to do about it.

Exit code 0: no problem, but notes perhaps. 1: a problem, which `coral pretrain` refuses. 4: no dataset.json to read."""


@dataclass(frozen=True)
class CheckOptions:
    """Options of ``coral data check``: what to read, and how to print."""

    rename: Annotated[tuple[str, ...], Help("Call sensors otherwise, as `coral pretrain --rename` does.")] = ()
    fit: Annotated[Fit, Help("How larger pictures of another shape become smaller ones, as in `coral pretrain`.")] = (
        "pad"
    )
    quick: Annotated[bool, Help("Read no pictures: a moment, also where there are many.")] = False
    json: JsonFlag = False
    debug: DebugFlag = False


def check(context: typer.Context, given: Given) -> int:
    """Look for what is wrong with a dataset."""
    from coral_cli.assembly.of_data import of_index, renaming, scalings, settings_of
    from coral_cli.runs.dataset import open_dataset
    from coral_cli.runs.dataset_check import cramped, in_words, look_over

    options, given = taken(CheckOptions(), given)
    dataset = open_dataset(absolute(given["data"])).renamed(renaming(options.rename))
    names, episodes = list(dataset.sensors), len(dataset.metadata["episodes"])
    settings = replace(settings_of(dataset), crop_margin=CROP_MARGIN)
    found = [*of_index(dataset, context.obj, settings, names, options.fit)]
    found += cramped(dataset.sensors, scalings(dataset, settings, names))
    with Ticking("looked at", episodes, "episodes") as ticking:
        found += look_over(dataset, names, "numbers" if options.quick else "all", ticking)
    found.sort(key=lambda one: not one.refused)
    problems = sum(one.refused for one in found)
    if options.json:
        print_json(
            {
                "path": as_written(dataset.path),
                "episodes": episodes,
                "rows": dataset.transitions,
                "pictures_read": not options.quick,
                "problems": [asdict(one) for one in found if one.refused],
                "notes": [asdict(one) for one in found if not one.refused],
            }
        )
    else:
        for one in found:
            say(f"{'problem' if one.refused else 'note'}: {sentence(as_written(in_words(one, dataset)))}.")
            if one.hint:
                say(f"  hint: {sentence(as_written(one.hint))}")
        say(_summary(as_written(dataset.path), episodes, dataset.transitions, [problems, len(found) - problems]))
    return 1 if problems else 0


def _summary(path: str, episodes: int, rows: int, numbers: Sequence[int]) -> str:
    told = [f"{n} {what}{'s' * (n != 1)}" for n, what in zip(numbers, ("problem", "note"), strict=True) if n]
    of = f"{count(episodes)} episode{'s' * (episodes != 1)}, {count(rows)} rows"
    return f"{path}: {of}: {', '.join(told) or 'nothing is wrong'}"


def add(data: typer.Typer) -> None:
    """Add ``coral data check``."""
    flags = flags_from(CheckOptions(), metavars={"rename": "OLD=NEW,..."})
    data.command("check", cls=Command, help=HELP)(signed(check, flags, ("data", "A dataset's directory.")))

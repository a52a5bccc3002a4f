"""``coral data show``: what a dataset holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from os.path import splitext
from pathlib import Path
from typing import Annotated

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.numbers import count, duration, number, size
from coral_cli.display.ticking import Ticking
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Help, Json
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.terminal import say

LABEL = 12
"""The columns of a line's name."""
FRAME = 192
"""The height of a frame on a picture, in pixels."""


@dataclass(frozen=True)
class ShowOptions:
    """Options of ``coral data show``: what to draw, and how to print."""

    image: Annotated[str | None, Help("Draw pictures of one episode, a row for each camera.")] = None
    pictures: Annotated[bool, Help("Show pictures of one episode in the terminal, as many as fit.")] = False
    frames: Annotated[int, Help("Pictures to draw of each camera, from first to last.", min=1, max=64)] = 6
    episode: Annotated[int, Help("The episode to draw; the first is 0.", min=0)] = 0
    json: JsonFlag = False
    debug: DebugFlag = False


def show(context: typer.Context, given: Given) -> int:
    """Tell what a dataset holds: sensors, episodes, actions, rewards, size.

    No picture is read unless --image asks for some.
    """
    from coral_cli.runs.dataset import open_dataset
    from coral_cli.runs.dataset_summary import document, summarise

    options, given = taken(ShowOptions(), given)
    image = _image(options.image)
    dataset = open_dataset(absolute(given["data"]))
    strips = _strips(dataset, options) if options.image or options.pictures else {}
    if image is not None:
        from coral_cli.runs.pictures import sheet, write_png

        write_png(image, sheet([*strips.values()], FRAME))
    with Ticking("looked at", len(dataset.metadata["episodes"]), "episodes") as ticking:
        summary = summarise(dataset, ticking)
    told = {
        **document(summary),
        "path": as_written(dataset.path),
        "image": None if image is None else as_written(image),
    }
    if options.json:
        print_json(told)
        return 0
    for label, text in lines(told):
        say(f"{label:<{LABEL}}{as_written(text)}")
    if options.pictures:
        _show(strips)
    return 0


def _image(text: str | None) -> Path | None:
    if text is not None and not text.lower().endswith(".png"):
        raise UsageError(f"--image is {text!r}, but pictures are .png files.", f"Write {splitext(text)[0]}.png.")
    return None if text is None else absolute(text)


def _strips(dataset: Json, options: ShowOptions) -> dict[str, Json]:
    """Return the pictures of each camera. Raises UsageError where there are none."""
    from coral_cli.runs.dataset_pictures import strips

    episodes = len(dataset.metadata["episodes"])
    if options.episode >= episodes:
        raise UsageError(f"there is no episode {options.episode}.", f"{dataset.path} has episodes 0 to {episodes - 1}.")
    found = strips(dataset, options.episode, options.frames)
    if not found:
        raise UsageError(f"{dataset.path} holds no pictures.", "Leave --image and --pictures out.")
    return found


def _show(strips: dict[str, Json]) -> None:
    """Print pictures, where the terminal has the colours for them."""
    from coral_cli.display.blocks import can_show, rows
    from coral_cli.runs.pictures import shown

    console = Terminal()
    if not can_show(console):
        say("note: pictures need a terminal with 256 colours or more; --image draws them.", file=sys.stderr)
        return
    for name, pictures in strips.items():
        say(f"\n{name}")
        for line in rows([shown(picture, 1) for picture in pictures], console.width):
            console.print(line, soft_wrap=True)


def lines(told: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """Yield what is told: a name, and what is behind it."""
    yield "dataset", told["path"]
    if told["env"]:
        yield "of", told["env"] + (f", actions: {told['recorded_actions']}" if told["recorded_actions"] else "")
    source = told["source"] or {}
    if source.get("format"):
        yield "from", f"{source['format']} {source.get('path', '')}".rstrip()
    yield from _episodes(told)
    width = max(map(len, told["sensors"]), default=0)
    for index, (name, sensor) in enumerate(told["sensors"].items()):
        yield "" if index else "sensors", f"{name:<{width}}  {_sensor(sensor)}"
    action = told["action"]
    scaled = f", scaled by {told['action_scale']['by']}" if told["action_scale"] else ""
    yield "actions", f"{action['size']} number{'s' * (action['size'] != 1)}, {_range(action['range'])}{scaled}"
    yield "rewards", _rewards(told["reward"])
    yield "ends", f"{count(told['ends']['terminated'])} terminated, {count(told['ends']['cut_off'])} cut off"
    yield "on disk", _disk(told)
    if faults := told["unreadable"]:
        yield "unreadable", f"{count(faults['episodes'])} of {count(told['episodes'])} episodes: {faults['first']}"
    if told["image"]:
        yield "image", told["image"]


def _episodes(told: dict[str, Json]) -> Iterator[tuple[str, str]]:
    length, text = told["length"], count(told["episodes"])
    if length:
        same = length["min"] == length["max"]
        lengths = count(length["min"]) if same else f"{count(length['min'])} to {count(length['max'])}"
        text += f" of {lengths} actions" + ("" if same else f", the median {length['median']:g}")
        text += f"; {count(told['actions'])} in all"
    yield "episodes", text
    if told["fps"]:
        yield "rate", f"{told['fps']:g} rows a second, {duration(told['seconds'])} in all"
    else:
        yield "rate", 'not recorded ("fps" in dataset.json)'


def _sensor(sensor: dict[str, Json]) -> str:
    text = f"{sensor['kind']} {'x'.join(map(str, sensor['shape']))} {' and '.join(sensor['dtype'])}".rstrip()
    if sensor["range"]:
        text += f", {_range(sensor['range'])}"
    if sensor["missing_rows"]:
        text += f", missing in {count(sensor['missing_rows'])} rows"
    return text


def _range(told: dict[str, Json] | None) -> str:
    if told is None:
        return "none"
    odd = f", and {count(told['not_finite'])} that are not finite" if told["not_finite"] else ""
    return f"from {number(told['min'])} to {number(told['max'])}{odd}"


def _rewards(told: dict[str, Json] | None) -> str:
    if told is None:
        return "absent"
    if told["returns"] is None:
        return _range(told["range"])
    returns = told["returns"]
    many = f", from {number(returns['min'])} to {number(returns['max'])}" if returns["min"] != returns["max"] else ""
    return f"{_range(told['range'])}; returns {number(returns['mean'])} on average{many}"


def _disk(told: dict[str, Json]) -> str:
    text = f"{size(told['bytes'])}, {size(told['raw_bytes'])} unpacked"
    source = told["source"] or {}
    if type(source.get("bytes")) is int and source["bytes"] > 0:
        text += f"; {told['bytes'] / source['bytes']:.1f} times the {size(source['bytes'])} of its source"
        text += ", whose pictures are lossy and packed here without loss" * bool(source.get("lossy"))
    elif source and any(sensor["kind"] == "image" for sensor in told["sensors"].values()):
        text += "; pictures are packed without loss, which takes about twice what a lossy video does"
    return text


def add(data: typer.Typer) -> None:
    """Add ``coral data show``."""
    flags = flags_from(ShowOptions(), metavars={"image": "PNG"})
    data.command("show", cls=Command)(signed(show, flags, ("data", "A dataset's directory.")))

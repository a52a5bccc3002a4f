"""Draws one frame of some tasks under every visible distraction, as the agent gets it.

python benchmarks/distraction_sheet.py --out sheet.png [--clips DIR] [--seed 1] [--env cheetah-run ...]

Without --clips there is no column for video.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from coral_cli import builtin
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover
from coral_cli.registry.options import Json
from coral_cli.runs.pictures import GAP, sheet, write_png
from coral_cli.runs.video import Frame
from coral_cli.training.collection import random_policy

TASKS = ("cartpole-swingup", "cheetah-run", "box-push")
SIDE = 128  # pixels of a frame on the sheet
ACTIONS = 8  # random ones before the frame
TOP, LEFT = 22, 18  # pixels for the labels
INK = (40, 40, 40)


def settings(task: str, clips: Path | None) -> dict[str, tuple[str, ...]]:
    """What to stack, by a column's title."""
    video = {"video": ("video",)} if clips else {}
    room = {"room": ("room",), "room, light, camera": ("room", "light", "camera")} if task == "box-push" else {}
    single = {name: (name,) for name in ("noise", "color", "camera", "light")}
    return {
        "standard": (),
        **video,
        "procedural": ("procedural",),
        "disks": ("disks",),
        "procedural, disks": ("procedural", "disks"),
        **single,
        **room,
    }


def options(task: str, stack: tuple[str, ...], clips: Path | None) -> dict[str, Json]:
    """The flags of a background. The tray of box-push has blue parts, so its background is told by segmentation."""
    flags: dict[str, Json] = {}
    for name in stack:
        if name in ("video", "procedural") and task == "box-push":
            flags |= {f"distraction.{name}.mask": "segmentation", f"distraction.{name}.floor": True}
        if name == "video":
            flags["distraction.video.folder"] = str(clips)
    return flags


def seen(flags: Mapping[str, Json], catalog: Catalog, seed: int) -> Frame:
    """The agent's image (64, 64, 3) a few random actions into an episode."""
    assembly = resolve({"crop-margin": 0, **flags}, catalog)
    env = Assembler(assembly, catalog).environment(select_backend())
    try:
        observation, _ = env.reset(seed=seed)
        choose = random_policy(env, seed)
        for _ in range(ACTIONS):
            observation, *_ = env.step(choose(observation))
        image: Frame = observation["image"].copy()
        return image
    finally:
        env.close()


def labelled(picture: Frame, titles: list[str], tasks: list[str]) -> Frame:
    """Titles above the columns, tasks left of the rows, reading upwards."""
    canvas = Image.new("RGB", (picture.shape[1] + LEFT, picture.shape[0] + TOP), "white")
    canvas.paste(Image.fromarray(picture), (LEFT, TOP))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(13)
    for index, title in enumerate(titles):
        draw.text((LEFT + index * (SIDE + GAP) + SIDE // 2, TOP // 2), title, INK, font, anchor="mm")
    for index, task in enumerate(tasks):
        tag = Image.new("RGB", (SIDE, LEFT), "white")
        ImageDraw.Draw(tag).text((SIDE // 2, LEFT // 2), task, INK, font, anchor="mm")
        canvas.paste(tag.rotate(90, expand=True), (0, TOP + index * (SIDE + GAP)))
    return np.asarray(canvas)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clips", type=Path, help="folder for the distraction video")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--env", nargs="+", default=list(TASKS))
    args = parser.parse_args()

    catalog = discover(builtin)
    stacks = {task: settings(task, args.clips) for task in args.env}
    rows = [
        [
            seen({"env": task, "distraction": stack, **options(task, stack, args.clips)}, catalog, args.seed)
            for stack in stacks[task].values()
        ]
        for task in args.env
    ]
    titles = max((list(columns) for columns in stacks.values()), key=len)
    write_png(args.out, labelled(sheet(rows, SIDE), titles, args.env))


if __name__ == "__main__":
    main()

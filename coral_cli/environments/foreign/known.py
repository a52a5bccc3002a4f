"""Which entries of the states of known tasks are the robot's own: the rest is what an image should show.

Each row was held against the package itself: objects and goals were moved, and these entries stayed. What a robot
touches, and where its own hand is, counts as its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from coral_cli.registry.arguments import parted

ALL = "all"
"""The entries of a state that nothing is left out of."""


@dataclass(frozen=True)
class Split:
    """The robot's own part of a task's vectors: their sizes and its entries, by sensor; other vectors have none.

    ``hidden`` says what the rest holds.
    """

    own: Mapping[str, tuple[int, str]]
    hidden: str

    @property
    def entries(self) -> str:
        """The robot's own entries, as ``--env.proprio`` has them."""
        return " ".join(f"{sensor}={entries}" for sensor, (_, entries) in self.own.items())

    def fits(self, sizes: Mapping[str, int]) -> bool:
        """Return whether vectors of these sizes, by sensor, are those that the split is of."""
        return all(sizes.get(sensor) == size for sensor, (size, _) in self.own.items())


def _split(hidden: str, **own: tuple[int, str]) -> Split:
    return Split(own, hidden)


_OBJECT_AND_GOAL = "where the object and the goal are"
_HELD = "where the object is and should be"
_GOAL = "where the goal is"
KNOWN: tuple[tuple[str, Split], ...] = (
    (r"Reacher-v4", _split(_GOAL, proprio=(11, "0:4,6:8"))),
    (r"Reacher-v5", _split(_GOAL, proprio=(10, "0:4,6:8"))),
    (r"Pusher-v\d+", _split(_OBJECT_AND_GOAL, proprio=(23, "0:17"))),
    (r"FetchReach(Dense)?-v\d+", _split(_GOAL, observation=(10, "0:10"))),
    (r"Fetch(Push|Slide|PickAndPlace)(Dense)?-v\d+", _split(_OBJECT_AND_GOAL, observation=(25, "0:3,9:11,20:25"))),
    (r"HandReach(Dense)?-v\d+", _split("where the fingers should be", observation=(63, "0:63"))),
    (r"HandManipulate(Block|Egg|Pen)\w*-v\d+", _split(_HELD, observation=(61, "0:48"))),
    (r"HandManipulate(Block|Egg|Pen)\w*-v\d+", _split(_HELD, observation=(153, "0:48,61:153"))),
    (r"AdroitHandDoor(Dense|Sparse)?-v\d+", _split("where the door is", proprio=(39, "0:27,29:32"))),
    (r"AdroitHandHammer(Dense|Sparse)?-v\d+", _split("where hammer and nail are", proprio=(46, "0:26,33:36"))),
    (r"AdroitHandPen(Dense|Sparse)?-v\d+", _split("where the pen is and should be", proprio=(45, "0:24"))),
    (r"AdroitHandRelocate(Dense|Sparse)?-v\d+", _split("where ball and goal are", proprio=(39, "0:30"))),
    (r"FrankaKitchen-v\d+", _split("where everything in the kitchen is", observation=(59, "0:18"))),
    (r"PointMaze_\w+-v\d+", _split(_GOAL, observation=(4, "0:4"))),
    (r"AntMaze_\w+-v\d+", _split("where the ant and the goal are", observation=(105, "0:105"))),
    (r"PandaReach(Joints)?(Dense)?-v\d+", _split(_GOAL, observation=(6, "0:6"))),
    (r"Panda(Push|Slide)(Joints)?(Dense)?-v\d+", _split(_OBJECT_AND_GOAL, observation=(18, "0:6"))),
    (r"PandaPickAndPlace(Joints)?(Dense)?-v\d+", _split(_OBJECT_AND_GOAL, observation=(19, "0:7"))),
    (r"PandaStack(Joints)?(Dense)?-v\d+", _split("where objects and goals are", observation=(31, "0:7"))),
    (r"gym_pusht/PushT-v\d+", _split("where the block is", proprio=(5, "0:2"))),
    (r"gym_pusht/PushT-v\d+", _split("where the block is", agent_pos=(2, "0:2"))),
    (r"gym_hil/Panda\w+-v\d+", _split("where the boxes are", agent_pos=(18, "0:18"))),
    (r"Meta-World/MT1", _split(_OBJECT_AND_GOAL, proprio=(39, "0:4,18:22"))),
)
"""Splits by the form of the id, which Gymnasium and others register."""


def known_split(name: str, sizes: Mapping[str, int]) -> Split | None:
    """Return the split of the environment ``name``, whose vectors have ``sizes`` by sensor; None where none is known.

    Also None where it leaves nothing out.
    """
    env_id = parted(name)[0].rpartition(":")[2]
    found = (split for form, split in KNOWN if re.fullmatch(form, env_id) and split.fits(sizes))
    split = next(found, None)
    return None if split is None or not _left_out(split, sizes) else split


def told(name: str, split: Split, sizes: Mapping[str, int], asked: str | None, sensors: Collection[str]) -> str:
    """Say what of a state is not felt, or is though only an image should show it; "" where no vector is in use.

    ``sizes`` are those of all vectors, ``asked`` the entries in use, ``sensors`` the ones in use.
    """
    if not set(sizes) & set(sensors):
        return ""
    others = [sensor for sensor in sizes if sensor not in split.own]
    foreign = [sensor for sensor in others if sensor in sensors]
    partly = [sensor for sensor, (size, own) in split.own.items() if own != f"0:{size}" and sensor in sensors]
    kept = {sensor: _kept(asked, sensor, sizes) for sensor in split.own if sensor in sensors}
    beyond = [
        sensor
        for sensor in partly
        if not _entries(kept[sensor] or "0:", sizes[sensor]) <= _entries(split.own[sensor][1], sizes[sensor])
    ]
    if foreign or beyond:
        felt = " and ".join([*foreign, *beyond])
        own = f"--env.proprio '{split.entries}'" + (f" --sensors without {', '.join(foreign)}" if foreign else "")
        return (
            f"{felt} of {name} tells {split.hidden}, which only an image should show: with it, images are hardly "
            f"needed, and comparisons of how they are learned from say little. The robot's own is {own}."
        )
    left = ", ".join(others)
    more = f"; all of it: --env.proprio {ALL}" if partly else ""
    entries = " ".join(f"{sensor}={parts or split.own[sensor][1]}" for sensor, parts in kept.items())
    return (
        f"{name} tells {split.hidden}, which only an image shows here: of its vectors the agent feels {entries}"
        f"{f', and not {left} (--sensors)' if left else ''}{more}."
    )


def _kept(asked: str | None, sensor: str, sizes: Mapping[str, int]) -> str:
    """Return the entries of ``sensor`` as ``asked`` names them; "" where it does not, so that all are kept."""
    for word in () if asked == ALL else (asked or "").split():
        name, _, parts = word.rpartition("=")
        if name == sensor or (not name and len(sizes) == 1):
            return parts
    return ""


def _entries(parts: str, size: int) -> set[int]:
    """Return those of ``size`` entries that ``parts`` names. Wrong ones are refused where the environment is made."""
    found = [re.fullmatch(r"(\d+)(:?)(\d*)", part) for part in parts.split(",")]
    each = [(int(part[1]), int(part[3] or size) if part[2] else int(part[1]) + 1) for part in found if part]
    return {entry for begin, end in each for entry in range(begin, min(end, size))}


def _left_out(split: Split, sizes: Mapping[str, int]) -> bool:
    partly = any(entries != f"0:{size}" for size, entries in split.own.values())
    return partly or any(sensor not in split.own for sensor in sizes)

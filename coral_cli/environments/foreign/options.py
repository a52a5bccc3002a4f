"""How foreign environments are named and stepped. Importing this does not import Gymnasium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from coral_cli.plugin import Help
from coral_cli.registry.sensors import Fit

GYMNASIUM = "gym"
"""``gym:ID`` is an id registered with Gymnasium, ``gym:module:ID`` one that importing a module registers;
``package.module:callable`` is anything else with a colon."""


STEPS = 1000
"""Environment steps of an episode that declares no limit itself."""


@dataclass(frozen=True)
class ForeignOptions:
    """Options of how a foreign environment is stepped, and when it counts as solved."""

    action_repeat: Annotated[int, Help("Environment steps per action; their rewards are summed.", min=1)] = 1
    max_steps: Annotated[
        int | None,
        Help(f"Environment steps after which an episode is cut off (default: its own limit, else {STEPS}).", min=1),
    ] = None
    limit: Annotated[
        Literal["own"] | None,
        Help("With own, max-steps counts only where the environment has no limit itself.", before="own"),
    ] = None
    proprio: Annotated[
        str | None,
        Help(
            "Entries of a vector that the agent feels, where a state holds what an image should show: 0:6,9, or "
            "'SENSOR=0:6 OTHER=0:3', or all (default: the robot's own where that is known, else all).",
            before="all",
        ),
    ] = None
    fit: Annotated[
        Fit,
        Help(
            "What becomes of pictures that are wider or higher than those asked for: pad with black, crop, or squeeze.",
            before="squeeze",
        ),
    ] = "pad"
    flip: Annotated[bool, Help("Reverse the rows of pictures, as OpenGL's come upside down.")] = False
    turn: Annotated[bool, Help("Turn pictures by half a circle, where a camera hangs upside down.")] = False
    success: Annotated[
        Literal["last", "any"],
        Help("Whether an episode is solved when its last step says so, or when any step does."),
    ] = "last"

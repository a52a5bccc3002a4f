"""The options of box pushing. Importing this does not import mujoco."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from coral_cli.plugin import Help


@dataclass(frozen=True)
class BoxPushOptions:
    """How the arm is driven, what is rewarded, and where the tray starts."""

    action: Annotated[
        Literal["torque", "cartesian"],
        Help("torque: 7 joint torques (the reference); cartesian: the rod tip's velocity over the table, far easier."),
    ] = "torque"
    reward: Annotated[
        Literal["dense", "sparse"], Help("dense: distances count in every step; sparse: in the last one, times 100.")
    ] = "dense"
    random_start: Annotated[bool, Help("Draw the tray's first pose too, not only the target's.")] = True
    action_repeat: Annotated[int, Help("Environment steps per action; their rewards are summed.", min=1)] = 1

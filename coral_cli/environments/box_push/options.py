"""The options of box pushing. Importing this does not import mujoco."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from coral_cli.plugin import Help


@dataclass(frozen=True)
class BoxPushOptions:
    """Options of box pushing: how the arm is driven, what is rewarded, where the tray starts, how the scene looks."""

    action: Annotated[
        Literal["torque", "cartesian"],
        Help("cartesian: the rod tip's velocity over the table; torque: 7 joint torques (the reference), far harder."),
    ] = "cartesian"
    reward: Annotated[
        Literal["dense", "sparse"], Help("dense: distances count in every step; sparse: in the last one, times 100.")
    ] = "dense"
    random_start: Annotated[bool, Help("Draw the tray's first pose too, not only the target's.")] = False
    action_repeat: Annotated[
        int, Help("Environment steps per action; their rewards are summed.", min=1, max=1000, before=1)
    ] = 4
    look: Annotated[
        Literal["halves", "walls"],
        Help(
            "halves: tray and target in two colours each, the target flat; walls: one wall of another colour, "
            "the target see-through, as in coral's first runs.",
            before="walls",
        ),
    ] = "halves"

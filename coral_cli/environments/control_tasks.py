"""What is known of the DeepMind Control Suite's tasks without importing it: names, cameras, action repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from coral_cli.plugin import Help

TASKS = {
    "acrobot": ("swingup", "swingup_sparse"),
    "ball_in_cup": ("catch",),
    "cartpole": ("balance", "balance_sparse", "swingup", "swingup_sparse", "three_poles", "two_poles"),
    "cheetah": ("run",),
    "dog": ("fetch", "run", "stand", "trot", "walk"),
    "finger": ("spin", "turn_easy", "turn_hard"),
    "fish": ("swim", "upright"),
    "hopper": ("hop", "stand"),
    "humanoid": ("run", "run_pure_state", "stand", "walk"),
    "humanoid_CMU": ("run", "stand", "walk"),
    "lqr": ("lqr_2_1", "lqr_6_2"),
    "manipulator": ("bring_ball", "bring_peg", "insert_ball", "insert_peg"),
    "pendulum": ("swingup",),
    "point_mass": ("easy", "hard"),
    "quadruped": ("escape", "fetch", "run", "walk"),
    "reacher": ("easy", "hard"),
    "stacker": ("stack_2", "stack_4"),
    "swimmer": ("swimmer15", "swimmer6"),
    "walker": ("run", "stand", "walk"),
}
"""Every task of ``dm_control.suite`` by domain."""

_PUBLISHED_REPEATS = {
    ("ball_in_cup", "catch"): 4,
    ("cartpole", "swingup"): 8,
    ("cheetah", "run"): 4,
    ("reacher", "easy"): 4,
}
_CAMERAS = {"quadruped": 2}


@dataclass(frozen=True)
class ControlOptions:
    """How a Control Suite task is stepped and seen."""

    action_repeat: Annotated[int, Help("Environment steps per action; their rewards are summed.", min=1)] = 2
    camera: Annotated[int, Help("Index of the model's camera that draws the image.", min=0)] = 0


def published_options(domain: str, task: str) -> ControlOptions:
    """The published camera and action repeat; 0 and 2 where none is published."""
    return ControlOptions(_PUBLISHED_REPEATS.get((domain, task), 2), _CAMERAS.get(domain, 0))

"""What is known of the DeepMind Control Suite's tasks without importing it: names, actions, cameras, repeats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from coral_cli.plugin import Help

TASKS: Mapping[str, Mapping[str, int]] = {
    "acrobot": {"swingup": 1, "swingup_sparse": 1},
    "ball_in_cup": {"catch": 2},
    "cartpole": {
        "balance": 1, "balance_sparse": 1, "swingup": 1, "swingup_sparse": 1, "three_poles": 1, "two_poles": 1,
    },
    "cheetah": {"run": 6},
    "dog": {"fetch": 38, "run": 38, "stand": 38, "trot": 38, "walk": 38},
    "finger": {"spin": 2, "turn_easy": 2, "turn_hard": 2},
    "fish": {"swim": 5, "upright": 5},
    "hopper": {"hop": 4, "stand": 4},
    "humanoid": {"run": 21, "run_pure_state": 21, "stand": 21, "walk": 21},
    "humanoid_CMU": {"run": 56, "stand": 56, "walk": 56},
    "lqr": {"lqr_2_1": 1, "lqr_6_2": 2},
    "manipulator": {"bring_ball": 5, "bring_peg": 5, "insert_ball": 5, "insert_peg": 5},
    "pendulum": {"swingup": 1},
    "point_mass": {"easy": 2, "hard": 2},
    "quadruped": {"escape": 12, "fetch": 12, "run": 12, "walk": 12},
    "reacher": {"easy": 2, "hard": 2},
    "stacker": {"stack_2": 5, "stack_4": 5},
    "swimmer": {"swimmer15": 14, "swimmer6": 5},
    "walker": {"run": 6, "stand": 6, "walk": 6},
}  # fmt: skip
"""Every task of ``dm_control.suite`` by domain, with the size of its actions."""

_PUBLISHED_REPEATS = {
    ("ball_in_cup", "catch"): 4,
    ("cartpole", "swingup"): 8,
    ("cheetah", "run"): 4,
    ("reacher", "easy"): 4,
}
_CAMERAS = {("quadruped", task): 2 for task in TASKS["quadruped"]} | {("dog", "fetch"): 2}
"""The cameras of robots that camera 0 does not follow."""


@dataclass(frozen=True)
class ControlOptions:
    """Options of a simulated task: how it is stepped and seen."""

    action_repeat: Annotated[int, Help("Environment steps per action; their rewards are summed.", min=1, max=1000)] = 2
    camera: Annotated[int, Help("Index of the model's camera that draws the image.", min=0, max=1000)] = 0


def published_options(domain: str, task: str) -> ControlOptions:
    """Return the published camera and action repeat; 0 and 2 where none is published."""
    return ControlOptions(_PUBLISHED_REPEATS.get((domain, task), 2), _CAMERAS.get((domain, task), 0))

"""The corridor that an ant runs down, and the task of running.

Both are those of ``dm_control.locomotion``, whose own modules can only be imported where labmaze is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from dm_control import composer, mjcf
from dm_control.locomotion.walkers.ant import Ant

LENGTH, WIDTH = 80.0, 4.0
SPEED = 3.0  # metres per second, at which the reward is 1

_AROUND = 2.0  # metres of floor before the start and behind the end
_HEIGHT = 4.0  # of the planes on all four sides
_UNDRAWN = 3  # a group of shapes
_GAP, _WALL_WIDTH = (2.0, 4.0), (1.0, 2.0)  # drawn uniformly
_WALL_HEIGHT, _WALL_DEPTH = 2.0, 0.16
_SIDES = {
    "left": ((LENGTH / 2, WIDTH / 2), (1, 0), LENGTH / 2 + _AROUND),
    "right": ((LENGTH / 2, -WIDTH / 2), (-1, 0), LENGTH / 2 + _AROUND),
    "near": ((-_AROUND, 0), (0, 1), WIDTH / 2),
    "far": ((LENGTH + _AROUND, 0), (0, -1), WIDTH / 2),
}
"""Where each side's plane stands, along which direction of the floor, and half its length."""


class Corridor(composer.Arena):  # type: ignore[misc] # dm_control has no types
    """80 m long and 4 m wide; with ``walls`` of random grey from alternating sides, drawn anew for every episode."""

    def _build(self, walls: bool) -> None:
        super()._build(name="walls_corridor" if walls else "empty_corridor")
        self._walls = walls
        root = self._mjcf_root
        root.visual.map.znear, root.visual.map.zfar = 0.00025, 4.0  # in extents of the model
        root.visual.headlight.set_attributes(ambient=[0.4] * 3, diffuse=[0.8] * 3, specular=[0.1] * 3)
        root.asset.add(
            "texture", type="skybox", builtin="gradient", rgb1=[0.4, 0.6, 0.8], rgb2=[0, 0, 0], width=100, height=600
        )
        self._standing = root.worldbody.add("body", name="walls")
        root.worldbody.add(
            "geom",
            type="plane",
            rgba=[0.5, 0.5, 0.5, 1],
            pos=[LENGTH / 2, 0, 0],
            size=[LENGTH / 2 + _AROUND, WIDTH / 2, 1],
        )
        opacity = 0.0 if walls else 0.5
        for (x, y), along, half in _SIDES.values():
            root.worldbody.add(
                "geom", type="plane", group=_UNDRAWN, rgba=[1, 0, 0, opacity],
                pos=[x, y, _HEIGHT / 2], xyaxes=[*along, 0, 0, 0, 1], size=[half, _HEIGHT / 2, 1],
            )  # fmt: skip

    def build_walls(self, random: np.random.RandomState) -> None:
        """Pulls down the walls and builds others; without walls it does nothing."""
        if not self._walls:
            return
        self._standing.geom.clear()
        number, x = 0, _AROUND + random.uniform(*_GAP)
        while x < LENGTH:
            width, grey = random.uniform(*_WALL_WIDTH), random.uniform()
            side = 1 if number % 2 == 0 else -1
            self._standing.add(
                "geom", type="box", name=f"wall_{number}", rgba=[grey, grey, grey, 1],
                pos=[x, side * (WIDTH - width) / 2, _WALL_HEIGHT / 2],
                size=[_WALL_DEPTH / 2, width / 2, _WALL_HEIGHT / 2],
            )  # fmt: skip
            number, x = number + 1, x + random.uniform(*_GAP)


class Run(composer.Task):  # type: ignore[misc] # dm_control has no types
    """To run at 3 m/s: the reward falls linearly on both sides of that, to 0 at rest. No episode ends early."""

    def __init__(self, ant: Ant, corridor: Corridor) -> None:
        self._ant, self._corridor = ant, corridor
        ant.create_root_joints(corridor.attach(ant))
        self.set_timesteps(physics_timestep=0.005, control_timestep=0.025)

    @property
    def root_entity(self) -> Corridor:
        """What everything stands in."""
        return self._corridor

    def initialize_episode_mjcf(self, random_state: np.random.RandomState) -> None:
        self._corridor.build_walls(random_state)

    def initialize_episode(self, physics: mjcf.Physics, random_state: np.random.RandomState) -> None:
        self._ant.reinitialize_pose(physics, random_state)
        self._ant.shift_pose(physics, position=(0, 0, 0), rotate_velocity=True)

    def before_step(self, physics: mjcf.Physics, action: Any, random_state: np.random.RandomState) -> None:
        self._ant.apply_action(physics, action, random_state)

    def get_reward(self, physics: mjcf.Physics) -> float:
        speed = physics.bind(self._ant.root_body).subtree_linvel[0]
        return max(0.0, 1 - abs(speed - SPEED) / SPEED)

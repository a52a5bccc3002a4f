"""The corridors of ``dm_control.locomotion``, whose own arenas can only be imported where labmaze is installed."""

from __future__ import annotations

import numpy as np
from dm_control import composer

LENGTH, WIDTH = 80.0, 4.0

_AROUND = 2.0  # metres of floor before the start and behind the end
_HEIGHT = 4.0  # of the planes on all four sides
_UNDRAWN = 3  # a group of shapes
_GAP, _WALL_WIDTH = (2.0, 4.0), (1.0, 2.0)  # drawn uniformly
_WALL_HEIGHT, _WALL_DEPTH = 2.0, 0.16
_SIDES = (
    ((LENGTH / 2, WIDTH / 2), (1, 0), LENGTH / 2 + _AROUND),
    ((LENGTH / 2, -WIDTH / 2), (-1, 0), LENGTH / 2 + _AROUND),
    ((-_AROUND, 0), (0, 1), WIDTH / 2),
    ((LENGTH + _AROUND, 0), (0, -1), WIDTH / 2),
)
"""The left, right, near and far side: where its plane stands, along which direction of the floor, half its length."""


class Corridor(composer.Arena):  # type: ignore[misc] # dm_control has no types
    """An arena 80 m long and 4 m wide; ``walls`` from alternating sides are of random grey, new in every episode."""

    def _build(self, walls: bool) -> None:
        super()._build(name="walls_corridor" if walls else "empty_corridor")
        self._walls = walls
        root = self._mjcf_root
        root.visual.headlight.set_attributes(ambient=[0.4] * 3, diffuse=[0.8] * 3, specular=[0.1] * 3)
        root.asset.add(
            "texture", type="skybox", builtin="gradient", rgb1=[0.4, 0.6, 0.8], rgb2=[0, 0, 0], width=100, height=600
        )
        self._standing = root.worldbody.add("body", name="walls")
        floor = root.worldbody.add(
            "geom", type="plane", rgba=[0.5, 0.5, 0.5, 1],
            pos=[LENGTH / 2, 0, 0], size=[LENGTH / 2 + _AROUND, WIDTH / 2, 1],
        )  # fmt: skip
        self.ground_geoms = (floor,)
        opacity = 0.0 if walls else 0.5
        for (x, y), along, half in _SIDES:
            root.worldbody.add(
                "geom", type="plane", group=_UNDRAWN, rgba=[1, 0, 0, opacity],
                pos=[x, y, _HEIGHT / 2], xyaxes=[*along, 0, 0, 0, 1], size=[half, _HEIGHT / 2, 1],
            )  # fmt: skip

    def regenerate(self, random_state: np.random.RandomState) -> None:
        """Pull down the walls and build others; without walls do nothing."""
        if not self._walls:
            return
        draw = random_state.uniform
        self._standing.geom.clear()
        number, x = 0, _AROUND + draw(*_GAP)
        while x < LENGTH:
            width, grey = draw(*_WALL_WIDTH), draw()
            side = 1 if number % 2 == 0 else -1
            self._standing.add(
                "geom", type="box", name=f"wall_{number}", rgba=[grey, grey, grey, 1],
                pos=[x, side * (WIDTH - width) / 2, _WALL_HEIGHT / 2],
                size=[_WALL_DEPTH / 2, width / 2, _WALL_HEIGHT / 2],
            )  # fmt: skip
            number, x = number + 1, x + draw(*_GAP)

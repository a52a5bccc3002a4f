"""A room that looks different in every episode: table and floor, the arm's colour, things lying about."""

from __future__ import annotations

import colorsys
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.distractions.baseline import Baseline, baseline, needed
from coral_cli.plugin import DistractionModule, Scene, Split
from coral_cli.registry.errors import CoralError

CLUTTER, PATTERN = "clutter", "pattern"
"""Prefixes of what a scene must have: geoms, hidden until they are shown here, that mark the places where things can
stand, at the height they stand on; and textured materials for surfaces."""
SURFACES, ROBOT = ("table", "ground"), "arm"
"""The names of two geoms and a material that a scene must also have."""

_THING = ("geom_type", "geom_size", "geom_pos", "geom_quat", "geom_sameframe", "geom_rgba")
_SURFACE = ("geom_matid", "geom_rgba")
_BOX, _CYLINDER = int(mujoco.mjtGeom.mjGEOM_BOX), int(mujoco.mjtGeom.mjGEOM_CYLINDER)
_SPHERE, _CAPSULE = int(mujoco.mjtGeom.mjGEOM_SPHERE), int(mujoco.mjtGeom.mjGEOM_CAPSULE)
_ELLIPSOID = int(mujoco.mjtGeom.mjGEOM_ELLIPSOID)
_KINDS = (_BOX, _CYLINDER, _SPHERE, _CAPSULE, _ELLIPSOID)
_RADII, _HEIGHTS = (0.025, 0.055), (0.02, 0.08)  # metres; half of a thing's height
_AWAY = 0.03  # metres from the middle of its place
_HUES = 12  # arcs of the colour circle; every other one is for evaluation only


class Room(DistractionModule):
    """A distraction drawn once per episode: surfaces' pattern and colour, the robot's colour, up to ``objects`` things.

    Things are only seen: nothing collides with them. Training and evaluation have different patterns, and hues from
    different arcs of the colour circle. Raises CoralError at an episode's start where there is no scene or
    it has no places for things.
    """

    def __init__(self, objects: int, surfaces: bool, robot: bool, split: Split) -> None:
        self._objects, self._surfaces, self._robot = objects, surfaces, robot
        self._unseen = int(split == "evaluation")
        self._things: Baseline | None = None
        self._grounds: Baseline | None = None
        self._arm: Baseline | None = None

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        model = needed(scene, "room").model
        places = _named(model, "geom", CLUTTER)
        if not places:
            raise CoralError("the distraction room finds no table to put things on here.", "box-push has one.")
        self._things = baseline(self._things, model, dict.fromkeys(_THING, places))
        surfaces = [model.geom(name).id for name in SURFACES]
        self._grounds = baseline(self._grounds, model, dict.fromkeys(_SURFACE, surfaces))
        self._arm = baseline(self._arm, model, {"mat_rgba": model.mat(ROBOT).id})
        self._patterns = random.choice(_named(model, "mat", PATTERN)[self._unseen :: 2], len(SURFACES))
        self._colors = np.array([self._color(random, (0.1, 0.4), (0.4, 1.0)) for _ in SURFACES])
        self._paint = self._color(random, (0.0, 0.5), (0.4, 1.0))
        self._shown = random.permutation(len(places))[: self._objects]
        self._drawn = [self._thing(random) for _ in self._shown]
        self._furnished = False

    def prepare(self, scene: Scene) -> None:
        if self._furnished:
            return
        self._furnished = True
        assert self._things is not None and self._grounds is not None and self._arm is not None
        if self._surfaces:
            self._grounds.set("geom_matid", self._patterns)
            self._grounds.set("geom_rgba", self._colors)
        if self._robot:
            self._arm.set("mat_rgba", self._paint)
        arrays = {name: self._things[name].copy() for name in _THING}
        for place, thing in zip(self._shown, self._drawn, strict=True):
            for name, value in thing.items():
                arrays[name][place] = value
            arrays["geom_pos"][place] += self._things["geom_pos"][place]
        for name, array in arrays.items():
            self._things.set(name, array)

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any]:
        return value

    def _thing(self, random: np.random.Generator) -> dict[str, Any]:
        """Draw a geom's values, its position from where its place is."""
        kind = random.choice(_KINDS)
        width, depth = random.uniform(*_RADII, 2)
        size = _size(kind, width, depth, random.uniform(*_HEIGHTS))
        away, yaw = random.uniform(-_AWAY, _AWAY, 2), random.uniform(0, np.pi)
        return {
            "geom_type": kind,
            "geom_size": size,
            "geom_pos": np.array([*away, _half_height(kind, size)]),
            "geom_quat": np.array([np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)]),
            "geom_sameframe": 0,  # not its body's: MuJoCo then reads position and orientation
            "geom_rgba": self._color(random, (0.4, 1.0), (0.3, 1.0)),
        }

    def _color(
        self, random: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]
    ) -> NDArray[np.float64]:
        """Draw an opaque colour (4,)."""
        arc = 2 * random.integers(_HUES // 2) + self._unseen
        hue = (arc + random.uniform()) / _HUES
        return np.array([*colorsys.hsv_to_rgb(hue, random.uniform(*saturation), random.uniform(*value)), 1.0])


def _size(kind: int, width: float, depth: float, height: float) -> NDArray[np.float64]:
    """Return a size (3,) as MuJoCo wants it: half-sizes of a box, half-axes of an ellipsoid, radius and half-length."""
    if kind in (_BOX, _ELLIPSOID):
        return np.array([width, depth, height])
    return np.array([width, 0 if kind == _SPHERE else height, 0])


def _half_height(kind: int, size: NDArray[np.float64]) -> float:
    """Return the height of a thing's centre above what it stands on."""
    if kind in (_BOX, _ELLIPSOID):
        return float(size[2])
    return float(size[1] if kind == _CYLINDER else size[:2].sum())


def _named(model: Any, kind: str, start: str) -> list[int]:
    """Return indices of the geoms or materials (``"mat"``) whose names start so."""
    accessor = getattr(model, kind)
    return [i for i in range(getattr(model, f"n{kind}")) if accessor(i).name.startswith(start)]

"""Other light in every episode."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.distractions.baseline import Baseline, baseline, needed
from coral_cli.plugin import DistractionModule, Scene

_POSITIONS = ("light_pos", "light_pos0", "light_poscom0")  # in the body's frame; the rest of lights that follow a body
_DIRECTIONS = ("light_dir", "light_dir0")
_COLORS = ("light_ambient", "light_diffuse", "light_specular")
_HEADLIGHT = ("vis.headlight.ambient", "vis.headlight.diffuse", "vis.headlight.specular")


class Lighting(DistractionModule):
    """A distraction: every light stands elsewhere and shines in another colour, drawn once per episode.

    A light goes round the scene's centre (round its body if it has one) about a horizontal axis, by up to ``angle``
    degrees, so that it still shines on what it is for. Its colour, and the headlight's, is multiplied by a factor
    within 1 +- ``brightness`` and, for each of red, green and blue, one within 1 +- ``color``. Raises CoralError at an
    episode's start where there is no scene.
    """

    def __init__(self, angle: float, brightness: float, color: float) -> None:
        self._angle, self._brightness, self._color = np.deg2rad(angle), brightness, color
        self._base: Baseline | None = None

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        model = needed(scene, "light").model
        parts = dict.fromkeys((*_POSITIONS, *_DIRECTIONS, *_COLORS, *_HEADLIGHT), slice(None))
        self._base = baseline(self._base, model, parts)
        ways = random.uniform((0, 0), (2 * np.pi, self._angle), (model.nlight, 2))
        self._turns = np.array([_turn(*way) for way in ways]).reshape(-1, 3, 3)
        brightness = random.uniform(1 - self._brightness, 1 + self._brightness, (model.nlight + 1, 1))
        self._factors = brightness * random.uniform(1 - self._color, 1 + self._color, (model.nlight + 1, 3))
        self._shining = False

    def prepare(self, scene: Scene) -> None:
        if self._shining:
            return
        base, self._shining = self._base, True
        assert base is not None
        for name in _COLORS:
            base.set(name, base[name] * self._factors[1:])
        for name in _HEADLIGHT:
            base.set(name, base[name] * self._factors[0])
        for name in _DIRECTIONS:
            base.set(name, self._turned(base[name], 0))
        for name in _POSITIONS:
            base.set(name, self._turned(base[name], _centres(scene.model) if name == "light_pos" else 0))

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any]:
        return value

    def _turned(self, vectors: NDArray[Any], centres: NDArray[Any] | int) -> NDArray[Any]:
        """Return the vectors (nlight, 3), each turned about its light's axis through its centre."""
        turned: NDArray[Any] = centres + np.einsum("nij,nj->ni", self._turns, vectors - centres)
        return turned


def _turn(azimuth: float, angle: float) -> NDArray[np.float64]:
    """Return the rotation matrix (3, 3) by ``angle`` about a horizontal axis."""
    quaternion, matrix = np.empty(4), np.empty(9)
    mujoco.mju_axisAngle2Quat(quaternion, np.array([np.cos(azimuth), np.sin(azimuth), 0]), angle)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)


def _centres(model: Any) -> NDArray[np.float64]:
    """Return what each light goes round (nlight, 3), in its body's frame."""
    return np.where(model.light_bodyid[:, None] == 0, model.stat.center, 0.0)

"""A foreign environment, seen and stepped as coral's contract wants it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray

from coral_cli.environments.foreign.making import not_a_picture, one_line
from coral_cli.environments.foreign.options import ForeignOptions
from coral_cli.environments.foreign.sensors import free_name, readers, resized
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.records import COUNTED, SensorKind

Observation = dict[str, NDArray[Any]]


class Foreign(gymnasium.Env[Observation, NDArray[Any]]):
    """A wrapper that names the sensors, scales actions (A,) from [-1, 1] to the bounds, and ends endless episodes.

    Where no observation is an image and ``draws`` says that the environment can be rendered, the sensor ``image`` is
    what it renders. ``kinds`` are the sensors by name.
    """

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (Gymnasium's attribute)
    render_mode = "rgb_array"
    action_space: Box

    def __init__(
        self, name: str, env: gymnasium.Env[Any, Any], options: ForeignOptions, rendering: Rendering, draws: bool
    ) -> None:
        """Adapt ``env``. Raises UsageError when an observation or the actions cannot be adapted."""
        self._name, self._env, self._draws, self._closed = name, env, draws, False
        self._size = rendering.height, rendering.width
        self._readers = readers(env.observation_space, rendering)
        self.kinds: dict[str, SensorKind] = {sensor: reader.kind for sensor, reader in self._readers.items()}
        spaces: dict[str, gymnasium.Space[Any]] = {sensor: reader.space for sensor, reader in self._readers.items()}
        self._filmed = ""
        if draws and "image" not in self.kinds.values():
            self._filmed = free_name("image", self.kinds)
            self.kinds = {self._filmed: "image", **self.kinds}
            spaces[self._filmed] = Box(0, 255, (*self._size, 3), np.uint8)
        self.observation_space = Dict(spaces)  # type: ignore[assignment]  # to Gymnasium a Dict has no arrays
        self._actions = _bounded(name, env.action_space)
        self.action_space = Box(-1.0, 1.0, (int(np.prod(self._actions.shape)),), np.float32)
        self.action_repeat = options.action_repeat
        declared = env.spec.max_episode_steps if env.spec is not None else None
        self._limit = np.inf if declared else options.max_steps
        self._steps = 0
        self._last: Any = None  # the environment's own last observation
        fps = env.metadata.get("render_fps")
        if fps:
            self.metadata = {**self.metadata, "render_fps": fps / options.action_repeat}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        self._last, info = self._env.reset(seed=seed, options=options)
        self._steps = 0
        return self._observation(), self._told(info, ended=False)

    def step(self, action: NDArray[Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Apply the action ``action_repeat`` times, or until the episode ends."""
        scaled, total = self._scaled(action), 0.0
        for _ in range(self.action_repeat):
            self._last, reward, terminated, truncated, info = self._env.step(scaled)
            self._steps += 1
            total += float(reward)
            ended = bool(terminated or truncated or self._steps >= self._limit)
            if ended:
                break
        cut_off = bool(truncated) or (ended and not terminated)
        return self._observation(), total, bool(terminated), cut_off, self._told(info, ended)

    def render(self) -> NDArray[np.uint8]:
        """Return what the environment renders; else its first image; else black. Its sides are even."""
        if self._draws:
            frame = self._frame()
        else:
            image = next((reader for reader in self._readers.values() if reader.kind == "image"), None)
            frame = np.zeros((*self._size, 3), np.uint8) if image is None else _colours(image(self._last))
        height, width, _ = frame.shape
        return frame[: height - height % 2, : width - width % 2].copy()

    def close(self) -> None:
        """Close the environment. Closing twice is allowed, whatever the environment thinks of it."""
        if not self._closed:
            self._closed = True
            self._env.close()

    def _observation(self) -> Observation:
        seen = {sensor: reader(self._last) for sensor, reader in self._readers.items()}
        if self._filmed:
            seen[self._filmed] = resized(self._frame(), *self._size)
        return seen

    def _frame(self) -> NDArray[np.uint8]:
        try:
            frame: Any = self._env.render()
        except Exception as error:
            raise CoralError(f"{self._name} cannot be rendered ({one_line(error)}).") from error
        if wrong := not_a_picture(frame):
            raise CoralError(f"{self._name} cannot be rendered: {wrong}.")
        return np.asarray(frame)

    def _scaled(self, action: NDArray[Any]) -> NDArray[Any]:
        low, high = self._actions.low.astype(np.float64), self._actions.high.astype(np.float64)
        part = (np.clip(np.asarray(action, np.float64), -1, 1).reshape(low.shape) + 1) / 2
        scaled = (low + part * (high - low)).astype(self._actions.dtype)
        return np.clip(scaled, self._actions.low, self._actions.high)  # rounding may have left them

    def _told(self, info: Mapping[str, Any], ended: bool) -> dict[str, Any]:
        """Return what coral knows of ``info``: sensors that gave nothing, and at an episode's end its metrics."""
        told: dict[str, Any] = {}
        gone = info.get("missing")
        gone = [gone] if isinstance(gone, str) else gone
        if isinstance(gone, list | tuple | set | frozenset) and (names := self._named(gone)):
            told["missing"] = names
        if ended and (metrics := _metrics(info)):
            told["metrics"] = metrics
        return told

    def _named(self, keys: Collection[Any]) -> tuple[str, ...]:
        """Return the sensors among ``keys``, which may be the environment's own or coral's."""
        own = {sensor: reader.path[-1] for sensor, reader in self._readers.items() if len(reader.path) == 1}
        return tuple(sensor for sensor in self.kinds if sensor in keys or own.get(sensor, sensor) in keys)


def _metrics(info: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of ``info["metrics"]``, and whether the task was solved, where the environment says so."""
    given = info.get("metrics")
    found = dict(given) if isinstance(given, Mapping) else {}
    for name in ("success", "is_success"):  # the names that Meta-World and Gymnasium-Robotics use
        if name in info:
            found.setdefault("success", info[name])
    values = {str(name): np.asarray(value) for name, value in found.items() if name not in COUNTED}
    numbers = {name: float(value) for name, value in values.items() if value.ndim == 0 and value.dtype.kind in "biuf"}
    return {name: number for name, number in numbers.items() if math.isfinite(number)}


def _bounded(name: str, space: gymnasium.Space[Any]) -> Box:
    """Return the action space, if it can be scaled."""
    if not isinstance(space, Box) or not np.issubdtype(space.dtype, np.floating):
        raise UsageError(
            f"the actions of {name} are {space}: discrete actions are not supported.",
            "Choose or wrap an environment whose actions are a Box of real numbers.",
        )
    if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
        raise UsageError(
            f"the actions of {name} are {space}: they have no finite bounds to scale to.",
            "Wrap the environment so that its action space has bounds.",
        )
    return space


def _colours(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, C) as (H, W, 3): one channel is grey, a fourth is left out."""
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[..., :3]

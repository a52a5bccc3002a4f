"""A foreign environment, seen and stepped as coral's contract wants it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete
from numpy.typing import NDArray

from coral_cli.environments.foreign.asking import Asked
from coral_cli.environments.foreign.entries import with_entries
from coral_cli.environments.foreign.fitting import Framing
from coral_cli.environments.foreign.making import not_a_picture, one_line
from coral_cli.environments.foreign.options import STEPS, ForeignOptions
from coral_cli.environments.foreign.rate import steps_per_second
from coral_cli.environments.foreign.sensors import free_name, readers
from coral_cli.environments.foreign.values import NotOfSpaceError
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.records import COUNTED
from coral_cli.registry.sensors import SensorKind

Observation = dict[str, NDArray[Any]]

SOLVED = ("success", "is_success", "succeed", "solved")
"""The names by which packages say in ``info``, or in its ``final_info``, whether a task is solved."""


class Foreign(gymnasium.Env[Observation, NDArray[Any]]):
    """A wrapper that names the sensors, scales actions (A,) from [-1, 1] to the bounds, and ends endless episodes.

    Where no observation is an image and ``draws`` says that the environment can be rendered, the sensor ``image`` is
    what it renders. ``kinds`` are the sensors by name, ``readers`` what reads them. It tells the ``hidden_state`` that
    the environment tells.
    """

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (Gymnasium's attribute)
    render_mode = "rgb_array"
    action_space: Box

    def __init__(
        self, name: str, env: gymnasium.Env[Any, Any], options: ForeignOptions, rendering: Rendering, draws: bool
    ) -> None:
        """Adapt ``env``. Raises UsageError when an observation or the actions cannot be adapted."""
        self._asked, self._draws, self._options = Asked(name, env), draws, options
        self._framing = Framing((rendering.height, rendering.width), options.fit, options.flip, options.turn)
        self.readers = with_entries(readers(env.observation_space, self._framing), options.proprio)
        self.kinds: dict[str, SensorKind] = {sensor: reader.kind for sensor, reader in self.readers.items()}
        spaces: dict[str, gymnasium.Space[Any]] = {sensor: reader.space for sensor, reader in self.readers.items()}
        self._filmed = ""
        if draws and "image" not in self.kinds.values():
            self._filmed = free_name("image", self.kinds)
            self.kinds = {self._filmed: "image", **self.kinds}
            spaces[self._filmed] = Box(0, 255, (*self._framing.size, 3), np.uint8)
        self.observation_space = Dict(spaces)  # type: ignore[assignment]  # to Gymnasium a Dict has no arrays
        self._actions = _bounded(name, env.action_space)
        self._low = self._actions.low.astype(np.float64)
        self._width = self._actions.high.astype(np.float64) - self._low
        self.action_space = Box(-1.0, 1.0, (int(np.prod(self._actions.shape)),), np.float32)
        self.action_repeat = options.action_repeat
        declared = env.spec.max_episode_steps if env.spec is not None else None
        asked = None if declared and options.limit == "own" else options.max_steps
        self._limit = asked or (np.inf if declared else STEPS)
        self._success: float | None = None
        self._seen: Observation = {}
        if env.has_wrapper_attr("hidden_state"):
            self.hidden_state = env.get_wrapper_attr("hidden_state")
        if rate := steps_per_second(env):
            self.metadata = {**self.metadata, "render_fps": rate / options.action_repeat}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        self._success = None
        observation, info = self._asked.reset(seed, options)
        return self._taken(observation, info, ended=False)

    def step(self, action: NDArray[Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Apply the action ``action_repeat`` times, or until the episode ends."""
        scaled, total = self._scaled(action), 0.0
        for _ in range(self.action_repeat):
            observation, reward, terminated, truncated, info = self._asked.step(scaled)
            total += reward
            ended = terminated or truncated or self._asked.steps >= self._limit
            if ended or self._options.success == "any":
                self._judge(info)
            if ended:
                break
        seen, told = self._taken(observation, info, ended)
        return seen, total, terminated, truncated or (ended and not terminated), told

    def render(self) -> NDArray[np.uint8]:
        """Return what the environment renders, else its first image (the newest of a stack), else black."""
        if self._draws:
            frame = self._framing.upright(self._frame()) if self._filmed else self._frame()
        else:
            image = next((sensor for sensor, reader in self.readers.items() if reader.kind == "image"), None)
            newest = None if image is None else self._seen[image][..., -self.readers[image].channels :]
            frame = np.zeros((*self._framing.size, 3), np.uint8) if newest is None else _colours(newest)
        height, width, _ = frame.shape
        return frame[: height - height % 2, : width - width % 2].copy()

    @property
    def name(self) -> str:
        """The name that it was made by."""
        return self._asked.name

    @property
    def closed(self) -> bool:
        """Whether it can be used no longer."""
        return self._asked.closed

    def close(self) -> None:
        """Close the environment. Closing twice is allowed, whatever the environment thinks of it."""
        self._asked.close()

    def _taken(self, observation: Any, info: Mapping[str, Any], ended: bool) -> tuple[Observation, dict[str, Any]]:
        """Return the sensors, and what coral knows of ``info``: the missing ones, and metrics at an episode's end."""
        told: dict[str, Any] = {}
        gone = info.get("missing")
        gone = [gone] if isinstance(gone, str) else gone
        if isinstance(gone, list | tuple | set | frozenset) and (names := self._named(gone)):
            told["missing"] = names
        if ended and (metrics := metrics_of(info, self._success)):
            told["metrics"] = metrics
        self._seen = self._observation(observation, told.get("missing", ()))
        return dict(self._seen), told

    def _observation(self, observation: Any, missing: Collection[str]) -> Observation:
        """Return the sensors; zeros for the missing ones, whatever stands in their place."""
        spaces: Mapping[str, Any] = self.observation_space.spaces  # type: ignore[attr-defined]
        seen = {name: np.zeros(spaces[name].shape, spaces[name].dtype) for name in missing}
        for sensor, reader in self.readers.items():
            if sensor not in seen:
                try:
                    seen[sensor] = reader(observation)
                except NotOfSpaceError as error:
                    where = f"at step {self._asked.steps} of an episode, sensor {sensor!r} of {self._asked.name}"
                    raise CoralError(
                        f"{where} gave {error}.",
                        "Let the environment give what it declares, or declare what it gives.",
                    ) from None
        if self._filmed and self._filmed not in seen:
            seen[self._filmed] = self._framing.picture(self._frame())
        return seen

    def _frame(self) -> NDArray[np.uint8]:
        try:
            frame: Any = self._asked.render()
        except Exception as error:
            raise CoralError(f"{self._asked.name} cannot be rendered ({one_line(error)}).") from error
        if wrong := not_a_picture(frame):
            raise CoralError(f"{self._asked.name} cannot be rendered: {wrong}.")
        return np.asarray(frame)

    def _scaled(self, action: NDArray[Any]) -> NDArray[Any]:
        part = (np.asarray(action, np.float64).clip(-1, 1).reshape(self._actions.shape) + 1) / 2
        scaled = (self._low + part * self._width).astype(self._actions.dtype)
        return scaled.clip(self._actions.low, self._actions.high)  # rounding may have left them

    def _judge(self, info: Mapping[str, Any]) -> None:
        """Keep whether the task is solved at this step, and, where any step counts, whether it has been before."""
        given = _success(info)
        if given is None:
            return
        value = np.asarray(given)
        if value.size != 1 or value.dtype.kind not in "biuf":
            shown = repr(given) if value.size == 1 else f"an array of {value.size}"
            hint = "Let the environment give one number, or True or False."
            raise self._asked.wrong("step", f"says {shown} about success", hint)
        before = self._success if self._options.success == "any" else None
        self._success = float(value.reshape(())) if before is None else max(before, float(value.reshape(())))

    def _named(self, keys: Collection[Any]) -> tuple[str, ...]:
        """Return the sensors among ``keys``, which may be the environment's own or coral's."""
        own = {sensor: reader.path[-1] for sensor, reader in self.readers.items() if len(reader.path) == 1}
        return tuple(sensor for sensor in self.kinds if sensor in keys or own.get(sensor, sensor) in keys)


def _success(info: Mapping[str, Any]) -> Any:
    """Return what is said of success; None where nothing is."""
    places = ((info.get("metrics"), SOLVED[:1]), (info, SOLVED), (info.get("final_info"), SOLVED))
    said = (place.get(name) for place, names in places if isinstance(place, Mapping) for name in names)
    return next((value for value in said if value is not None), None)


def metrics_of(info: Mapping[str, Any], success: float | None) -> dict[str, float]:
    """Return the numbers of ``info["metrics"]``, and whether the task was solved, where the environment says so."""
    given = info.get("metrics")
    values = {str(name): np.asarray(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
    numbers = {name: float(v.reshape(())) for name, v in values.items() if v.size == 1 and v.dtype.kind in "biuf"}
    if success is not None:
        numbers["success"] = success
    return {name: number for name, number in numbers.items() if name not in COUNTED and math.isfinite(number)}


def _bounded(name: str, space: gymnasium.Space[Any]) -> Box:
    """Return the action space, if it can be scaled."""
    wanted = "Choose or wrap an environment whose actions are one Box of real numbers."
    if isinstance(space, Discrete | MultiBinary | MultiDiscrete) or (
        isinstance(space, Box) and space.dtype.kind != "f"
    ):
        raise UsageError(f"the actions of {name} are {space}: discrete actions are not supported.", wanted)
    if not isinstance(space, Box):
        kind = type(space).__name__
        raise UsageError(f"the actions of {name} are a {kind}, which is not supported: {space}.", wanted)
    if not space.shape or not np.prod(space.shape):
        raise UsageError(f"the actions of {name} are {space}: there is no axis of numbers.", wanted)
    if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
        raise UsageError(
            f"the actions of {name} are {space}: they have no finite bounds to scale to.",
            "Wrap the environment so that its action space has bounds.",
        )
    return space


def _colours(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, C) as (H, W, 3): one channel is grey, a fourth is left out."""
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[..., :3]

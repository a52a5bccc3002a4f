"""Which sensors the observations of a foreign environment hold, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space
from gymnasium.spaces.utils import flatdim, flatten
from numpy.typing import NDArray
from PIL import Image

from coral_cli.plugin import Rendering
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.registry.records import RESERVED, SensorKind

_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class Reader:
    """A reader of one sensor: where its value lies in the observation, its space there and in coral, and the way."""

    path: tuple[str, ...]
    kind: SensorKind
    given: Space[Any]
    space: Box
    convert: Callable[[Any], NDArray[Any]]

    def __call__(self, observation: Any) -> NDArray[Any]:
        """Return the sensor's value: a new array. Raises CoralError for one that is not of the space."""
        for key in self.path:
            observation = observation[key]
        if isinstance(self.given, Box):
            self._check(self.given, np.asarray(observation))
        return self.convert(observation)

    def _check(self, given: Box, value: NDArray[Any]) -> None:
        sized = value.size == np.prod(given.shape) if self.kind == "vector" else value.shape == given.shape
        typed = self.kind != "image" or (value.dtype == np.uint8) == (given.dtype == np.uint8)
        if not (sized and typed):
            raise CoralError(
                f"{_where(self.path)} is {value.dtype} {value.shape}, but its space says {given.dtype} {given.shape}.",
                "Let the environment give what it declares.",
            )


def readers(space: Space[Any], rendering: Rendering) -> dict[str, Reader]:
    """Make a reader for each sensor of ``space``, by name.

    Pictures get the size that ``rendering`` asks for. A single observation is called ``image`` or ``proprio``; those of
    a Dict by their keys, nested ones joined by ``-``. Raises UsageError for a space that is no Box, no Dict and not
    discrete.
    """
    if not isinstance(space, Dict):
        reader = _reader((), space, rendering)
        return {"image" if reader.kind == "image" else "proprio": reader}
    found: dict[str, Reader] = {}
    for path, entry in _entries(space):
        name = "-".join(re.sub(r"[^a-z0-9_]+", "_", str(key).lower()).strip("_") or "sensor" for key in path)
        found[free_name(name, found)] = _reader(path, entry, rendering)
    return found


def free_name(name: str, taken: Collection[str]) -> str:
    """Return ``name``, with a number behind it where its flags would be another's."""
    flags = {other.replace("_", "-") for other in RESERVED | set(taken)}
    names = (name if number == 1 else f"{name}_{number}" for number in range(1, len(flags) + 2))
    return next(free for free in names if free.replace("_", "-") not in flags)


def resized(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return (H, W, C) uint8 as a new array of another size, each pixel the mean of those it covers."""
    if picture.shape[:2] == (height, width):
        return picture.copy()
    channels = [  # one by one: Pillow would weigh a fourth channel as opacity
        Image.fromarray(np.ascontiguousarray(channel)).resize((width, height), Image.Resampling.BOX)
        for channel in np.moveaxis(picture, -1, 0)
    ]
    return np.stack([np.asarray(channel) for channel in channels], -1)


def _entries(space: Dict, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Space[Any]]]:
    for key, entry in space.items():
        if isinstance(entry, Dict):
            yield from _entries(entry, (*above, key))
        else:
            yield (*above, key), entry


def _reader(path: tuple[str, ...], space: Space[Any], rendering: Rendering) -> Reader:
    height, width = rendering.height, rendering.width
    if isinstance(space, Box) and _is_depth(path, space):
        return Reader(
            path, "depth", space, Box(0, np.inf, (height, width, 1), np.float32), partial(_depth, height, width)
        )
    if isinstance(space, Box) and (channel_axis := _channel_axis(space)) is not None:
        shape = (height, width, space.shape[channel_axis])
        return Reader(
            path, "image", space, Box(0, 255, shape, np.uint8), partial(_picture, height, width, channel_axis)
        )
    if isinstance(space, Box | Discrete | MultiBinary | MultiDiscrete):
        return Reader(
            path, "vector", space, Box(-np.inf, np.inf, (flatdim(space),), np.float32), partial(_vector, space)
        )
    raise UsageError(
        f"{_where(path)} is a {type(space).__name__}, which is not supported.",
        "Wrap the environment so that it observes a Box, or a Dict of them.",
    )


def _where(path: tuple[str, ...]) -> str:
    return f"observation {'-'.join(map(str, path))!r}" if path else "the observation"


def _is_depth(path: tuple[str, ...], space: Box) -> bool:
    named = any("depth" in str(key).lower() for key in path)
    flat = len(space.shape) == 2 or (len(space.shape) == 3 and space.shape[2] == 1)
    return named and flat and np.issubdtype(space.dtype, np.floating)


def _channel_axis(space: Box) -> int | None:
    """Return the axis of a picture's channels, the last or else the first; None when it is no picture."""
    if len(space.shape) != 3:
        return None
    unit = np.issubdtype(space.dtype, np.floating) and space.low.min() >= 0 and space.high.max() <= 1
    if space.dtype != np.uint8 and not unit:
        return None
    return next((axis for axis in (2, 0) if space.shape[axis] in _CHANNELS), None)


def _picture(height: int, width: int, channel_axis: int, value: Any) -> NDArray[np.uint8]:
    picture = np.moveaxis(np.asarray(value), channel_axis, -1)
    if picture.dtype != np.uint8:
        picture = np.rint(picture.clip(0, 1) * 255.0).astype(np.uint8)
    return resized(picture, height, width)


def _depth(height: int, width: int, value: Any) -> NDArray[np.float32]:
    """Return the nearest pixels: a mean across an edge would be a distance where nothing is."""
    depth = np.minimum(np.asarray(value, np.float32), np.finfo(np.float32).max)  # infinite where nothing is hit
    flat = Image.fromarray(depth.reshape(depth.shape[:2]))
    return np.array(flat.resize((width, height), Image.Resampling.NEAREST))[..., None]


def _vector(space: Space[Any], value: Any) -> NDArray[np.float32]:
    return np.array(flatten(space, value), np.float32)

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

from coral_cli.environments.foreign.fitting import Framing, Size
from coral_cli.environments.foreign.pictures import Layout, depth_axes, picture_layout
from coral_cli.environments.foreign.values import NotOfSpaceError, Numeric, Values
from coral_cli.registry.errors import UsageError
from coral_cli.registry.sensors import RESERVED, SensorKind

MILLIMETRE = 1e-3
"""Depth in whole numbers is in millimetres, as cameras and ROS have it."""

LARGEST = 2048
"""Numbers that a vector may have whose space has several axes: more are a picture, or a map, that we cannot tell."""


@dataclass(frozen=True)
class Reader:
    """A reader of one sensor: where its value lies in the observation, its space in coral, and the way there."""

    path: tuple[str, ...]
    kind: SensorKind
    values: Values
    space: Box
    convert: Callable[[NDArray[Any]], NDArray[Any]]
    channels: int = 0
    """The channels of one picture: a sensor may hold several, the newest last."""

    def __call__(self, observation: Any) -> NDArray[Any]:
        """Return the sensor's value: a new array. Raises NotOfSpaceError for one that is not of the space."""
        for key in self.path:
            try:
                observation = observation[key]
            except (KeyError, TypeError, IndexError):
                raise NotOfSpaceError(f"nothing, for the observation has no {key!r}") from None
        return self.convert(self.values.checked(observation))


def readers(space: Space[Any], framing: Framing) -> dict[str, Reader]:
    """Make a reader for each sensor of ``space``, by name.

    Pictures become what ``framing`` makes of them. A single observation is called ``image`` or ``proprio``; those of
    a Dict by their keys, nested ones joined by ``-``. Raises UsageError for a space that is no Box, no Dict and not
    discrete.
    """
    if not isinstance(space, Dict):
        reader = _reader((), space, framing)
        return {"image" if reader.kind == "image" else "proprio": reader}
    found: dict[str, Reader] = {}
    for path, entry in _entries(space):
        name = "-".join(re.sub(r"[^a-z0-9_]+", "_", str(key).lower()).strip("_") or "sensor" for key in path)
        found[free_name(name, found)] = _reader(path, entry, framing)
    return found


def free_name(name: str, taken: Collection[str]) -> str:
    """Return ``name``, with a number behind it where its flags would be another's."""
    flags = {other.replace("_", "-") for other in RESERVED | set(taken)}
    names = (name if number == 1 else f"{name}_{number}" for number in range(1, len(flags) + 2))
    return next(free for free in names if free.replace("_", "-") not in flags)


def _entries(space: Dict, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Space[Any]]]:
    for key, entry in space.items():
        if isinstance(entry, Dict):
            yield from _entries(entry, (*above, key))
        else:
            yield (*above, key), entry


def _reader(path: tuple[str, ...], space: Space[Any], framing: Framing) -> Reader:
    if isinstance(space, Box) and (axes := depth_axes(path, space)):
        return _depth_reader(path, space, axes, framing)
    if isinstance(space, Box) and (layout := picture_layout(space)):
        return _picture_reader(path, space, layout, framing)
    if not isinstance(space, Box | Discrete | MultiBinary | MultiDiscrete):
        raise UsageError(
            f"{_where(path)} is a {type(space).__name__}, which is not supported.",
            "Wrap the environment so that it observes a Box, or a Dict of them.",
        )
    size = flatdim(space)
    if size > LARGEST and not (isinstance(space, Box) and len(space.shape) == 1):
        raise _too_large(path, space, size)
    out = Box(-np.inf, np.inf, (size,), np.float32)
    return Reader(path, "vector", Values(space, "vector"), out, partial(_vector, space))


def _depth_reader(path: tuple[str, ...], space: Box, axes: tuple[int, int], framing: Framing) -> Reader:
    given, unit = (space.shape[axes[0]], space.shape[axes[1]]), 1.0 if space.dtype.kind == "f" else MILLIMETRE
    out = Box(0, np.inf, (*framing.size, 1), np.float32)
    return Reader(path, "depth", Values(space, "depth"), out, partial(_depth, given, unit, framing))


def _picture_reader(path: tuple[str, ...], space: Box, layout: Layout, framing: Framing) -> Reader:
    out = Box(0, 255, (*framing.size, layout.depth(space.shape)), np.uint8)
    convert = partial(_picture, layout, framing)
    return Reader(path, "image", Values(space, "image"), out, convert, layout.channels(space.shape))


def _where(path: tuple[str, ...]) -> str:
    return f"observation {'-'.join(map(str, path))!r}" if path else "the observation"


def _too_large(path: tuple[str, ...], space: Numeric, size: int) -> UsageError:
    if not isinstance(space, Box):
        return UsageError(f"{_where(path)} is {space}, whose choices would be {size} numbers.", "Wrap the environment.")
    return UsageError(
        f"{_where(path)} is {space.dtype} {space.shape}, which is no picture that we know, and too much for a vector.",
        "Pictures are (H, W, C), (C, H, W) or stacks of them, from 0 to 255 or 0 to 1; depth has `depth` in its key. "
        "What is meant as a vector has one axis.",
    )


def _picture(layout: Layout, framing: Framing, value: NDArray[Any]) -> NDArray[np.uint8]:
    picture = layout.upright(value)
    if layout.top == 1:
        picture = picture * (255 if picture.dtype == np.uint8 else 255.0)
    if picture.dtype != np.uint8:
        picture = np.rint(picture.clip(0, 255)).astype(np.uint8)
    return framing.picture(picture)


def _depth(given: Size, unit: float, framing: Framing, value: NDArray[Any]) -> NDArray[np.float32]:
    """Return depth in metres (H, W, 1), from a ``value`` of the size ``given``, in ``unit`` metres."""
    metres = np.minimum(np.asarray(value, np.float32), np.finfo(np.float32).max)  # infinite where nothing is hit
    return framing.depth(metres.reshape(given) * np.float32(unit))


def _vector(space: Numeric, value: NDArray[Any]) -> NDArray[np.float32]:
    if isinstance(space, Box):
        return np.array(value, np.float32).reshape(-1)
    return np.array(flatten(space, value.astype(np.int64).reshape(space.shape or ())), np.float32)

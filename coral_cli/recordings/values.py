"""What values of a recording are to a model: pictures, depth or vectors, whatever their layout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.sensors import Sensor

CHANNELS = (1, 3, 4)
SMALLEST = 16
"""Pixels of a side below which a table of numbers is no picture."""
MILLIMETRES = 1000.0


def sensor_of(name: str, shape: tuple[int, ...], dtype: str) -> Sensor | None:
    """Return the sensor that values of this shape and NumPy's ``dtype`` are of; None where they are none.

    Numbers from 0 to 255 as (H, W, C), (C, H, W) or (H, W) are images, others as (H, W, 1), (1, H, W) or (H, W) depth:
    in millimetres if they are whole, else in metres. What has at most one axis, or is small, is a vector.
    """
    kind = np.dtype(dtype)
    if kind.kind not in "biuf" or 0 in shape:
        return None
    sides = _sides(shape)
    if sides is None:
        return Sensor(name, "vector", (math.prod(shape),)) if _small(shape) else None
    if kind == np.uint8:
        return Sensor(name, "image", sides)
    return Sensor(name, "depth", sides) if sides[2] == 1 and kind.kind != "b" else None


def value_of(sensor: Sensor, value: NDArray[Any]) -> NDArray[Any]:
    """Return a value as a dataset holds it: (H, W, C) uint8, metres (H, W, 1) float32, or (D,) float32.

    Raises ValueError for one that is not of ``sensor``.
    """
    found = sensor_of(sensor.name, value.shape, str(value.dtype))
    if sensor.kind == "vector" and value.size == sensor.shape[0] and value.dtype.kind in "biuf":
        return np.asarray(value, np.float32).reshape(-1)
    if found != sensor:
        raise ValueError(f"a value is {value.dtype} {value.shape}")
    upright = value[..., None] if value.ndim == 2 else value
    if upright.shape != sensor.shape:
        upright = np.moveaxis(upright, 0, -1)
    if sensor.kind == "image":
        return upright
    return np.asarray(upright, np.float32) / np.float32(1.0 if value.dtype.kind == "f" else MILLIMETRES)


def _sides(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Return height, width and channels of a picture; None for what is none."""
    if len(shape) == 2:
        shape = (*shape, 1)
    if len(shape) != 3:
        return None
    if shape[2] not in CHANNELS and shape[0] in CHANNELS:
        shape = (*shape[1:], shape[0])
    height, width, channels = shape
    return (height, width, channels) if channels in CHANNELS and min(height, width) >= SMALLEST else None


def _small(shape: tuple[int, ...]) -> bool:
    return len(shape) <= 1 or (len(shape) == 2 and max(shape) < SMALLEST)

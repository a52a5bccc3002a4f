"""Sensor values at random: an update takes as long on them as on what an environment shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.sensors import Sensor
from coral_cli.representation.batch import FAR
from coral_cli.training.replay import Replay

MOST_BYTES = 256_000_000
TRANSITIONS = 2000
"""So many are enough that sampling does not find everything in a processor's caches."""


def noise(sensor: Sensor, count: int, random: np.random.Generator) -> NDArray[Any]:
    """Draw raw values (count, ...) as an environment gives them."""
    shape = (count, *sensor.shape)
    if sensor.kind == "image":
        return random.integers(256, size=shape, dtype=np.uint8)
    if sensor.kind == "depth":
        return random.uniform(0, FAR, shape).astype(np.float32)
    return random.standard_normal(shape, np.float32)


def noise_replay(sensors: Mapping[str, Sensor], action_size: int, length: int, seed: int) -> Replay:
    """Make a replay of two episodes, each of ``length`` steps or more, held in memory."""
    random = np.random.default_rng(seed)
    row = Replay(sensors, action_size, 1).bytes
    steps = max(length, min(TRANSITIONS, MOST_BYTES // row) // 2)
    replay = Replay(sensors, action_size, 2 * steps)
    for _ in range(2):
        episode = {name: noise(sensor, steps, random) for name, sensor in sensors.items()}
        action = random.uniform(-1, 1, (steps, action_size)).astype(np.float32)
        reward = random.standard_normal(steps, np.float32)
        replay.add(episode | {"action": action, "reward": reward, "terminated": np.zeros(steps, np.bool_)})
    return replay

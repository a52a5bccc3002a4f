"""What is held, and where."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from coral_cli.registry.options import Json
from coral_cli.registry.sensors import Sensor
from coral_cli.training.agent import Agent
from coral_cli.training.measurement import resident_megabytes
from coral_cli.training.replay import Replay


def held(agent: Agent, sensors: Mapping[str, Sensor]) -> dict[str, Json]:
    """Return megabytes of this process and, at the peak, of the GPU; bytes of one transition of the replay; parameters.

    ``sensors`` are as they are stored; ``image_bytes`` is what their images alone need at a byte a colour.
    """
    gpu = torch.cuda.max_memory_allocated(agent.device) / 1e6 if agent.device.type == "cuda" else None
    return {
        "resident_mb": resident_megabytes(),
        "gpu_peak_mb": gpu,
        "transition_bytes": Replay(sensors, agent.action_size, 1).bytes,
        "image_bytes": sum(math.prod(sensor.shape) for sensor in sensors.values() if sensor.kind == "image"),
        "parameters": sum(agent.parameter_counts().values()),
    }

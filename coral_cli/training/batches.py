"""Drawing a batch of sequences from the replay, cropped at random, onto the agent's device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coral_cli.representation.batch import Batch
from coral_cli.training.agent import Agent
from coral_cli.training.replay import Replay
from coral_cli.training.replay_on_gpu import Resident


@dataclass(frozen=True)
class Batching:
    """What a batch is: ``batch_size`` sequences of ``batch_length`` steps, images cropped by ``crop_margin`` pixels."""

    seed: int
    batch_size: int
    batch_length: int
    crop_margin: int


def sample_batch(
    replay: Replay,
    agent: Agent,
    batching: Batching,
    random: np.random.Generator,
    part: slice = slice(None),
    resident: Resident | None = None,
) -> Batch:
    """A batch of the replay, or a ``part`` of it, on the agent's device, where the replay may be ``resident``."""
    sizes = (batching.batch_size, batching.batch_length, random, batching.crop_margin, part)
    if resident:
        tensors = resident.read(replay.draw(*sizes))
    else:
        tensors = {name: _sent(array, agent.device) for name, array in replay.sample(*sizes).items()}
    return Batch(
        {name: tensors[name] for name in agent.sensors},
        tensors["action"],
        tensors["reward"],
        tensors["terminated"],
        tensors.get("mask"),
        {name: tensors[f"missing/{name}"] for name in agent.sensors if f"missing/{name}" in tensors},
    )


def _sent(array: NDArray[Any], device: torch.device) -> Tensor:
    """On its way to a GPU, while the processor goes on."""
    tensor = torch.from_numpy(array)
    return tensor if device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)

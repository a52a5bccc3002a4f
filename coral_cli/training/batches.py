"""Drawing a batch of sequences from the replay, cropped at random, onto the agent's device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coral_cli.parallel import ranks
from coral_cli.representation.batch import Batch
from coral_cli.training.agent import Agent
from coral_cli.training.collection import episode_seed
from coral_cli.training.replay import Replay
from coral_cli.training.replay_on_gpu import ReplayOnGpu


@dataclass(frozen=True)
class Batching:
    """The shape of a batch: ``batch_size`` sequences of ``batch_length`` steps, images cropped by ``crop_margin``."""

    seed: int
    batch_size: int
    batch_length: int
    crop_margin: int


class Batches:
    """The batches of ``replay``, drawn one after the other from ``random``, a stream of their own, for ``agent``.

    A replay that fits there moves to the agent's GPU.
    """

    def __init__(self, replay: Replay, agent: Agent, batching: Batching) -> None:
        self.random = np.random.default_rng(episode_seed(batching.seed, "replay", 0))
        self._replay, self._agent, self._batching = replay, agent, batching
        self.place()

    def place(self) -> None:
        """Move the replay to the GPU anew, where one is; needed when its episodes have become others."""
        self._on_gpu: ReplayOnGpu | None = None
        if self._agent.device.type == "cuda":
            torch.cuda.empty_cache()  # makes room for the next one
        if ReplayOnGpu.fits(self._replay, self._agent.device):
            self._on_gpu = ReplayOnGpu(self._replay, self._agent.device)

    def draw(self) -> Batch:
        """Draw the next batch, and return this process's share of it."""
        part = ranks.part(self._batching.batch_size)
        return sample_batch(self._replay, self._agent, self._batching, self.random, part, self._on_gpu)


def sample_batch(
    replay: Replay,
    agent: Agent,
    batching: Batching,
    random: np.random.Generator,
    part: slice = slice(None),
    on_gpu: ReplayOnGpu | None = None,
) -> Batch:
    """Draw a batch of the replay, or a ``part`` of it, on the agent's device, where a copy of the replay may be."""
    sizes = (batching.batch_size, batching.batch_length, random, batching.crop_margin, part)
    if on_gpu:
        tensors = on_gpu.read(replay.draw(*sizes))
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
    """Return the array on ``device``. The processor does not wait until it has reached a GPU."""
    tensor = torch.from_numpy(array)
    return tensor if device.type == "cpu" else tensor.pin_memory().to(device, non_blocking=True)

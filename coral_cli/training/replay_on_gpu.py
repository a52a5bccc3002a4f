"""The replay on the GPU: every transition is copied there once, and batches are put together there."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from coral_cli.training.random_crop import cut
from coral_cli.training.replay import Draw, Replay

SHARE = 0.5
"""The share of the GPU's free memory that a replay may take at most."""


class ReplayOnGpu:
    """A copy of ``replay``'s arrays in the memory of ``device``, brought up to date whenever a batch is read."""

    def __init__(self, replay: Replay, device: torch.device) -> None:
        self._replay, self._device = replay, device
        self._arrays = {
            name: torch.empty(
                (replay.capacity, *shape), dtype=torch.from_numpy(np.empty(0, dtype)).dtype, device=device
            )
            for name, (dtype, shape) in replay.layout.items()
            if name != "missing"  # which is looked at when a batch is drawn
        }
        self._copied = 0

    @staticmethod
    def fits(replay: Replay, device: torch.device) -> bool:
        """Return whether there is a GPU, with room enough for all that the replay may hold."""
        return device.type == "cuda" and replay.bytes < SHARE * torch.cuda.mem_get_info(device)[0]

    def read(self, draw: Draw) -> dict[str, Tensor]:
        """Return the arrays (B, T, ...) that ``draw`` chose, as ``Replay.sample`` gives them."""
        self._update()
        rows = self._sent(draw.rows)
        read = {name: array[rows] for name, array in self._arrays.items()}
        for name, corners in draw.corners.items():
            read[name] = cut(read[name], draw.crop_margin, *(self._sent(corner) for corner in corners))
        return read | {name: self._sent(np.ascontiguousarray(array)) for name, array in draw.known.items()}

    def _update(self) -> None:
        """Copy the episodes that are new since the last time."""
        episodes, capacity = self._replay.episodes, self._replay.capacity
        fresh = episodes.where(episodes.serial >= self._copied)
        for start, length in zip(fresh.start, fresh.length, strict=True):
            rows = (start + np.arange(length)) % capacity
            for name, array in self._arrays.items():
                array[self._sent(rows)] = self._sent(self._replay.read(name, rows))
        self._copied = self._replay.next_serial

    def _sent(self, array: np.ndarray) -> Tensor:
        """Send an array on its way to the device; nobody waits for it."""
        return torch.from_numpy(array).to(self._device, non_blocking=True)

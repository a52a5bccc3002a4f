"""A GRU whose recurrent weights are block-diagonal (Hafner et al., 2025: DreamerV3, in its final version)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

KEEP = 1.0
"""A number taken from the update gate before its sigmoid: a new GRU rather keeps its state."""


class BlockGru(nn.Module):
    """A cell: (reset, candidate, update) = W u + b + [V_1 h_1, ..., V_K h_K], h cut into K blocks of S = H / K units.

    c = tanh(sigmoid(reset) * candidate), g = sigmoid(update - 1), and the next h is g * c + (1 - g) * h. The recurrent
    weights are 3 H S instead of 3 H H numbers.
    """

    def __init__(self, inputs: int, hidden_size: int, blocks: int) -> None:
        super().__init__()
        size = hidden_size // blocks
        self.input = nn.Linear(inputs, 3 * hidden_size)
        self.recurrent = nn.Parameter(torch.empty(blocks, size, 3 * size).uniform_(-1, 1) / math.sqrt(size))

    def forward(self, u: Tensor, h: Tensor) -> Tensor:
        """Return the next h (B, H) from the input (B, I) and h (B, H). The gates of a block lie side by side."""
        blocks, size, _ = self.recurrent.shape
        of_state = torch.bmm(h.view(-1, blocks, size).transpose(0, 1), self.recurrent)  # (K, B, 3 S)
        gates = self.input(u).view(-1, blocks, 3 * size) + of_state.transpose(0, 1)  # (B, K, 3 S)
        reset, candidate, update = (gate.flatten(1) for gate in gates.to(h.dtype).chunk(3, -1))
        return torch.lerp(h, torch.tanh(torch.sigmoid(reset) * candidate), torch.sigmoid(update - KEEP))

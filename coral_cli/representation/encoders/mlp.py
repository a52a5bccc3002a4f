"""The vector encoder of the paper."""

from __future__ import annotations

from torch import Tensor, nn

from coral_cli.representation.networks import mlp


class MlpEncoder(nn.Module):
    """Dense layers, ELU after every one; the last layer is the embedding."""

    def __init__(self, inputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.layers = mlp([inputs] + [hidden] * layers)
        self.size = hidden

    def forward(self, vector: Tensor) -> Tensor:
        """(N, D) normalised to (N, size)."""
        return self.layers(vector)  # type: ignore[no-any-return]

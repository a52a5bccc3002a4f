"""The vector encoder of the paper."""

from __future__ import annotations

from torch import Tensor, nn

from coral_cli.representation.networks import mlp


class MlpEncoder(nn.Module):
    """An encoder of dense layers, with ELU after every one; the last layer is the embedding."""

    def __init__(self, inputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.layers = mlp([inputs] + [hidden] * layers)
        self.size = hidden

    def forward(self, vector: Tensor) -> Tensor:
        """Return the embeddings (N, size) of normalised vectors (N, D)."""
        return self.layers(vector)  # type: ignore[no-any-return]

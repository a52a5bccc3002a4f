"""No representation at all: the policy sees raw vectors (proprio-sac)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from coral_cli.representation.batch import Batch
from coral_cli.representation.objective import Losses, State


class NoRepresentation(nn.Module):
    """What stands where a Representation would; its state and its features are empty and it learns nothing."""

    feature_size = 0

    def __init__(self) -> None:
        super().__init__()
        self.encoders, self.losses, self.heads = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()

    def initial(self, batch: int, device: torch.device | str = "cpu") -> State:
        """Return an empty state."""
        nothing = torch.zeros(batch, 0, device=device)
        return State(nothing, nothing)

    def step(
        self,
        state: State,
        action: Tensor,
        observations: Mapping[str, Tensor],
        missing: Mapping[str, Tensor] = MappingProxyType({}),
    ) -> tuple[State, Tensor]:
        """Return the same empty state, and features (B, 0)."""
        return state, state.h

    def forward(self, batch: Batch) -> Losses:
        """Return no terms, and features (B, T, 0)."""
        return Losses({}, {}, batch.actions[..., :0], {})

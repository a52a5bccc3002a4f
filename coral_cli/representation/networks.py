"""Dense networks."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from coral_cli.fast import even_widths


class Precise(nn.Linear):
    """A linear layer computed in the weights' own precision whatever the others are, for values.

    Returns in the hundreds lie further apart in bf16 than the rewards of a step that they are to tell.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's outputs (..., outputs) for inputs (..., inputs)."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.to(self.weight.dtype))


class Mlp(nn.Sequential):
    """Dense layers over the last axis, which see all leading axes as a single one.

    Else ELU would work in place on a view, and autograd copies such a layer's gradient three times.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the last layer's outputs (..., outputs) for inputs (..., inputs)."""
        rows = x.reshape(-1, x.shape[-1])
        y: Tensor
        if even_widths.pays(self, rows, (nn.Linear, Precise)):
            y = even_widths.through(self, rows)
        else:
            y = super().forward(rows)  # type: ignore[no-untyped-call]
        return y.view(*x.shape[:-1], y.shape[-1])


def mlp(sizes: list[int], output: int | None = None) -> Mlp:
    """Make linear layers ``sizes[0] -> sizes[1] -> ...``, each followed by ELU; then one to ``output``, if given."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ELU(inplace=True)]
    if output is not None:
        layers.append(nn.Linear(sizes[-1], output))
    return Mlp(*layers)

"""Dense networks."""

from __future__ import annotations

import itertools

from torch import nn


def mlp(sizes: list[int], output: int | None = None) -> nn.Sequential:
    """Linear layers ``sizes[0] -> sizes[1] -> ...``, each followed by ELU; then one to ``output``, if given."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ELU(inplace=True)]
    if output is not None:
        layers.append(nn.Linear(sizes[-1], output))
    return nn.Sequential(*layers)

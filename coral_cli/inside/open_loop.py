"""What an agent foresees: the prior, rolled out with the actions that were taken, without looking."""

from __future__ import annotations

import torch
from torch import Tensor

from coral_cli.registry.contracts import RssmModule


@torch.no_grad()
def foreseen(rssm: RssmModule, h: Tensor, z: Tensor, actions: Tensor) -> Tensor:
    """Return the latents (B, T, F), [mean of p, h], of T steps after the states ``h`` (B, H) and ``z`` (B, Z).

    ``actions`` (B, T, A) lead from step to step. As in training, the state goes on from samples of the prior.
    """
    latents = []
    for action in actions.unbind(1):
        h = rssm.predict(h, z, action)
        prior = rssm.prior(h)
        z = prior.sample()
        latents.append(torch.cat([prior.mean, h], -1))
    return torch.stack(latents, 1)

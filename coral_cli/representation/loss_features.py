"""Loss features: the latent states that the sensors' losses see (method section of the paper, and its common form)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from coral_cli.registry.contracts import Latent, RssmModule, Trajectory
from coral_cli.registry.objective_options import ObjectiveOptions
from coral_cli.representation.shapes import require_shape


@dataclass(frozen=True)
class LossFeatures:
    """Latent states of one kind: ``features`` (B, T - start, F) from step ``start`` on, and their losses' weight.

    ``latent`` is what they were sampled from. With ``hidden_only`` they count where images are hidden alone.
    """

    name: str
    start: int
    weight: float
    features: Tensor
    latent: Literal["posterior", "prior"]
    hidden_only: bool = False


def loss_features(
    setting: ObjectiveOptions, rssm: RssmModule, trajectory: Trajectory, prior: Latent, actions: Tensor
) -> Iterator[LossFeatures]:
    """Yield the posterior samples, and the prior samples 1 to ``open_loop`` steps after the last observation seen.

    The prior of the first step has seen nothing, so that of ``j`` steps ahead starts at step ``j``. A prior sample j
    steps ahead goes on from the one of j - 1 steps ahead, all (B, T) at once.
    """
    if setting.posterior:
        features = torch.cat([trajectory.z, trajectory.h], -1)
        yield LossFeatures("posterior", 0, setting.posterior, features, "posterior")
    if not setting.prior:
        return
    z, h = prior.sample()[:, 1:], trajectory.h[:, 1:]
    for ahead in range(1, setting.open_loop + 1):
        if ahead > 1:
            before, *rest = (part.flatten(0, 1) for part in (h[:, :-1], z[:, :-1], actions[:, ahead:]))
            h = rssm.predict(before, *rest)
            require_shape("--rssm", "h of predict", h, tuple(before.shape))
            h = h.unflatten(0, (len(actions), -1))
            z = rssm.prior(h).sample()
        name = "prior" if ahead == 1 else f"prior{ahead}"
        weight, features = setting.prior / setting.open_loop, torch.cat([z, h], -1)
        yield LossFeatures(name, ahead, weight, features, "prior", setting.prior_where == "hidden")

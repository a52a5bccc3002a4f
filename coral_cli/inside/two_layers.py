"""Small non-linear probes: a network of two layers, stopped where unseen episodes are predicted best."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import AdamW

from coral_cli.inside.ridge import Parts
from coral_cli.representation.networks import mlp

HIDDEN, UPDATES, BATCH = 64, 2000, 256
EVERY, PATIENCE = 50, 6
"""Updates between two judgements, and how many of these without any progress of a hundredth end the teaching."""
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-2


def two_layer_probe(inputs: Parts, targets: Sequence[Parts], seed: int) -> list[Tensor]:
    """Return what one network with as many outputs as all ``targets`` together predicts on the unseen episodes.

    For each target (N, D), the prediction is from the moment at which the validation episodes' was best. The caller's
    random stream stays as it is.
    """
    x, wanted = inputs.scaled(), [target.scaled() for target in targets]
    device = x.training.device
    sizes = [part.training.shape[1] for part in wanted]
    y = torch.cat([part.training for part in wanted], 1)
    draws = torch.Generator(device).manual_seed(seed)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        network = mlp([x.training.shape[1], HIDDEN], sum(sizes)).to(device)
    adam = AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    best, idle = [float("inf")] * len(wanted), 0
    predicted = [torch.zeros_like(part.unseen) for part in wanted]
    for update in range(1, UPDATES + 1):
        chosen = torch.randint(len(y), (BATCH,), generator=draws, device=device)
        loss = (network(x.training[chosen]) - y[chosen]).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        if update % EVERY == 0:
            idle = 0 if _keep_better(network, x, wanted, sizes, best, predicted) else idle + 1
            if idle == PATIENCE:
                break
    return [_unscaled(value, target) for value, target in zip(predicted, targets, strict=True)]


@torch.no_grad()
def _keep_better(
    network: torch.nn.Module,
    x: Parts,
    wanted: Sequence[Parts],
    sizes: Sequence[int],
    best: list[float],
    predicted: list[Tensor],
) -> bool:
    """Take over the predictions of targets that validation finds better than before; tell if any is by far."""
    better = False
    validation, unseen = (network(part).split(list(sizes), 1) for part in (x.validation, x.unseen))
    for index, part in enumerate(wanted):
        error = float((validation[index] - part.validation).square().mean())
        if error < best[index]:
            better |= error < 0.99 * best[index]
            best[index], predicted[index] = error, unseen[index]
    return better


def _unscaled(values: Tensor, target: Parts) -> Tensor:
    """Return scaled predictions in the target's own units."""
    std, mean = torch.std_mean(target.training, 0, correction=0)
    return values * std + mean

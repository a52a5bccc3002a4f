"""How a network learns, and how its slow copy follows."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from coral_cli.parallel.ranks import average_gradients


def descend(loss: Tensor, network: nn.Module, optimizer: Optimizer, clip: float) -> Tensor:
    """Do a gradient step on ``network`` alone: what else the loss depends on gets no gradient.

    Where processes learn together, all step along the mean of their gradients. Returns its norm before it was clipped.
    """
    parameters = list(network.parameters())
    optimizer.zero_grad()
    loss.backward(inputs=parameters)
    average_gradients(parameters)
    norm = clip_grad_norm_(parameters, clip)
    optimizer.step()
    torch.clear_autocast_cache()  # which holds copies of the weights as they were
    return norm


@torch.no_grad()
def soft_update(target: nn.Module, network: nn.Module, decay: float) -> None:
    """Move ``target`` along as a moving average of the weights: target = decay * target + (1 - decay) * network."""
    torch._foreach_lerp_(list(target.parameters()), list(network.parameters()), 1 - decay)

"""Processes that learn one set of weights together, each on an equal share of every batch's sequences.

torch.distributed knows who takes part; without it a process is alone, and everything here leaves its input as it is.

The mean over the processes of a loss, each of its own share, must be the loss of the whole batch. Then the same holds
for gradients, which ``average_gradients`` averages. Means over all steps of equal shares are so by themselves. Means
over chosen steps are not, since one share may hold more of them than another: these need ``total`` or ``share_of``.
Nor are losses that compare sequences with each other: these need ``gather``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


def count() -> int:
    """Return how many processes learn together; 1: alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def part(sequences: int) -> slice:
    """Return which sequences of a batch of ``sequences`` are this process's share. ``count()`` divides them."""
    size = sequences // count()
    first = dist.get_rank() * size if count() > 1 else 0
    return slice(first, first + size)


def total(number: Tensor) -> Tensor:
    """Return the sum of all processes' ``number``, without gradients."""
    if count() == 1:
        return number
    everyone = number.detach().clone()
    dist.all_reduce(everyone)
    return everyone


def share_of(chosen: Tensor) -> Tensor | float:
    """Return how much the mean over this process's ``chosen`` (N, ...) counts: N over the mean N of all processes."""
    if count() == 1:
        return 1.0
    number = torch.tensor(float(len(chosen)), device=chosen.device)
    return count() * number / total(number)


def gather(own: Tensor) -> Tensor:
    """Return the (B, ...) of all processes side by side, (count B, ...), in the order of the batch.

    This is for losses that compare sequences: every process goes on to compute the same loss of the whole batch. Its
    gradient reaches ``own`` as often as there are processes, so that their mean is that of one process alone.
    """
    return own if count() == 1 else _Gather.apply(own)  # type: ignore[no-untyped-call]


class _Gather(torch.autograd.Function):
    """All processes' parts; backwards nothing needs to be exchanged, since all processes compute the same."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        everyone = own.new_empty(count() * len(own), *own.shape[1:])
        # As bytes, since not every backend sends every type.
        dist.all_gather(list(everyone.view(torch.uint8).chunk(count())), own.contiguous().view(torch.uint8))
        ctx.own = slice(dist.get_rank() * len(own), (dist.get_rank() + 1) * len(own))
        return everyone

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return count() * gradient[ctx.own]


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace gradients by the mean of all processes' ones, in one message; to be called before they are clipped."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if count() == 1 or not gradients:
        return
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= count()
    pieces = flat.split([gradient.numel() for gradient in gradients])
    torch._foreach_copy_(gradients, [piece.view_as(g) for piece, g in zip(pieces, gradients, strict=True)])


def averaged(metrics: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the mean of all processes' scalars, by name."""
    if count() == 1 or not metrics:
        return metrics
    device = next(iter(metrics.values())).device
    values = total(torch.stack([value.to(device, torch.float32) for value in metrics.values()])) / count()
    return dict(zip(metrics, values.unbind(), strict=True))

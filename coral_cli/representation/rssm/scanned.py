"""Linear layers inside a scan over time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class ScannedLinear:
    """A linear layer that every step of a scan applies to a state: ``share[t] + x @ weight.T``.

    ``shares`` (T, B, O) is what does not depend on the state, bias included. Each step's gradient flows back to its
    input as usual, but the weight's gradient is a single matrix product over all T steps in the end, instead of T
    small ones and the sum of T matrices of the weight's size.
    """

    def __init__(self, shares: Tensor, weight: Tensor) -> None:
        self.shares = shares
        self._inputs: list[Tensor] = []
        self._steps = _OneWeightGradient.apply(shares, weight, self._inputs).unbind(0)
        self._weight = weight.detach().to(shares.dtype).T

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, like: Tensor) -> ScannedLinear:
        """A layer whose whole input is state; ``like`` (T, B, ...) gives the number of steps and the dtype."""
        return cls(bias.to(like.dtype).expand(*like.shape[:2], -1), weight)

    def __call__(self, step: int, x: Tensor) -> Tensor:
        """(B, I) to (B, O). Steps must come in order, each once."""
        x = x.to(self._weight.dtype)
        self._inputs.append(x.detach())
        return torch.addmm(self._steps[step], x, self._weight)


class _OneWeightGradient(torch.autograd.Function):
    """Passes ``shares`` on; the gradient that comes back is that of every step's output."""

    @staticmethod
    def forward(context: Any, shares: Tensor, weight: Tensor, inputs: list[Tensor]) -> Tensor:
        context.inputs, context.dtype = inputs, weight.dtype
        return shares.view_as(shares)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (of_outputs,) = gradients
        of_weight = None
        if context.needs_input_grad[1]:
            steps = torch.stack(context.inputs).flatten(0, 1)  # (T B, I)
            of_weight = (of_outputs.flatten(0, 1).T @ steps).to(context.dtype)
        return of_outputs, of_weight, None

"""Linear layers inside a scan over time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class ScannedLinear:
    """A linear layer that every step of a scan applies to a state: ``known[t] + x @ weight.T``.

    ``known`` (T, B, O) is what does not depend on the state; from a ``bias`` (O) alone it is the same for all steps.
    Each step's gradient flows back to its input as usual, but the weight's gradient is a single matrix product over all
    T steps in the end, instead of T small ones and the sum of T matrices of the weight's size. The layer computes in
    the precision of ``known``.
    """

    def __init__(self, known: Tensor, weight: Tensor, bias: Tensor | None = None) -> None:
        self.dtype = known.dtype
        self.weight = weight.detach().to(known.dtype)
        self.bias = bias
        self._inputs: list[Tensor] = []
        self._steps = _OneWeightGradient.apply(known, weight, self._inputs).unbind(0)

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, like: ScannedLinear) -> ScannedLinear:
        """A layer whose whole input is state, with as many steps as ``like`` has."""
        own = bias.to(like.dtype)
        return cls(own.expand(len(like._steps), len(like._steps[0]), -1), weight, own.detach())

    def __call__(self, step: int, x: Tensor) -> Tensor:
        """(B, I) to (B, O). Steps must come in order, each once."""
        x = x.to(self.dtype)
        self._inputs.append(x.detach())
        return _Step.apply(x, self._steps[step], self.weight, self.bias)  # type: ignore[no-any-return]


class _Step(torch.autograd.Function):
    """``known + x @ weight.T``; a bias in the place of known is added by the product itself."""

    @staticmethod
    def forward(context: Any, x: Tensor, known: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        context.save_for_backward(weight)
        return torch.addmm(known if bias is None else bias, x, weight.T)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (weight,), (of_output,) = context.saved_tensors, gradients
        return of_output @ weight if context.needs_input_grad[0] else None, of_output, None, None


class _OneWeightGradient(torch.autograd.Function):
    """Passes ``known`` on; the gradient that comes back is that of every step's output."""

    @staticmethod
    def forward(context: Any, known: Tensor, weight: Tensor, inputs: list[Tensor]) -> Tensor:
        context.inputs, context.dtype = inputs, weight.dtype
        return known.view_as(known)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (of_outputs,) = gradients
        of_weight = None
        if context.needs_input_grad[1]:
            steps = torch.stack(context.inputs).flatten(0, 1)  # (T B, I)
            of_weight = (of_outputs.flatten(0, 1).T @ steps).to(context.dtype)
        return of_outputs, of_weight, None

"""A GRU-based filter over all steps as one operation, its gradient worked out by hand.

Step by step, autograd spends more time on bookkeeping than on the small products in between. Here a step
forwards is a handful of operations into tensors made once, a step backwards as many, and every weight's gradient is a
single product over all steps in the end.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from coral_cli.representation.rssm import fused, stepwise
from coral_cli.representation.rssm.tape import Family, Tape


class Filter(torch.autograd.Function):
    """h (T, B, H), z (T, B, Z) and the posterior's parameters (T, B, P).

    ``known_u`` (T, B, U) and ``known_v`` (T, B, V) are the shares in the first layers of transition and posterior of
    what is known for all steps; their type is that of all products, while states stay in that of the weights.
    ``noise`` (T, B, ...) is what the samples are drawn with. ``weights``: z's in the transition, those and biases of
    its further layers and of the GRU's input, of the GRU's state, h's in the posterior, weights and biases of its
    further layers. ``layers`` counts the transition's.
    """

    @staticmethod
    def forward(
        context: Any,
        family: Family,
        layers: int,
        noise: Tensor,
        known_u: Tensor,
        known_v: Tensor,
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        context.tape = tape = Tape.blank(family, layers, noise, known_u, known_v, weights)
        steps(tape).forward(tape, known_u)
        return tape.hs[1:], tape.z[1:], tape.parameters.detach()  # a graph must not hold its own outputs

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Any, ...]:
        tape = context.tape
        of_shares = tape.begin_backward()
        steps(tape).backward(tape, of_shares, *gradients)
        known = (None, None, None, tape.transition.gradients[0], tape.posterior.gradients[0])
        if not any(context.needs_input_grad[len(known) :]):
            return *known, *[None] * (len(context.needs_input_grad) - len(known))
        return *known, *tape.weight_gradients(of_shares)


def steps(tape: Tape) -> ModuleType:
    """What goes ``forward`` and ``backward`` over a tape: the steps as kernels of their own where that can be."""
    return fused if fused.fits(tape) else stepwise

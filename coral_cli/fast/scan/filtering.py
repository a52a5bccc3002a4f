"""A GRU-based filter over all steps as one operation, its gradient worked out by hand.

Step by step, autograd spends more time on bookkeeping than on the small products in between. Here a step
forwards is a handful of operations into tensors made once, a step backwards as many, and every weight's gradient is a
single product over all steps in the end.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from coral_cli.fast.scan import fused, stepwise
from coral_cli.fast.scan.families import Family
from coral_cli.fast.scan.tape import Tape


def fits(transition: nn.Module, gru: nn.Module, posterior: nn.Module) -> bool:
    """Return whether these are what ``scan`` knows: dense layers with ELU between them, and torch's GRU.

    Layers must have their biases and compute what their types say: without hooks, and by torch's own ELU.
    """
    inner, outer = (list(network.children()) for network in (transition, posterior))
    kinds, last_kinds = ([type(layer) for layer in layers] for layers in (inner, outer))
    block = [nn.Linear, nn.ELU]
    dense = kinds == block * (len(inner) // 2) and last_kinds == [*block * (len(outer) // 2), nn.Linear]
    alike = dense and len(inner) > 1 and len(outer) > 1 and type(gru) is nn.GRUCell
    return alike and all(map(_unchanged, (transition, *inner, gru, posterior, *outer)))


def _unchanged(module: nn.Module) -> bool:
    """Return whether a module's forward and backward pass are those of its type, with all biases."""
    hooks = module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks
    bias: object = getattr(module, "bias", True)
    return bias is not None and bias is not False and not any(hooks) and getattr(module, "alpha", 1.0) == 1.0


def scan(
    transition: nn.Module, gru: nn.GRUCell, posterior: nn.Module, family: Family, embeddings: Tensor, actions: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Filter from a zero state: states h (B, T, H), samples z (B, T, Z) and the posterior's parameters (B, T, P).

    ``embeddings`` are (B, T, E), ``actions`` (B, T, A). What does not depend on the state is computed once for all
    steps: the shares of actions and embeddings in the first layers. States are kept, and gates combined, in the
    weights' own precision, whatever the matrix products are computed in.
    """
    (first_u, bias_u, *inner), (first_v, bias_v, *outer) = (
        list(network.parameters()) for network in (transition, posterior)
    )
    weight_z, weight_a = first_u.tensor_split([first_u.shape[1] - actions.shape[2]], 1)
    weight_e, weight_h = first_v.tensor_split([embeddings.shape[2]], 1)
    known_u = linear(actions.transpose(0, 1), weight_a, bias_u)  # (T, B, hidden)
    known_v = linear(embeddings.transpose(0, 1), weight_e, bias_v)
    if known_u.device.type == "cpu":
        # Where a step's rows are few, conversions cost more than products in half precision save.
        known_u, known_v = known_u.to(weight_h.dtype), known_v.to(weight_h.dtype)
    noise = family.noise(weight_h.new_empty(*known_v.shape[:2], len(outer[-1])))
    h, z, parameters = Filter.apply(  # type: ignore[no-untyped-call]
        family, len(inner) // 2 + 1, noise, known_u, known_v,
        weight_z, *inner, gru.weight_ih, gru.bias_ih, gru.weight_hh, gru.bias_hh, weight_h, *outer,
    )  # fmt: skip
    return h.transpose(0, 1), z.transpose(0, 1), parameters.transpose(0, 1)


class Filter(torch.autograd.Function):
    """The filter as one operation: h (T, B, H), z (T, B, Z) and the posterior's parameters (T, B, P).

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
    """Return the module that goes ``forward`` and ``backward`` over a tape: ``fused`` where its kernels fit."""
    return fused if fused.fits(tape) else stepwise

"""How a GRU (Cho et al., 2014) combines its gates, and how that depends on them."""

from __future__ import annotations

import torch
from torch import Tensor


def gated(from_input: Tensor, from_state: Tensor, h: Tensor, gates: Tensor, out: Tensor) -> None:
    """Writes the next h (B, H) to ``out``; the (B, 3 H) shares are of reset, update and candidate.

    Keeps the ``gates`` (B, 3 H) in that order.
    """
    size = h.shape[1]
    both, candidate = gates.split([2 * size, size], 1)
    torch.add(from_input[:, : 2 * size], from_state[:, : 2 * size], out=both).sigmoid_()
    torch.addcmul(from_input[:, 2 * size :], both[:, :size], from_state[:, 2 * size :], out=candidate).tanh_()
    torch.lerp(candidate, h, both[:, size:], out=out)


def gate_slopes(gates: Tensor, states: Tensor, before: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How the next h depends on the shares of input and state in the gates, (T, B, 3, H) each, and on h, (T, B, H).

    ``gates`` (T, B, 3 H) are what ``gated`` kept, ``states`` (T, B, H) the state's share in the candidate, ``before``
    (T, B, H) the h it began with.
    """
    reset, update, candidate = gates.chunk(3, -1)
    of_candidate = (1 - update) * (1 - candidate.square())
    of_reset = of_candidate * states * reset * (1 - reset)
    of_update = (before - candidate) * update * (1 - update)
    to_input = torch.stack([of_reset, of_update, of_candidate], -2)
    to_state = torch.stack([of_reset, of_update, of_candidate * reset], -2)
    return to_input, to_state, update

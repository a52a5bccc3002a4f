"""How a GRU (Cho et al., 2014) combines its gates, and how that depends on them."""

from __future__ import annotations

import torch
from torch import Tensor


class Gates:
    """A GRU's step t from h_t in ``hs`` (T + 1, B, H) to h_{t+1}, which is written there.

    ``inputs`` and ``states`` (T, B, 3 H) are the shares of reset, update and candidate, ``gates`` (T, B, 3 H) are kept
    in that order. Where they lie is found once for all steps, as that takes long beside sums of a few rows.
    """

    def __init__(self, inputs: Tensor, states: Tensor, gates: Tensor, hs: Tensor) -> None:
        size = hs.shape[2]
        two, last = slice(2 * size), slice(2 * size, 3 * size)
        self._both, self._candidates = (
            [tensor[..., part].unbind(0) for tensor in (inputs, states, gates)] for part in (two, last)
        )
        self._resets, self._updates = (gate.unbind(0) for gate in gates.chunk(3, -1)[:2])
        self._hs = hs.unbind(0)

    def __call__(self, t: int) -> Tensor:
        """Write the gates of step t and the next h; return that h (B, H)."""
        hs, own = self._hs, self._hs[t].dtype
        inputs, states, both = (steps[t] for steps in self._both)
        torch.add(inputs.to(own), states.to(own), out=both).sigmoid_()
        inputs, states, candidate = (steps[t] for steps in self._candidates)
        torch.addcmul(inputs.to(own), self._resets[t], states.to(own), out=candidate).tanh_()
        return torch.lerp(candidate, hs[t], self._updates[t], out=hs[t + 1])


def gate_slopes(gates: Tensor, states: Tensor, before: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return how the next h depends on input's and state's shares in the gates, (T, B, 3, H) each, and on h (T, B, H).

    ``gates`` (T, B, 3 H) are what ``Gates`` kept, ``states`` (T, B, H) the state's share in the candidate, ``before``
    (T, B, H) the h it began with.
    """
    reset, update, candidate = gates.chunk(3, -1)
    of_candidate = (1 - update) * (1 - candidate.square())
    of_reset = of_candidate * states * reset * (1 - reset)
    of_update = (before - candidate) * update * (1 - update)
    to_input = torch.stack([of_reset, of_update, of_candidate], -2)
    to_state = torch.stack([of_reset, of_update, of_candidate * reset], -2)
    return to_input, to_state, update

"""The recurrent state space model: a GRU carries the deterministic state h, a Latent the stochastic state z."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, linear

from coral_cli.registry.contracts import Trajectory
from coral_cli.representation.networks import mlp
from coral_cli.representation.rssm.scanned import ScannedLinear


class GruRssm(nn.Module):
    """u = MLP([z, a]), h = GRU(u, h), prior p(z | h), posterior q(z | e, h) (method section of the paper).

    ``latent`` turns ``parameter_size`` network outputs into a Latent with ``latent_size`` dimensions. ``inputs`` names
    the columns of the weights that read an embedding or an action, as RssmModule says.
    """

    def __init__(
        self,
        embedding_size: int,
        action_size: int,
        hidden_size: int,
        latent_size: int,
        parameter_size: int,
        latent: Callable[[Tensor], Any],
        hidden: int,
        layers: int,
    ) -> None:
        super().__init__()
        self.hidden_size, self.latent_size = hidden_size, latent_size
        self.inputs = {
            "transition.0.weight": {"z": latent_size, "action": action_size},
            "posterior_network.0.weight": {"embedding": embedding_size, "h": hidden_size},
        }
        self._latent = latent
        self.transition = mlp([latent_size + action_size] + [hidden] * layers)
        self.gru = nn.GRUCell(hidden, hidden_size)
        self.prior_network = mlp([hidden_size] + [hidden] * layers, parameter_size)
        self.posterior_network = mlp([embedding_size + hidden_size] + [hidden] * layers, parameter_size)

    def predict(self, h: Tensor, z: Tensor, action: Tensor) -> Tensor:
        """h_t (B, H) from h_{t-1} (B, H), z_{t-1} (B, Z) and a_{t-1} (B, A)."""
        return self.gru(self.transition(torch.cat([z, action], -1)), h)

    def prior(self, h: Tensor) -> Any:
        """p(z_t | h_t) for any leading shape."""
        return self._latent(self.prior_network(h))

    def update(self, h: Tensor, embedding: Tensor) -> Any:
        """q(z_t | h_t, e_t) for any leading shape."""
        return self._latent(self.posterior_network(torch.cat([embedding, h], -1)))

    def scan(self, embeddings: Tensor, actions: Tensor) -> Trajectory:
        """Filters (B, T, E) and (B, T, A) from a zero state; equal to ``predict`` and ``update`` step by step.

        What does not depend on the state is computed once for all (B, T): the shares of the actions and of the
        embeddings in the first layers. The prior is not needed here at all. States are kept, and gates combined, in
        the weights' own precision, whatever the matrix products are computed in.
        """
        weight_z, weight_a = self._blocks("transition.0.weight")
        weight_e, weight_h = self._blocks("posterior_network.0.weight")
        transition = _scanned(self.transition, actions, weight_a, weight_z)
        posterior = _scanned(self.posterior_network, embeddings, weight_e, weight_h)
        input_gates, state_gates = (
            ScannedLinear.of(weight, bias, transition[0])
            for weight, bias in ((self.gru.weight_ih, self.gru.bias_ih), (self.gru.weight_hh, self.gru.bias_hh))
        )
        h, z = (weight_h.new_zeros(len(actions), size) for size in (self.hidden_size, self.latent_size))
        x = h.to(input_gates.dtype)  # in the products' precision
        hs, zs, parameters = [], [], []
        with torch.autocast(h.device.type, enabled=False):
            for t in range(actions.shape[1]):
                u = z
                for layer in transition:
                    u = elu(layer(t, u))
                h = gated(input_gates(t, u).to(h.dtype), state_gates(t, x).to(h.dtype), h)
                v = x = h.to(x.dtype)
                for layer in posterior[:-1]:
                    v = elu(layer(t, v))
                parameter = posterior[-1](t, v).to(h.dtype)
                z = self._latent(parameter).sample()
                hs.append(h)
                zs.append(z)
                parameters.append(parameter)
        return Trajectory(torch.stack(hs, 1), torch.stack(zs, 1), self._latent(torch.stack(parameters, 1)))

    def _blocks(self, name: str) -> tuple[Tensor, ...]:
        """The weight ``name``, cut into the columns of each input."""
        return self.get_parameter(name).split(list(self.inputs[name].values()), 1)


def gated(from_input: Tensor, from_state: Tensor, h: Tensor) -> Tensor:
    """The next h (B, H) of a GRU (Cho et al., 2014); the (B, 3 H) shares are of reset, update and candidate."""
    if h.device.type == "cuda":  # one kernel
        return torch.ops.aten._thnn_fused_gru_cell(from_input, from_state, h)[0]  # type: ignore[no-any-return]
    size = h.shape[1]
    reset, update = torch.sigmoid(from_input[:, : 2 * size] + from_state[:, : 2 * size]).chunk(2, 1)
    candidate = torch.tanh(torch.addcmul(from_input[:, 2 * size :], reset, from_state[:, 2 * size :]))
    return torch.lerp(candidate, h, update)


def _scanned(network: nn.Sequential, known: Tensor, weight_known: Tensor, weight_state: Tensor) -> list[ScannedLinear]:
    """The layers of an MLP whose input is partly known for all steps, (B, T, I), and partly the state."""
    first, *rest = (layer for layer in network if isinstance(layer, nn.Linear))
    shares = linear(known.transpose(0, 1), weight_known, first.bias)  # (T, B, hidden)
    begin = ScannedLinear(shares, weight_state)
    return [begin, *(ScannedLinear.of(layer.weight, layer.bias, begin) for layer in rest)]

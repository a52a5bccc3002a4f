"""The recurrent state space model: a GRU carries the deterministic state h, a Latent the stochastic state z."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from coral_cli.registry.contracts import Trajectory
from coral_cli.representation.networks import mlp
from coral_cli.representation.rssm.filtering import Filter
from coral_cli.representation.rssm.tape import Family


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
        latent: Family,
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
        (_, bias_u, *inner), (_, bias_v, *outer) = (
            network.parameters() for network in (self.transition, self.posterior_network)
        )
        known_u = linear(actions.transpose(0, 1), weight_a, bias_u)  # (T, B, hidden)
        known_v = linear(embeddings.transpose(0, 1), weight_e, bias_v)
        if known_u.device.type == "cpu":
            # Where a step's rows are few, conversions cost more than products in half precision save.
            known_u, known_v = known_u.to(weight_h.dtype), known_v.to(weight_h.dtype)
        noise = self._latent(weight_h.new_empty(*known_v.shape[:2], len(outer[-1]))).noise()
        gru = self.gru
        h, z, parameters = Filter.apply(
            self._latent, len(inner) // 2 + 1, noise, known_u, known_v,
            weight_z, *inner, gru.weight_ih, gru.bias_ih, gru.weight_hh, gru.bias_hh, weight_h, *outer,
        )  # fmt: skip
        h, z, parameters = (part.transpose(0, 1) for part in (h, z, parameters))
        return Trajectory(h, z, self._latent(parameters))

    def _blocks(self, name: str) -> tuple[Tensor, ...]:
        """The weight ``name``, cut into the columns of each input."""
        return self.get_parameter(name).split(list(self.inputs[name].values()), 1)

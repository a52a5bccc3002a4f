"""The recurrent state space model: a GRU carries the deterministic state h, a Latent the stochastic state z."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, linear

from coral_cli.registry.contracts import Trajectory
from coral_cli.representation.networks import mlp


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
        embeddings in the first layers. The prior is not needed here at all.
        """
        first, rest = self.transition[0], self.transition[2:]
        weight_z, weight_a = first.weight.split(list(self.inputs["transition.0.weight"].values()), 1)
        from_action = linear(actions, weight_a, first.bias).unbind(1)  # T x (B, hidden)
        first_q, rest_q = self.posterior_network[0], self.posterior_network[2:]
        weight_e, weight_h = first_q.weight.split(list(self.inputs["posterior_network.0.weight"].values()), 1)
        from_embedding = linear(embeddings, weight_e, first_q.bias).unbind(1)  # T x (B, hidden)
        z = embeddings.new_zeros(len(embeddings), self.latent_size)
        h = embeddings.new_zeros(len(embeddings), self.hidden_size)
        hs, zs, parameters = [], [], []
        for action_share, embedding_share in zip(from_action, from_embedding, strict=True):
            h = self.gru(rest(elu(torch.addmm(action_share, z, weight_z.T))), h)
            parameter = rest_q(elu(torch.addmm(embedding_share, h, weight_h.T)))
            z = self._latent(parameter).sample()
            hs.append(h)
            zs.append(z)
            parameters.append(parameter)
        return Trajectory(torch.stack(hs, 1), torch.stack(zs, 1), self._latent(torch.stack(parameters, 1)))

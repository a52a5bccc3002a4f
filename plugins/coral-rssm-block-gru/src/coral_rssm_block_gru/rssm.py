"""The recurrent state space model around a block-diagonal GRU."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from coral_cli.plugin import Trajectory
from coral_cli.plugin_tensors import Gaussian
from coral_rssm_block_gru.gru import BlockGru


class BlockGruRssm(nn.Module):
    """An RSSM: u = MLP([z, a, h]), h = BlockGru(u, h), prior p(z | h), posterior q(z | e, h), both Gaussian.

    The blocks of h only see each other through u and z, so unlike with a dense GRU, u depends on h as well. Layers are
    linear, RMSNorm, SiLU. ``inputs`` names the columns of the first layers, as RssmModule says.
    """

    def __init__(
        self,
        embedding_size: int,
        action_size: int,
        hidden_size: int,
        blocks: int,
        latent_size: int,
        hidden: int,
        layers: int,
        min_std: float,
    ) -> None:
        super().__init__()
        self.hidden_size, self.latent_size = hidden_size, latent_size
        self.inputs = {
            "transition.0.weight": {"z": latent_size, "action": action_size, "h": hidden_size},
            "posterior_network.0.weight": {"embedding": embedding_size, "h": hidden_size},
        }
        wide = [hidden] * layers
        self.transition = _layers([latent_size + action_size + hidden_size, *wide])
        self.gru = BlockGru(hidden, hidden_size, blocks)
        self.prior_network = _layers([hidden_size, *wide], 2 * latent_size)
        self.posterior_network = _layers([embedding_size + hidden_size, *wide], 2 * latent_size)
        self._min_std = min_std

    def predict(self, h: Tensor, z: Tensor, action: Tensor) -> Tensor:
        """Return h_t (B, H) from h_{t-1} (B, H), z_{t-1} (B, Z) and a_{t-1} (B, A)."""
        after: Tensor = self.gru(self.transition(torch.cat([z, action, h], -1)), h)
        return after

    def prior(self, h: Tensor) -> Gaussian:
        """Return p(z_t | h_t), for any leading shape."""
        return self._latent(self.prior_network(h))

    def update(self, h: Tensor, embedding: Tensor) -> Gaussian:
        """Return q(z_t | h_t, e_t), for any leading shape."""
        return self._latent(self.posterior_network(torch.cat([embedding, h], -1)))

    def scan(self, embeddings: Tensor, actions: Tensor) -> Trajectory:
        """Filter embeddings (B, T, E) and actions (B, T, A) from a zero state, as ``predict`` and ``update`` would.

        The shares of the embeddings in the posterior's first layer, which are its largest, and of the actions in that
        of the transition, are computed for all steps at once.
        """
        weight_z, weight_a, weight_h = self._columns("transition.0.weight")
        weight_e, weight_to = self._columns("posterior_network.0.weight")
        of_actions = linear(actions, weight_a, self.get_parameter("transition.0.bias")).unbind(1)
        of_embeddings = linear(embeddings, weight_e, self.get_parameter("posterior_network.0.bias")).unbind(1)
        weight_zh = torch.cat([weight_z, weight_h], 1)
        transition, posterior = self.transition[1:], self.posterior_network[1:]
        h, z = (weight_h.new_zeros(len(actions), size) for size in (self.hidden_size, self.latent_size))
        hs, zs, parameters = [], [], []
        for of_action, of_embedding in zip(of_actions, of_embeddings, strict=True):
            h = self.gru(transition(of_action + linear(torch.cat([z, h], 1), weight_zh)), h)
            parameter = posterior(of_embedding + linear(h, weight_to)).to(h.dtype)
            z = self._latent(parameter).sample()
            hs.append(h)
            zs.append(z)
            parameters.append(parameter)
        return Trajectory(torch.stack(hs, 1), torch.stack(zs, 1), self._latent(torch.stack(parameters, 1)))

    def _latent(self, parameters: Tensor) -> Gaussian:
        return Gaussian.from_parameters(parameters, self._min_std)

    def _columns(self, name: str) -> tuple[Tensor, ...]:
        """Return the weight ``name``, cut into the columns of each input."""
        return torch.split(self.get_parameter(name), list(self.inputs[name].values()), 1)


def _layers(sizes: list[int], outputs: int | None = None) -> nn.Sequential:
    """Make linear, RMSNorm, SiLU from each size to the next; then linear to ``outputs``, if given."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), Norm(after), nn.SiLU()]
    if outputs is not None:
        layers.append(nn.Linear(sizes[-1], outputs))
    return nn.Sequential(*layers)


class Norm(nn.RMSNorm):
    """RMSNorm in the weights' own precision, also where products before it are in half: both at once torch warns of."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x of any shape, normalised."""
        return super().forward(x.to(self.weight.dtype))

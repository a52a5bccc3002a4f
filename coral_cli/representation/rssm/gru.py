"""The recurrent state space model: a GRU carries the deterministic state h, a Latent the stochastic state z."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from coral_cli.fast.scan import filtering
from coral_cli.fast.scan.families import Family
from coral_cli.registry.contracts import Trajectory
from coral_cli.representation.networks import Mlp, mlp


class GruRssm(nn.Module):
    """An RSSM: u = MLP([z, a]), h = GRU(u, h), prior p(z | h), posterior q(z | e, h) (method section of the paper).

    ``latent`` turns ``parameter_size`` network outputs into a Latent with ``latent_size`` dimensions. ``inputs`` names
    the columns of the weights that read an embedding or an action, as RssmModule says. A subclass may have other
    networks, or compute ``predict`` and ``update`` otherwise: its scan is then plain, with torch's own gradient.
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
        self.latent = latent
        self.transition = mlp([latent_size + action_size] + [hidden] * layers)
        self.gru = nn.GRUCell(hidden, hidden_size)
        self.prior_network = mlp([hidden_size] + [hidden] * layers, parameter_size)
        self.posterior_network = mlp([embedding_size + hidden_size] + [hidden] * layers, parameter_size)

    def predict(self, h: Tensor, z: Tensor, action: Tensor) -> Tensor:
        """Return h_t (B, H) from h_{t-1} (B, H), z_{t-1} (B, Z) and a_{t-1} (B, A)."""
        return self.gru(self.transition(torch.cat([z, action], -1)), h)  # type: ignore[no-any-return]

    def prior(self, h: Tensor) -> Any:
        """Return p(z_t | h_t), for any leading shape."""
        return self.latent(self.prior_network(h))

    def update(self, h: Tensor, embedding: Tensor) -> Any:
        """Return q(z_t | h_t, e_t), for any leading shape."""
        return self.latent(self.posterior_network(torch.cat([embedding, h], -1)))

    def scan(self, embeddings: Tensor, actions: Tensor) -> Trajectory:
        """Filter embeddings (B, T, E) and actions (B, T, A) from a zero state."""
        family = self._known_by_heart()
        if family is None:
            return self._scan_step_by_step(embeddings, actions)
        return self._scan_by_hand(family, embeddings, actions)

    def _scan_step_by_step(self, embeddings: Tensor, actions: Tensor) -> Trajectory:
        h, z = (embeddings.new_zeros(len(actions), size) for size in (self.hidden_size, self.latent_size))
        states = []
        for embedding, action in zip(embeddings.unbind(1), actions.unbind(1), strict=True):
            h = self.predict(h, z, action)
            z = self.update(h, embedding).sample()
            states.append((h, z))
        hs, zs = (torch.stack(parts, 1) for parts in zip(*states, strict=True))
        return Trajectory(hs, zs, self.update(hs, embeddings))

    def _scan_by_hand(self, family: Family, embeddings: Tensor, actions: Tensor) -> Trajectory:
        """Filter as step by step, but many times as fast: the gradient is written out."""
        networks = self.transition, self.gru, self.posterior_network
        h, z, parameters = filtering.scan(*networks, family, embeddings, actions)
        return Trajectory(h, z, self.latent(parameters))

    def _known_by_heart(self) -> Family | None:
        """Return the latent's kind if a scan by hand knows it, and nobody has changed what else that knows by heart."""
        own = type(self).predict is GruRssm.predict and type(self).update is GruRssm.update
        own = own and type(self.transition) is type(self.posterior_network) is Mlp
        family: Family | None = getattr(self.latent, "by_hand", None)
        known = own and family is not None and filtering.fits(self.transition, self.gru, self.posterior_network)
        return family if known else None

"""The representation: encoders, RSSM and one loss per sensor, trained by one objective."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coral_cli.registry.contracts import EncoderModule, Latent, LossBatch, LossModule, RssmModule, Trajectory
from coral_cli.registry.records import ObjectiveOptions, Sensor
from coral_cli.representation.batch import Batch, Normalization
from coral_cli.representation.networks import mlp
from coral_cli.representation.steps import masked_mean

REWARD_LAYERS = [128, 128]


@dataclass(frozen=True)
class State:
    """The recurrent state after a step: ``h`` (B, H) and a sample ``z`` (B, Z)."""

    h: Tensor
    z: Tensor


@dataclass(frozen=True)
class Term:
    """One sensor's loss and its weight."""

    module: LossModule
    weight: float = 1.0


@dataclass(frozen=True)
class Losses:
    """The objective of one batch: its value, its terms, and the detached ``features`` (B, T, F) = [mean of q, h]."""

    total: Tensor
    metrics: dict[str, Tensor]
    features: Tensor


class Representation(nn.Module):
    """One latent state for all sensors (joint fusion): their embeddings are concatenated for the posterior."""

    def __init__(
        self,
        sensors: Mapping[str, Sensor],
        encoders: Mapping[str, EncoderModule],
        rssm: RssmModule,
        terms: Mapping[str, Term],
        objective: ObjectiveOptions,
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(encoders)
        self.rssm = rssm
        self.losses = nn.ModuleDict({name: term.module for name, term in terms.items()})
        self.feature_size = rssm.latent_size + rssm.hidden_size
        self.heads = nn.ModuleDict({"reward": mlp([self.feature_size, *REWARD_LAYERS], 1)})
        self.normalization = Normalization(sensors)
        self._weights = {name: term.weight for name, term in terms.items()}
        self._objective = objective

    def initial(self, batch: int, device: torch.device | str = "cpu") -> State:
        """The zero state before an episode's first observation."""
        return State(
            torch.zeros(batch, self.rssm.hidden_size, device=device),
            torch.zeros(batch, self.rssm.latent_size, device=device),
        )

    def step(self, state: State, action: Tensor, observations: Mapping[str, Tensor]) -> tuple[State, Tensor]:
        """One filtering step from the action (B, A) taken and the observations (B, ...) it led to.

        The state goes on from a sample of q; the features (B, F) for acting hold its mean.
        """
        embeddings = [self.encoders[name](self.normalization(name, observations[name])) for name in self.encoders]
        h = self.rssm.predict(state.h, state.z, action)
        posterior = self.rssm.update(h, torch.cat(embeddings, -1))
        return State(h, posterior.sample()), torch.cat([posterior.mean, h], -1)

    def forward(self, batch: Batch) -> Losses:
        """The objective on one batch: every sensor's loss, the reward head and the KL."""
        shape = batch.rewards.shape  # (B, T)
        targets = {
            name: self.normalization(name, value.flatten(0, 1)) for name, value in batch.observations.items()
        }  # (B T, ...)
        embeddings = {name: encoder(targets[name]).unflatten(0, shape) for name, encoder in self.encoders.items()}
        targets = {name: target.unflatten(0, shape) for name, target in targets.items()}
        trajectory = self.rssm.scan(torch.cat(list(embeddings.values()), -1), batch.actions)
        prior = self.rssm.prior(trajectory.h)
        total, metrics = self._sensor_terms(targets, embeddings, trajectory, prior, batch.mask)
        reward = self._reward(trajectory, batch)
        kl = self._kl(trajectory.posterior, prior, batch.mask, metrics)
        total = total + reward + kl
        metrics |= {"loss/reward": reward.detach(), "loss/total": total.detach()}
        features = torch.cat([trajectory.posterior.mean, trajectory.h], -1).detach()
        return Losses(total, metrics, features)

    def _sensor_terms(
        self,
        targets: Mapping[str, Tensor],
        embeddings: Mapping[str, Tensor],
        trajectory: Trajectory,
        prior: Latent,
        mask: Tensor | None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        total, metrics = trajectory.h.new_zeros(()), {}
        for start, weight, features in self._views(trajectory, prior):
            for name, loss in self.losses.items():
                view = LossBatch(
                    targets[name][:, start:],
                    embeddings[name][:, start:],
                    features[:, start:],
                    None if mask is None else mask[:, start:],
                )
                value, extra = loss(view)
                total = total + weight * self._weights[name] * value
                metrics[f"loss/{name}"] = metrics.get(f"loss/{name}", 0.0) + weight * value.detach()
                metrics |= {f"metric/{name}/{key}": number.detach() for key, number in extra.items()}
        return total, metrics

    def _views(self, trajectory: Trajectory, prior: Latent) -> list[tuple[int, float, Tensor]]:
        """(first step, weight, features) of each latent the losses see. The prior of the first step saw no action."""
        views = []
        if self._objective.posterior:
            views.append((0, self._objective.posterior, torch.cat([trajectory.z, trajectory.h], -1)))
        if self._objective.prior:
            views.append((1, self._objective.prior, torch.cat([prior.sample(), trajectory.h], -1)))
        return views

    def _reward(self, trajectory: Trajectory, batch: Batch) -> Tensor:
        """-log N(r; head(posterior sample), 1) in nats."""
        predicted = self.heads["reward"](torch.cat([trajectory.z, trajectory.h], -1)).squeeze(-1)
        squared = masked_mean((predicted - batch.rewards).square(), batch.mask)
        return 0.5 * (squared + math.log(2 * math.pi))

    def _kl(self, posterior: Latent, prior: Latent, mask: Tensor | None, metrics: dict[str, Tensor]) -> Tensor:
        """Both halves of the balanced KL, each clamped at the free nats per step before averaging."""
        setting = self._objective
        halves = (
            (setting.dynamics, posterior.detach().kl(prior)),
            (setting.representation, posterior.kl(prior.detach())),
        )
        metrics["loss/kl"] = masked_mean(halves[0][1].detach(), mask)
        return sum(weight * masked_mean(kl.clamp(min=setting.free_nats), mask) for weight, kl in halves)

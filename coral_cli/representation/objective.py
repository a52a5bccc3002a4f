"""The representation: encoders, RSSM and one loss per sensor, trained by one objective."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import torch
from torch import Tensor, nn

from coral_cli.fast.saved_raw import saving_raw
from coral_cli.registry.contracts import EncoderModule, Latent, LossModule, RssmModule, Trajectory, World
from coral_cli.registry.errors import within
from coral_cli.registry.objective_options import ObjectiveOptions
from coral_cli.registry.sensors import Sensor
from coral_cli.representation.balance import GradientBalance
from coral_cli.representation.batch import Batch, Normalization, masked_mean
from coral_cli.representation.heads import HeadSizes, build_heads, head_losses
from coral_cli.representation.hiding import hidden_stretches
from coral_cli.representation.loss_features import LossFeatures, loss_features
from coral_cli.representation.rate import RateControl
from coral_cli.representation.seen import Seen
from coral_cli.representation.shapes import flag_of, require_loss, require_shape, require_trajectory
from coral_cli.representation.span import span
from coral_cli.representation.world import LearnedWorld

RSSM = within("rssm")


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
    """The objective of one batch.

    ``terms`` are its weighted summands by name: the sensors, ``kl`` and the heads. ``features`` (B, T, F) are the
    detached [mean of q, h], ``embeddings`` what each encoder gave, ``world`` what a policy may imagine in.
    """

    terms: Mapping[str, Tensor]
    metrics: dict[str, Tensor]
    features: Tensor
    embeddings: Mapping[str, Tensor]
    world: World | None = None

    @property
    def total(self) -> Tensor:
        """The objective's value."""
        return sum(self.terms.values(), self.features.new_zeros(()))


class Representation(nn.Module):
    """One latent state for all sensors with an encoder: their embeddings are concatenated for the posterior."""

    def __init__(
        self,
        sensors: Mapping[str, Sensor],
        encoders: Mapping[str, EncoderModule],
        rssm: RssmModule,
        terms: Mapping[str, Term],
        objective: ObjectiveOptions,
        heads: HeadSizes,
        action_size: int,
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(cast("Mapping[str, nn.Module]", encoders))  # as EncoderModule promises
        self.rssm = rssm
        self.losses = nn.ModuleDict({name: cast("nn.Module", term.module) for name, term in terms.items()})
        self.feature_size = rssm.latent_size + rssm.hidden_size
        self.heads = build_heads(heads, self.feature_size, action_size)
        self.normalization = Normalization({name: sensors[name] for name in encoders})
        self.sizes = {name: encoder.size for name, encoder in encoders.items()}
        self._weights = {name: term.weight for name, term in terms.items()}
        self._head_weights = {"reward": heads.reward, "inverse": heads.inverse_dynamics}
        self._objective = objective
        self._images = [name for name in encoders if sensors[name].spatial]
        self.rate = RateControl(objective.rate) if objective.rate else None
        kinds = bool(objective.posterior) + objective.open_loop * bool(objective.prior)
        self.balance = GradientBalance(kinds) if objective.balance else None

    def initial(self, batch: int, device: torch.device | str = "cpu") -> State:
        """Return the zero state before an episode's first observation."""
        return State(
            torch.zeros(batch, self.rssm.hidden_size, device=device),
            torch.zeros(batch, self.rssm.latent_size, device=device),
        )

    def step(
        self,
        state: State,
        action: Tensor,
        observations: Mapping[str, Tensor],
        missing: Mapping[str, Tensor] = MappingProxyType({}),
    ) -> tuple[State, Tensor]:
        """Filter one step: the action (B, A) taken and the observations (B, ...) it led to.

        A sensor left out of ``observations`` is missing, and so is it where ``missing`` (B,) is true. The state goes on
        from a sample of q; the features (B, F) for acting hold its mean.
        """
        embeddings = {
            name: self._embedding(name, self.normalization(name, observations[name]))
            if name in observations
            else action.new_zeros(len(action), self.sizes[name])
            for name in self.encoders
        }
        joined = self._joined(embeddings, missing)
        with RSSM:
            h = self.rssm.predict(state.h, state.z, action)
            require_shape("--rssm", "h of predict", h, tuple(state.h.shape))
            posterior = self.rssm.update(h, joined)
            require_shape("--rssm", "the posterior's mean", posterior.mean, tuple(state.z.shape))
            return State(h, posterior.sample()), torch.cat([posterior.mean, h], -1)

    def forward(self, batch: Batch) -> Losses:
        """Return the objective on one batch: every sensor's loss, the heads and the KL."""
        with span("encoder"):
            seen = self._seen(batch)
        with span("scan"), RSSM:
            trajectory = self.rssm.scan(self._joined(seen.embeddings, self._unseen(seen)), batch.actions)
            sequences, steps = batch.rewards.shape
            require_trajectory(trajectory, sequences, steps, self.rssm.hidden_size, self.rssm.latent_size)
        with span("losses"):
            return self._losses(seen, trajectory)

    def _seen(self, batch: Batch) -> Seen:
        """Return the normalised observations and the embeddings, and draw where images are hidden from the latent."""
        sequences, steps = shape = batch.rewards.shape
        targets, embeddings = {}, {}
        for name in self.encoders:
            raw = batch.observations[name].flatten(0, 1)
            targets[name] = self.normalization(name, raw)
            with self._saving_little(name, targets[name], raw):
                embeddings[name] = self._embedding(name, targets[name]).unflatten(0, shape)
        setting, hidden = self._objective, None
        if setting.hide:
            hidden = hidden_stretches(sequences, steps, setting.hide, setting.hide_longest, batch.rewards.device)
        return Seen(batch, {name: target.unflatten(0, shape) for name, target in targets.items()}, embeddings, hidden)

    def _unseen(self, seen: Seen) -> Mapping[str, Tensor]:
        """Return where (B, T), by sensor, the posterior gets nothing: missing, or an image that is hidden."""
        missing = seen.batch.missing
        if seen.hidden is None:
            return missing
        hidden = {name: seen.hidden | missing[name] if name in missing else seen.hidden for name in self._images}
        return {**missing, **hidden}

    def _saving_little(self, name: str, target: Tensor, raw: Tensor) -> AbstractContextManager[object]:
        """Let autograd save raw images, which are a quarter of normalised ones, on the CPU; a GPU has no such need."""
        if target.device.type != "cpu" or target.dim() < 4:
            return nullcontext()
        half = torch.is_autocast_enabled("cpu")

        def normalise(rows: Tensor) -> Tensor:
            with torch.autocast("cpu", enabled=half):
                normalised: Tensor = self.normalization(name, rows)
            return normalised

        return saving_raw(target, raw, normalise)

    def _embedding(self, name: str, target: Tensor) -> Tensor:
        """Return the embeddings (N, E) of a sensor's normalised observations. Raises PluginError for a wrong shape."""
        with within(f"{name}-encoder"):
            embedding: Tensor = self.encoders[name](target)
        require_shape(f"--{flag_of(name)}-encoder", "an embedding", embedding, (target.shape[0], self.sizes[name]))
        return embedding

    def _losses(self, seen: Seen, trajectory: Trajectory) -> Losses:
        batch = seen.batch
        with RSSM:
            prior = self.rssm.prior(trajectory.h)
        require_shape("--rssm", "the prior's mean", prior.mean, tuple(trajectory.z.shape))
        metrics: dict[str, Tensor] = {}
        kinds = loss_features(self._objective, self.rssm, trajectory, prior, batch.actions)
        terms = self._sensor_terms(kinds, seen, metrics)
        heads = head_losses(self.heads, torch.cat([trajectory.z, trajectory.h], -1), batch)
        metrics |= {f"loss/{name}": value.detach() for name, value in heads.items()}
        terms |= {name: self._head_weights.get(name, 1.0) * loss for name, loss in heads.items()}
        terms["kl"] = self._kl(trajectory.posterior, prior, batch.mask, metrics)
        features = torch.cat([trajectory.posterior.mean, trajectory.h], -1).detach()
        world = LearnedWorld(self.rssm, self.heads, trajectory, self._going_on(batch))
        return Losses(terms, metrics, features, seen.embeddings, world)

    def _going_on(self, batch: Batch) -> Tensor | None:
        """Return a mask (B, T) of the steps that are valid and not terminal; None: all."""
        if "continue" not in self.heads:
            return batch.mask
        return ~batch.terminated if batch.mask is None else batch.mask & ~batch.terminated

    def _joined(self, embeddings: Mapping[str, Tensor], missing: Mapping[str, Tensor]) -> Tensor:
        """Return all embeddings side by side, (..., E), zero where a sensor gave nothing."""
        return torch.cat(
            [
                embedding.masked_fill(missing[name][..., None], 0.0) if name in missing else embedding
                for name, embedding in embeddings.items()
            ],
            -1,
        )

    def _sensor_terms(self, kinds: Iterable[LossFeatures], seen: Seen, metrics: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return every sensor's losses on all kinds of latent states, weighted and summed."""
        found: list[tuple[LossFeatures, dict[str, Tensor]]] = []
        details: dict[str, Tensor] = {}
        for states in kinds:
            found.append((states, self._sensor_losses(states, seen, f"{states.name}_" if found else "", details)))
        terms: dict[str, Tensor] = {}
        for weight, (_, losses) in zip(self._weights_of_kinds(found, metrics), found, strict=True):
            for name, value in losses.items():
                terms[name] = terms.get(name, 0.0) + weight * self._weights[name] * value
                metrics[f"loss/{name}"] = metrics.get(f"loss/{name}", 0.0) + weight * value.detach()
        metrics |= details  # behind the losses, which are told first where they are not finite
        return terms

    def _sensor_losses(
        self, states: LossFeatures, seen: Seen, prefix: str, metrics: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return every sensor's loss on one kind of latent states, whose metrics have the ``prefix``."""
        values = {}
        for name, loss in self.losses.items():
            if not self._weights[name]:
                continue
            with within(f"{name}-loss"):
                returned = loss(seen.loss_batch(name, states))
            values[name], extra = require_loss(f"--{flag_of(name)}-loss", returned)
            metrics |= {f"metric/{name}/{prefix}{key}": number.detach() for key, number in extra.items()}
        return values

    def _weights_of_kinds(
        self, found: Sequence[tuple[LossFeatures, Mapping[str, Tensor]]], metrics: dict[str, Tensor]
    ) -> Sequence[float | Tensor]:
        """Return the weight of each kind of states: the objective's, or what makes it a share of the gradient."""
        if self.balance is None:
            return [states.weight for states, _ in found]
        zero = torch.zeros((), device=found[0][0].features.device)
        sums = [sum((self._weights[name] * value for name, value in losses.items()), zero) for _, losses in found]
        weights: list[Tensor] = self.balance([states for states, _ in found], sums)
        metrics |= {f"weight/{states.name}": weight for (states, _), weight in zip(found, weights, strict=True)}
        return weights

    def _kl(self, posterior: Latent, prior: Latent, mask: Tensor | None, metrics: dict[str, Tensor]) -> Tensor:
        """Return the balanced KL, each half clamped at the free nats per step before averaging.

        Halves of equal weight are one KL of that weight: its gradient is theirs.
        """
        setting = self._objective
        if setting.dynamics == setting.representation:
            parts = [(setting.dynamics, posterior.kl(prior))]
        else:
            dynamics, representation = posterior.detach().kl(prior), posterior.kl(prior.detach())
            parts = [(setting.dynamics, dynamics), (setting.representation, representation)]
        metrics["loss/kl"] = masked_mean(parts[0][1].detach(), mask)
        first, *rest = (weight * masked_mean(kl.clamp(min=setting.free_nats), mask) for weight, kl in parts)
        term: Tensor = sum(rest, first)
        if self.rate is None:
            return term
        metrics["weight/kl"] = self.rate(metrics["loss/kl"])
        return metrics["weight/kl"] * term

"""Soft actor-critic on the representation's features (Haarnoja et al. 2018; published settings of CoRAL)."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim import Optimizer

from coral_cli.fast.adam import Adam
from coral_cli.fast.single_rows import is_own
from coral_cli.parallel.ranks import share_of
from coral_cli.policies.descent import descend, soft_update
from coral_cli.policies.entropy import EntropyWeight
from coral_cli.policies.networks import Actor, TwinCritics
from coral_cli.policies.options import SacOptions
from coral_cli.policies.tanh_gaussian import TanhGaussian
from coral_cli.registry.contracts import Experience, PolicyInputs

MIN_STD = 0.005
ACTOR_CLIP, CRITIC_CLIP = 10.0, 100.0


class Sac(nn.Module):
    """A policy of an actor, twin critics with moving-average targets, and a learned entropy weight."""

    def __init__(self, inputs: PolicyInputs, action_size: int, options: SacOptions) -> None:
        super().__init__()
        self.actor = Actor(inputs, action_size, options.hidden, options.layers, options.initial_std, MIN_STD)
        self.critics = TwinCritics(inputs, action_size, options.hidden, options.layers, options.critic_norm)
        self.target_critics = copy.deepcopy(self.critics).requires_grad_(False)
        self.entropy_weight = EntropyWeight(options.entropy_weight, options.entropy_form)
        self._target_entropy = -float(action_size) if options.target_entropy is None else options.target_entropy
        self._discount, self._target_decay = options.discount, options.target_decay
        self._optimizers: dict[str, Optimizer] = {
            "actor": Adam(self.actor.parameters(), options.lr, fused=True),
            "critics": Adam(self.critics.parameters(), options.lr, fused=True),
            "entropy_weight": Adam(self.entropy_weight.parameters(), options.entropy_lr, fused=True),
        }

    def optimizers(self) -> dict[str, Optimizer]:
        return self._optimizers

    def act(self, features: Tensor, explore: bool) -> Tensor:
        """Return actions (B, A) for features (B, F): drawn to explore, else the squashed means."""
        distribution: TanhGaussian = self.actor(features)
        return distribution.draw() if explore else distribution.mean_action

    def for_a_row(self) -> Callable[[Tensor, bool], Tensor] | None:
        """Return what ``act`` does for one row on the CPU, in fewer calls; None where that is not known."""
        return self.actor.for_a_row() if is_own(self, Sac) and type(self.actor) is Actor else None

    def update(self, experience: Experience) -> dict[str, Tensor]:
        """Do one step of critics, actor and entropy weight on the T - 1 transitions of every sequence."""
        features, next_features, action, reward, live = transitions(experience)
        mask = experience.mask
        share = 1.0 if mask is None else share_of(action)
        weight = self.entropy_weight().detach()
        drawn = self.actor(experience.features)  # of s and of s' at once: it does not learn in between
        now, after = (TanhGaussian(end(drawn.mean, mask), end(drawn.std, mask)) for end in (first, second))
        target = self.targets(next_features, after, reward, live, weight)
        values = self.critics(features, action)  # (2, N)
        both = 2 * mse_loss(values, target.expand_as(values))  # the sum of both critics' mean squared errors
        critic_loss = share * both
        critic_norm = descend(critic_loss, self.critics, self._optimizers["critics"], CRITIC_CLIP)

        new_action, log_density = now.sample()
        actor_loss = share * (weight * log_density - self.critics(features, new_action).amin(0)).mean()
        actor_norm = descend(actor_loss, self.actor, self._optimizers["actor"], ACTOR_CLIP)

        entropy = -share * log_density.detach().mean()
        self.entropy_weight.learn(entropy, self._target_entropy, self._optimizers["entropy_weight"])
        soft_update(self.target_critics, self.critics, self._target_decay)
        return {
            "critic_loss": critic_loss.detach(),
            "actor_loss": actor_loss.detach(),
            "entropy": entropy,
            "entropy_weight": weight,
            "value": share * values.detach().mean(),
            "gradient/critics": critic_norm,
            "gradient/actor": actor_norm,
        }

    @torch.no_grad()
    def targets(
        self, next_features: Tensor, after: TanhGaussian, reward: Tensor, live: Tensor, weight: Tensor
    ) -> Tensor:
        """Return r + discount * live * (min Q'(s', a') - weight * log p(a')), all (N,), for a' drawn from ``after``."""
        next_action, log_density = after.sample()
        value: Tensor = self.target_critics(next_features, next_action).amin(0) - weight * log_density
        return reward + self._discount * live * value


def transitions(experience: Experience) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return (s, s', a, r, live) of all T - 1 steps of every sequence, flattened to N.

    The action and reward stored with step t led to it, so (s_t, s_{t+1}) goes with those of t + 1; ``live`` is 0
    where s' is terminal.
    """
    mask = experience.mask
    states = first(experience.features, mask), second(experience.features, mask)
    led = experience.actions, experience.rewards, 1.0 - experience.terminated.float()
    action, reward, live = (second(part, mask) for part in led)
    return *states, action, reward, live


def first(steps: Tensor, mask: Tensor | None) -> Tensor:
    """Return what (B, T, ...) holds at the first step of every valid transition, (N, ...)."""
    return steps[:, :-1].flatten(0, 1) if mask is None else steps[:, :-1][mask[:, 1:]]


def second(steps: Tensor, mask: Tensor | None) -> Tensor:
    """Return what (B, T, ...) holds at the second step of every valid transition, (N, ...)."""
    return steps[:, 1:].flatten(0, 1) if mask is None else steps[:, 1:][mask[:, 1:]]

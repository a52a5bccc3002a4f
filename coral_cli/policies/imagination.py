"""Actor and value that learn in imagined rollouts of the model (Dreamer, Hafner et al. 2020; settings of CoRAL).

Imagined time: s_0 is a posterior state, a_k ~ actor(s_k) leads from s_k to s_{k+1} through the prior, k = 0 .. H - 1.
What is known of reaching s_{k+1}, the reward r_{k+1} and the probability c_{k+1} that the episode goes on from there,
stands in row k of (H, N) tensors, beside the return V_k of s_k.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from coral_cli.fast.adam import Adam
from coral_cli.fast.single_rows import is_own
from coral_cli.parallel.ranks import share_of
from coral_cli.policies.descent import descend, soft_update
from coral_cli.policies.entropy import EntropyWeight
from coral_cli.policies.networks import Actor
from coral_cli.policies.options import ImaginationOptions
from coral_cli.policies.tanh_gaussian import TanhGaussian
from coral_cli.registry.contracts import Experience, PolicyInputs, World
from coral_cli.representation.networks import Precise, mlp

INITIAL_STD, MIN_STD = 5.0, 1e-4
CLIP = 100.0


class Imagination(nn.Module):
    """A policy that learns in imagination: actor, value, and the value's slow average, which bootstraps all returns."""

    def __init__(self, inputs: PolicyInputs, action_size: int, options: ImaginationOptions) -> None:
        super().__init__()
        assert not inputs.vectors  # what a raw vector will read is not known in imagined steps
        self.actor = Actor(inputs, action_size, options.hidden, options.layers, INITIAL_STD, MIN_STD)
        hidden = mlp([inputs.features] + [options.hidden] * options.layers)
        self.value = hidden.append(Precise(options.hidden, 1))
        self.target_value = copy.deepcopy(self.value).requires_grad_(False)
        self._horizon, self._discount, self._trace = options.horizon, options.discount, options.trace
        self._target_decay, self._noise = options.target_decay, options.noise
        self._optimizers: dict[str, Optimizer] = {
            "actor": Adam(self.actor.parameters(), options.lr, fused=True),
            "value": Adam(self.value.parameters(), options.lr, fused=True),
        }
        self._target_entropy = -float(action_size) if options.target_entropy is None else options.target_entropy
        self.entropy_weight = None
        if options.entropy_weight:
            self.entropy_weight = EntropyWeight(options.entropy_weight, "exponential")
            parameters = self.entropy_weight.parameters()
            self._optimizers["entropy_weight"] = Adam(parameters, options.entropy_lr, fused=True)

    def optimizers(self) -> dict[str, Optimizer]:
        return self._optimizers

    def act(self, features: Tensor, explore: bool) -> Tensor:
        """Return actions (B, A) for features (B, F); exploring adds Gaussian noise to the actor's sample."""
        distribution: TanhGaussian = self.actor(features)
        return self._noisy(distribution.draw()) if explore else distribution.mean_action

    def for_a_row(self) -> Callable[[Tensor, bool], Tensor] | None:
        """Return what ``act`` does for one row on the CPU, in fewer calls; None where that is not known."""
        actor = self.actor.for_a_row() if is_own(self, Imagination) and type(self.actor) is Actor else None
        if actor is None:
            return None
        return lambda features, explore: self._noisy(actor(features, True)) if explore else actor(features, False)

    def _noisy(self, action: Tensor) -> Tensor:
        return (action + self._noise * torch.randn_like(action)).clamp(-1, 1)

    def update(self, experience: Experience) -> dict[str, Tensor]:
        """Do one step of actor and value on imagined rollouts from every valid posterior state.

        Both losses are means over all (H, N): of -w_k (V_k - eta log p(a_k)) for the actor, whose gradient flows
        through the dynamics, and of w_k (v(s_k) - V_k)^2 / 2 for the value, the negative log-likelihood of a Gaussian
        of unit variance up to its constant. w_k is the probability that s_k is reached at all, eta the weight of the
        entropy, 0 unless asked for, which learns towards a target of the entropy (as SAC does).
        """
        world = experience.world
        assert world is not None  # the record says that this policy imagines
        (states, densities), share = self.rollout(world), share_of(world.h)  # (H + 1, N, F), (H, N)
        reached = states[1:]
        # In single precision whatever the networks compute in: sums over time are long.
        rewards, continues = world.reward(reached).float(), world.continues(reached).float()  # (H, N)
        bootstrap = self.target_value(reached).squeeze(-1)
        returns = lambda_returns(rewards, continues, bootstrap, self._discount, self._trace)
        weights = survival(continues).detach()
        bonus = self.entropy_weight().detach() if self.entropy_weight else weights.new_zeros(())
        actor_loss = -share * (weights * (returns - bonus * densities)).mean()
        actor_norm = descend(actor_loss, self.actor, self._optimizers["actor"], CLIP)
        entropy = -share * densities.detach().mean()
        if self.entropy_weight:
            self.entropy_weight.learn(entropy, self._target_entropy, self._optimizers["entropy_weight"])

        values = self.value(states[:-1].detach()).squeeze(-1)
        value_loss = 0.5 * share * (weights * (values - returns.detach()).square()).mean()
        value_norm = descend(value_loss, self.value, self._optimizers["value"], CLIP)
        soft_update(self.target_value, self.value, self._target_decay)
        return {
            "actor_loss": actor_loss.detach(),
            "value_loss": value_loss.detach(),
            "value": share * values.detach().mean(),
            "imagined_reward": share * rewards.detach().mean(),
            "entropy": entropy,
            "entropy_weight": bonus,
            "gradient/actor": actor_norm,
            "gradient/value": value_norm,
        }

    def rollout(self, world: World) -> tuple[Tensor, Tensor]:
        """Return the features (H + 1, N, F) of s_0 .. s_H and log p(a_k) (H, N)."""
        h, z = world.h, world.z
        states, densities = [world.features(h, z)], []
        for _ in range(self._horizon):
            action, density = self.actor(states[-1]).sample()
            h, z = world.step(h, z, action)
            states.append(world.features(h, z))
            densities.append(density)
        return torch.stack(states), torch.stack(densities)


def lambda_returns(rewards: Tensor, continues: Tensor, values: Tensor, discount: float, trace: float) -> Tensor:
    """Return V_k = r_{k+1} + discount c_{k+1} ((1 - trace) v(s_{k+1}) + trace V_{k+1}), V_H = v(s_H).

    All (H, N): row k of rewards, continues and values is of s_{k+1}, row k of the result is V_k.
    """
    discounts = discount * continues
    steps = rewards + (1 - trace) * discounts * values
    future, returns = values[-1], []
    for step, factor in zip(steps.flip(0), trace * discounts.flip(0), strict=True):
        future = step + factor * future
        returns.append(future)
    return torch.stack(returns[::-1])


def survival(continues: Tensor) -> Tensor:
    """Return the probabilities (H, N) that the episode is still on in s_0 .. s_{H-1}: 1, c_1, c_1 c_2, and so on."""
    return torch.cat([torch.ones_like(continues[:1]), continues[:-1]]).cumprod(0)

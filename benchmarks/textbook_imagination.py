"""The yardstick of latent imagination: the textbook's model, actor and value written down literally, in eager fp32.

As in published code, the policy imagines from the states that the model's step has filtered, the model is frozen
meanwhile, so that no gradients of its weights are computed, and heads see all imagined states at once.
``tests/benchmarks`` holds it, given equal weights and noise, to the same losses and gradients as coral.
"""

from __future__ import annotations

import copy

import torch
from textbook import Actor, Model, Sizes, TextbookBatch, adam_of, dense, gaussian, sampled, step
from torch import Tensor

HORIZON, DISCOUNT, TRACE, DECAY, RATE = 15, 0.99, 0.95, 0.98, 8e-5


class Imagining:
    """One agent. ``update`` is one whole step of training."""

    def __init__(self, sizes: Sizes, image_loss: str, device: str = "cpu") -> None:
        self.sizes = sizes
        features = sizes.z + sizes.h
        self.model = Model(sizes, image_loss).to(device)
        self.actor = Actor(features, sizes, 5.0, 1e-4).to(device)
        self.value = dense(features, sizes.policy_hidden, sizes.policy_layers, 1).to(device)
        self.target_value = copy.deepcopy(self.value).requires_grad_(False)
        self.model_optimizer = adam_of(self.model)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), RATE)
        self.value_optimizer = torch.optim.Adam(self.value.parameters(), RATE)

    def update(self, batch: TextbookBatch) -> dict[str, Tensor]:
        """The model's step, then the policy's."""
        state = self.model.filtered(batch)
        losses = self.model.objective(state, batch)
        step(sum(losses.values()), self.model.parameters(), self.model_optimizer, 10)
        return losses | self.policy_update(state["h"].detach().flatten(0, 1), state["z"].detach().flatten(0, 1))

    def policy_update(self, h: Tensor, z: Tensor) -> dict[str, Tensor]:
        """Actor, value, target value; from states h (N, H) and z (N, Z)."""
        self.model.requires_grad_(False)
        states = self.imagined(h, z)
        rewards = self.model.reward(states[1:])[..., 0]
        values = self.target_value(states[1:])[..., 0]
        future, returns = values[-1], []
        for k in reversed(range(HORIZON)):
            future = rewards[k] + DISCOUNT * ((1 - TRACE) * values[k] + TRACE * future)
            returns.insert(0, future)
        targets = torch.stack(returns)
        actor_loss = -targets.mean()
        step(actor_loss, self.actor.parameters(), self.actor_optimizer, 100)
        error = self.value(states[:-1].detach())[..., 0] - targets.detach()
        value_loss = 0.5 * error.square().mean()
        step(value_loss, self.value.parameters(), self.value_optimizer, 100)
        with torch.no_grad():
            for slow, fast in zip(self.target_value.parameters(), self.value.parameters(), strict=True):
                slow.mul_(DECAY).add_((1 - DECAY) * fast)
        self.model.requires_grad_(True)
        return {"actor_loss": actor_loss.detach(), "value_loss": value_loss.detach()}

    def imagined(self, h: Tensor, z: Tensor) -> Tensor:
        """The features of all states, (HORIZON + 1, N, F)."""
        rssm, states = self.model.rssm, [torch.cat([z, h], -1)]
        for _ in range(HORIZON):
            action, _ = self.actor(states[-1])
            h = rssm["gru"](rssm["transition"](torch.cat([z, action], -1)), h)
            z = sampled(gaussian(rssm["prior_network"](h)))
            states.append(torch.cat([z, h], -1))
        return torch.stack(states)

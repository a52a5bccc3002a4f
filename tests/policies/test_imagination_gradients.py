"""Both gradients of imagination in a small linear world, against finite differences in NumPy."""

import dataclasses

import numpy as np
import pytest
import torch

from coral_cli.plugin import PolicyInputs
from coral_cli.policies.imagination import Imagination

from .linear_world import SMALL, STATES, A, H, LinearWorld, Z, learning_from


def arrays(module):
    return [parameter.detach().double().numpy() for parameter in module.parameters()]


def network(weights, x):
    """One hidden layer with ELU."""
    w1, b1, w2, b2 = weights
    x = x @ w1.T + b1
    return np.where(x > 0, x, np.expm1(x)) @ w2.T + b2


def plain_rollout(actor, world, noise):
    """Features (steps + 1, N, F) of s_0 .. s_H, and -log p(a) (steps, N) by the change of variables."""
    w = {name: value.detach().double().numpy() for name, value in world.w.items()}
    h, z = world.h.double().numpy(), world.z.double().numpy()
    states, surprises = [np.concatenate([z, h], -1)], []
    for draw in noise:
        mean, raw = np.split(network(actor, states[-1]), 2, -1)
        std = np.log1p(np.exp(raw + np.log(np.expm1(5 - 1e-4)))) + 1e-4
        action = np.tanh(5 * np.tanh(mean / 5) + std * draw)
        normal = np.exp(-0.5 * draw**2) / (std * np.sqrt(2 * np.pi))
        surprises.append(-np.log(normal / (1 - action**2)).sum(-1))
        h = h @ w["M"] + action @ w["K"]
        states.append(np.concatenate([h @ w["L"], h], -1))
    return np.stack(states), np.stack(surprises)


def plain_returns(states, world, target_value):
    """V_k as the paper defines it, the mixture of n-step returns; also r_{k+1} and c_{k+1}. All (steps, N)."""
    w = {name: value.detach().double().numpy() for name, value in world.w.items()}
    reached, steps = states[1:], len(states) - 1
    rewards = reached @ w["r"] + 0.3
    continues = 1 / (1 + np.exp(-reached @ w["c"])) if world.terminates else np.ones(rewards.shape)
    values = network(target_value, reached)[..., 0]

    def n_step(k, n):
        total, discount = 0.0, 1.0
        for i in range(k, k + n):
            total, discount = total + discount * rewards[i], discount * 0.9 * continues[i]
        return total + discount * values[k + n - 1]

    returns = []
    for k in range(steps):
        left = steps - k
        mixed = sum(0.3 * 0.7 ** (n - 1) * n_step(k, n) for n in range(1, left))
        returns.append(mixed + 0.7 ** (left - 1) * n_step(k, left))
    return np.stack(returns), rewards, continues


def slopes(function, weights):
    """The gradient of function(weights) by central differences."""
    gradients = []
    for index, weight in enumerate(weights):
        gradient = np.zeros_like(weight)
        for place in np.ndindex(weight.shape):
            change = np.zeros_like(weight)
            change[place] = 1e-5
            above, below = (
                function([w + sign * change if i == index else w for i, w in enumerate(weights)]) for sign in (1, -1)
            )
            gradient[place] = (above - below) / 2e-5
        gradients.append(gradient)
    return gradients


@pytest.mark.parametrize("entropy", [0.0, 0.3])
@pytest.mark.parametrize("terminates", [False, True])
@pytest.mark.parametrize("gain", [1, 1000])
def test_both_gradients_against_finite_differences(gain, terminates, entropy, monkeypatch):
    """With large rewards they keep their direction, and a norm of 100."""
    torch.manual_seed(1)
    options = dataclasses.replace(SMALL, entropy_weight=entropy)
    policy, world = Imagination(PolicyInputs(Z + H), A, options), LinearWorld(terminates)
    world.w["r"].data *= gain
    for parameter in policy.target_value.parameters():
        parameter.data.normal_()  # not the value's own: which of them bootstraps is told apart
    actor, value, target_value = arrays(policy.actor), arrays(policy.value), arrays(policy.target_value)
    noise = 0.2 * np.random.default_rng(0).normal(size=(SMALL.horizon, STATES, A))
    draws = iter(torch.from_numpy(noise).float())
    monkeypatch.setattr(torch, "randn_like", lambda _: next(draws))
    metrics = policy.update(learning_from(world))

    states, surprises = plain_rollout(actor, world, noise)
    returns, rewards, continues = plain_returns(states, world, target_value)
    weights = np.ones(returns.shape)
    for k in range(1, len(weights)):
        weights[k] = weights[k - 1] * continues[k - 1]

    def actor_loss(actor):  # the weights are constants of the gradient
        states, surprises = plain_rollout(actor, world, noise)
        return -(weights * (plain_returns(states, world, target_value)[0] + entropy * surprises)).mean()

    def value_loss(value):  # states and returns are
        return 0.5 * (weights * (network(value, states[:-1])[..., 0] - returns) ** 2).mean()

    gradients = {"actor": slopes(actor_loss, actor), "value": slopes(value_loss, value)}
    for name, expected in gradients.items():
        norm = np.sqrt(sum((gradient**2).sum() for gradient in expected))
        assert metrics[f"gradient/{name}"].item() == pytest.approx(norm, rel=1e-3)
        assert (norm > 100) == (gain > 1)
        kept = min(1, 100 / norm)
        for parameter, gradient in zip(policy.get_submodule(name).parameters(), expected, strict=True):
            np.testing.assert_allclose(parameter.grad.numpy(), kept * gradient, rtol=1e-3, atol=1e-5)
    assert metrics["actor_loss"].item() == pytest.approx(actor_loss(actor), rel=1e-4)
    assert metrics["value_loss"].item() == pytest.approx(value_loss(value), rel=1e-4)
    assert metrics["imagined_reward"].item() == pytest.approx(rewards.mean(), rel=1e-4)
    assert metrics["value"].item() == pytest.approx(network(value, states[:-1]).mean(), rel=1e-4)
    assert metrics["entropy"].item() == pytest.approx(surprises.mean(), rel=1e-4)
    if not terminates and not entropy:
        assert metrics["actor_loss"].item() == pytest.approx(-returns.mean(), rel=1e-4)

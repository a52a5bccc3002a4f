"""Imagination: returns by hand, who learns from what, and how it acts."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from coral_cli.plugin import PolicyInputs
from coral_cli.policies.imagination import Imagination, lambda_returns, survival
from coral_cli.policies.options import ImaginationOptions
from coral_cli.policies.records import POLICIES
from coral_cli.registry.contracts import Trajectory
from coral_cli.representation.heads import HeadSizes, build_heads
from coral_cli.representation.rssm.gaussian import Gaussians
from coral_cli.representation.rssm.gru import GruRssm
from coral_cli.representation.world import LearnedWorld

from .linear_world import SMALL, A, H, LinearWorld, Z, learning_from


def test_returns_by_hand():
    """The episode ends in s_2; with everything halved: 3 + 20, 2 + 0, 1 + (5 + 1)."""
    rewards, continues = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[1.0], [0.0], [1.0]])
    values = torch.tensor([[10.0], [20.0], [40.0]])
    returns = lambda_returns(rewards, continues, values, discount=0.5, trace=0.5)
    assert returns.flatten().tolist() == [1 + 0.5 * (0.5 * 10 + 0.5 * 2), 2.0, 3 + 0.5 * 40]


def test_a_state_counts_as_much_as_it_is_likely_to_be_reached():
    assert survival(torch.tensor([[0.5], [0.0], [0.7]])).flatten().tolist() == [1.0, 0.5, 0.0]
    assert survival(torch.ones(3, 2)).tolist() == [[1.0, 1.0]] * 3


@pytest.mark.parametrize(("target", "direction"), [(-1e3, -1), (1e3, 1)])
def test_the_entropy_weight_grows_where_the_entropy_is_below_its_target(target, direction):
    torch.manual_seed(0)
    options = dataclasses.replace(SMALL, entropy_weight=0.2, entropy_lr=0.01, target_entropy=target)
    policy = Imagination(PolicyInputs(Z + H), A, options)
    used = [policy.update(learning_from(LinearWorld(terminates=False)))["entropy_weight"].item() for _ in range(2)]
    assert used == pytest.approx([0.2, 0.2 * np.exp(0.01 * direction)], rel=1e-4)


def test_as_published_there_is_no_entropy_weight():
    policy = Imagination(PolicyInputs(Z + H), A, SMALL)
    assert policy.optimizers().keys() == {"actor", "value"}
    assert policy.update(learning_from(LinearWorld(terminates=False)))["entropy_weight"].item() == 0


def test_the_model_gets_no_gradient():
    torch.manual_seed(0)
    policy, world = Imagination(PolicyInputs(Z + H), A, SMALL), LinearWorld(terminates=True)
    policy.update(learning_from(world))
    assert all(parameter.grad is None for parameter in world.parameters())
    assert all(parameter.grad is None for parameter in policy.target_value.parameters())


def test_the_target_moves_by_a_fiftieth_of_the_way_in_every_update():
    torch.manual_seed(0)
    policy = Imagination(PolicyInputs(Z + H), A, dataclasses.replace(SMALL, lr=0.1))
    for _ in range(2):
        before = copy.deepcopy(policy.target_value)
        policy.update(learning_from(LinearWorld(terminates=False)))
        for old, new, target in zip(
            before.parameters(), policy.value.parameters(), policy.target_value.parameters(), strict=True
        ):
            assert not torch.allclose(old, new)
            torch.testing.assert_close(target, 0.98 * old + 0.02 * new)


def test_sizes_and_initial_spread_of_the_paper():
    policy = Imagination(PolicyInputs(264), 6, ImaginationOptions())
    first, hidden = 264 * 300 + 300, 2 * (300 * 300 + 300)
    assert sum(p.numel() for p in policy.actor.parameters()) == first + hidden + 300 * 12 + 12
    assert sum(p.numel() for p in policy.value.parameters()) == first + hidden + 300 + 1
    for parameter in policy.actor.parameters():
        nn.init.zeros_(parameter)
    assert policy.actor(torch.zeros(1, 264)).std[0].tolist() == pytest.approx([5.0] * 6)
    assert {group["lr"] for o in policy.optimizers().values() for group in o.param_groups} == {8e-5}


def sure(mean):
    """A policy whose actor takes the action ``tanh(mean)``, all but surely; about ``mean`` itself, near 0."""
    policy = Imagination(PolicyInputs(3), 1, SMALL)
    for parameter in policy.actor.parameters():
        nn.init.zeros_(parameter)
    policy.actor.layers[-1].bias.data = torch.tensor([mean, -30.0])
    return policy


def test_exploring_adds_noise_to_the_action():
    torch.manual_seed(0)
    policy, features = sure(0.1), torch.zeros(20_000, 3)
    explored = policy.act(features, explore=True)
    assert explored.std().item() == pytest.approx(0.3, rel=0.03)
    assert explored.mean().item() == pytest.approx(0.1, abs=0.01)
    assert policy.act(features[:2], explore=False).flatten().tolist() == pytest.approx([0.1, 0.1], abs=1e-3)


def test_noisy_actions_stay_within_bounds():
    torch.manual_seed(0)
    explored = sure(2.0).act(torch.zeros(1000, 3), explore=True)
    assert explored.max().item() == 1.0 and explored.min().item() > -1.0


class OneStep(LinearWorld):
    """Reward 1 - (a - 0.3)^2 for the last action."""

    def step(self, h, z, action):
        return action, z

    def reward(self, features):
        return 1 - (features[..., -1] - 0.3) ** 2


def test_it_learns_a_one_step_task():
    """The mean action goes to 0.3, so that the value of every state goes to 1 / (1 - 0.5)."""
    torch.manual_seed(0)
    options = ImaginationOptions(hidden=32, layers=2, horizon=3, discount=0.5, lr=3e-3, target_decay=0.9)
    policy, world = Imagination(PolicyInputs(2), 1, options), OneStep(terminates=False)
    world.h = torch.zeros(32, 1)
    world.z = torch.ones(32, 1)
    for _ in range(250):
        policy.update(learning_from(world))
    assert policy.act(torch.tensor([[1.0, 0.0]]), explore=False).item() == pytest.approx(0.3, abs=0.05)
    assert policy.value(torch.tensor([[1.0, 0.3]])).item() == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("half", [False, True])
def test_it_learns_in_the_learned_world(half):
    """Also in half precision, where the sums over time stay in single precision."""
    torch.manual_seed(0)
    rssm = GruRssm(3, A, 6, 4, 8, Gaussians(0.1), hidden=8, layers=1)
    heads = build_heads(HeadSizes(8, 1, continues=True), 10, A)
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    policy = Imagination(PolicyInputs(10), A, SMALL)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        trajectory: Trajectory = rssm.scan(torch.randn(2, 5, 3), torch.rand(2, 5, A))
        world = LearnedWorld(rssm, heads, trajectory, mask)
        metrics = policy.update(learning_from(world))
    assert [values.shape for values in policy.rollout(world)] == [(SMALL.horizon + 1, 8, 10), (SMALL.horizon, 8)]
    assert all(value.isfinite() and value.dtype == torch.float32 for value in metrics.values())
    for part in (policy.actor, policy.value):
        assert all(parameter.grad.abs().sum() > 0 for parameter in part.parameters())
    assert all(parameter.grad is None for parameter in [*rssm.parameters(), *heads.parameters()])


def test_raw_vectors_cannot_be_imagined():
    with pytest.raises(AssertionError):
        Imagination(PolicyInputs(3, {"skin": 2}), A, SMALL)


def test_the_record_asks_for_a_world_and_the_published_batches():
    record = next(record for record in POLICIES if record.name == "imagination")
    assert record.imagines
    assert record.defaults["batch-size"] == record.defaults["batch-length"] == 50
    assert record.defaults["updates-per-step"] * 1000 / record.defaults["env.action-repeat"] == 100
    assert isinstance(record.build(SMALL, PolicyInputs(3), A), Imagination)

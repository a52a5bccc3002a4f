"""Concat fusion: what actor and critics make of raw vectors, each for itself."""

import pytest
import torch

from coral_cli.plugin import PolicyInputs
from coral_cli.policies.networks import Join
from coral_cli.policies.options import SacOptions
from coral_cli.policies.sac import Sac, transitions
from coral_cli.registry.contracts import Experience

BOTH = PolicyInputs(4, {"skin": 3, "joints": 2})


def test_each_vector_passes_a_linear_layer_of_its_own_to_the_size_of_the_features():
    torch.manual_seed(0)
    join, inputs = Join(BOTH), torch.randn(5, 6, 9)
    skin, joints = join.linear["skin"], join.linear["joints"]
    assert skin.weight.shape == (4, 3) and joints.weight.shape == (4, 2)
    expected = torch.cat(
        [
            inputs[..., :4],
            inputs[..., 4:7] @ skin.weight.T + skin.bias,
            inputs[..., 7:] @ joints.weight.T + joints.bias,
        ],
        -1,
    )
    assert join.size == 12
    torch.testing.assert_close(join(inputs), expected)


@pytest.mark.parametrize(
    "inputs", [PolicyInputs(4), PolicyInputs(0, {"skin": 3, "joints": 1})], ids=["joint fusion", "no representation"]
)
def test_inputs_of_one_kind_stay_as_they_are(inputs):
    join, seen = Join(inputs), torch.randn(5, 4)
    assert join.size == inputs.size == 4
    assert list(join.parameters()) == []
    assert torch.equal(join(seen), seen)


def snapshot(module):
    return [parameter.detach().clone() for parameter in module.parameters()]


def moved(before, module):
    return [not torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True)]


def random_experience():
    shape = (3, 5)
    return Experience(
        torch.randn(*shape, 7), torch.rand(*shape, 1) * 2 - 1, torch.randn(shape), torch.zeros(shape, dtype=torch.bool)
    )


def test_sac_trains_both_joins():
    torch.manual_seed(0)
    sac = Sac(PolicyInputs(4, {"skin": 3}), 1, SacOptions(hidden=8, layers=1))
    joins = (sac.actor.join, sac.critics.join, sac.target_critics.join)
    before = [snapshot(join) for join in joins]
    sac.update(random_experience())
    assert [moved(*pair) for pair in zip(before, joins, strict=True)] == [[True, True]] * 3


def test_each_join_learns_from_its_own_loss_alone():
    """Nothing moves at a learning rate of 0, so the gradients that are left can be computed again, one by one."""
    torch.manual_seed(0)
    sac = Sac(PolicyInputs(4, {"skin": 3}), 1, SacOptions(hidden=8, layers=1, lr=0.0, entropy_lr=0.0))
    data = random_experience()
    torch.manual_seed(1)
    sac.update(data)
    torch.manual_seed(1)
    state, after, action, reward, live = transitions(data)
    weight = sac.entropy_weight().detach()
    q, goal = sac.critics(state, action), sac.targets(after, sac.actor(after), reward, live, weight)
    new_action, log_density = sac.actor(state).sample()
    losses = {
        sac.critics.join: ((q - goal) ** 2).mean(1).sum(),
        sac.actor.join: (weight * log_density - sac.critics(state, new_action).min(0).values).mean(),
    }
    for join, loss in losses.items():
        expected = torch.autograd.grad(loss, list(join.parameters()))
        for parameter, gradient in zip(join.parameters(), expected, strict=True):
            torch.testing.assert_close(parameter.grad, gradient)
            assert gradient.abs().sum() > 0

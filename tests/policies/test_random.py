"""The random policy's distribution."""

import copy

import pytest
import torch

from coral_cli.plugin import PolicyInputs
from coral_cli.policies.random import RandomActions
from coral_cli.policies.records import POLICIES
from coral_cli.registry.contracts import Experience
from coral_cli.registry.options import NoOptions


@pytest.mark.parametrize("explore", [True, False])
def test_actions_are_uniform_between_the_bounds(explore):
    """Equally many in each tenth, the mean action included, and no action tells about another."""
    torch.manual_seed(0)
    actions = RandomActions(2).act(torch.zeros(50_000, 3), explore)
    assert actions.shape == (50_000, 2) and actions.dtype == torch.float32
    assert actions.abs().max() <= 1
    counts = torch.stack([torch.histc(actions[:, i], 10, -1, 1) for i in range(2)])
    torch.testing.assert_close(counts / 50_000, torch.full((2, 10), 0.1), rtol=0, atol=0.006)
    assert abs((actions[:, 0] * actions[:, 1]).mean()) < 0.01


def test_actions_follow_torch_s_seed():
    policy, features = RandomActions(3), torch.zeros(2, 1)
    torch.manual_seed(7)
    first, second = policy.act(features, True), policy.act(features, True)
    torch.manual_seed(7)
    assert torch.equal(policy.act(features, True), first) and not torch.equal(first, second)


def test_nothing_is_learned():
    record = next(record for record in POLICIES if record.name == "random")
    policy = record.build(NoOptions(), PolicyInputs(1), 2)
    nothing = torch.zeros(1, 2, 1)
    assert policy.update(Experience(nothing, nothing, nothing[..., 0], nothing[..., 0] > 0)) == {}
    assert policy.optimizers() == {} and policy.state_dict() == {} and list(policy.parameters()) == []
    assert copy.deepcopy(policy).act(nothing[0], explore=False).shape == (2, 2)

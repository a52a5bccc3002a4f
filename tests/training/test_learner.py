"""The learner: what it passes on to the policy, how its model descends, what stays frozen."""

import pytest
import torch

from coral_cli.representation.batch import Batch
from coral_cli.training.learner import parameter_groups

from .walk import agent, learner


def batch(mask=None):
    torch.manual_seed(1)
    place, flags = torch.randn(3, 5, 2), torch.zeros(3, 5, dtype=torch.bool)
    return Batch({"place": place}, torch.randn(3, 5, 1), torch.randn(3, 5), flags, mask)


def test_the_policy_is_told_which_steps_are_none():
    one, told = learner(), []
    one.agent.policy.update = lambda experience: told.append(experience) or {}
    mask = torch.ones(3, 5, dtype=torch.bool)
    mask[1, 3:] = False
    one.update(batch(mask))
    assert told[0].mask is mask and told[0].world is None


@pytest.mark.parametrize(("clip", "clipped"), [(1e-3, True), (1e3, False)])
def test_the_model_s_gradient_is_clipped_to_its_norm(clip, clipped):
    one = learner(clip=clip)
    norm = one.update(batch())["gradient/model"].item()  # before it was clipped
    kept = torch.linalg.vector_norm(torch.stack([p.grad.norm() for p in one.agent.representation.parameters()])).item()
    assert clip < norm if clipped else norm < clip
    assert kept == pytest.approx(clip if clipped else norm, rel=1e-3)


def test_what_a_loss_asks_for_learns_at_its_own_rate():
    one = agent()
    model, loss = one.representation, one.representation.losses["place"]
    own = next(name for name, _ in loss.named_parameters())
    loss.learning_rates = {own: 0.5}
    groups = parameter_groups(model, 0.1)
    assert [(group["lr"], len(group["params"])) for group in groups if group["lr"] == 0.5] == [(0.5, 1)]
    assert groups[[g["lr"] for g in groups].index(0.5)]["params"][0] is loss.get_parameter(own)
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def test_a_frozen_policy_is_left_alone():
    one = learner(frozen=["policy"])
    one.agent.policy.update = None  # would fail
    assert "loss/total" in one.update(batch())


def test_frozen_parts_of_the_model_get_no_gradient():
    one = learner(frozen=["encoders"])
    before = {name: value.clone() for name, value in one.agent.weights().items()}
    one.update(batch())
    changed = {name for name, value in one.agent.weights().items() if not torch.equal(value, before[name])}
    assert not [name for name in changed if name.startswith("encoders.")]
    assert [name for name in changed if name.startswith("rssm.")] and "encoders" in one.frozen

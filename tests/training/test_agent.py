"""The agent's own parts: what it remembers, sees, passes on, and how its model descends."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from coral_cli.plugin import Sensor
from coral_cli.representation.batch import Batch
from coral_cli.training.agent import Agent, _parameter_groups
from coral_cli.training.collectors import SideBySide

from .test_trainer import agent


def batch(mask=None):
    torch.manual_seed(1)
    place, flags = torch.randn(3, 5, 2), torch.zeros(3, 5, dtype=torch.bool)
    return Batch({"place": place}, torch.randn(3, 5, 1), torch.randn(3, 5), flags, mask)


def test_a_new_episode_starts_from_nothing_beside_one_that_goes_on():
    one = agent()
    first, second = ({"place": np.random.default_rng(seed).normal(size=(2, 2)).astype(np.float32)} for seed in (0, 1))
    _, memory = one.act(first, one.initial(2), explore=False)
    memory = memory.restarted(np.array([True, False]))
    assert not any(part[0].any() for part in (memory.state.h, memory.state.z, memory.action))
    assert all(part[1].any() for part in (memory.state.h, memory.state.z, memory.action))
    actions, _ = one.act(second, memory, explore=False)
    alone, _ = one.act({"place": second["place"][:1]}, one.initial(), explore=False)
    np.testing.assert_allclose(actions[0], alone[0], atol=1e-6)


def test_the_agent_that_plays_in_several_copies_forgets_where_an_episode_begins():
    one = agent()
    acting = SideBySide(SimpleNamespace(count=2, action_repeat=1))._acting(one, explore=False)
    seen = {"place": np.ones((2, 2), np.float32)}
    missing = {"place": np.zeros(2, bool)}
    start = acting(seen, missing, np.array([True, True]))
    acting(seen, missing, np.array([False, False]))
    again = acting(seen, missing, np.array([True, False]))
    np.testing.assert_allclose(again[0], start[0], atol=1e-6)
    assert not np.allclose(again[1], start[1], atol=1e-6)


def test_images_are_cropped_at_their_centre():
    one = agent()
    one.sensors = {"eye": Sensor("eye", "image", (2, 4, 3))}
    image = np.arange(6 * 8).reshape(1, 6, 8, 1).repeat(3, -1)
    assert one.seen("eye", image)[0, ..., 0].tolist() == [[18, 19, 20, 21], [26, 27, 28, 29]]


def test_the_policy_is_told_which_steps_are_none():
    one, told = agent(), []
    one.policy.update = lambda experience: told.append(experience) or {}
    mask = torch.ones(3, 5, dtype=torch.bool)
    mask[1, 3:] = False
    one.update(batch(mask))
    assert told[0].mask is mask and told[0].world is None


@pytest.mark.parametrize(("clip", "clipped"), [(1e-3, True), (1e3, False)])
def test_the_model_s_gradient_is_clipped_to_its_norm(clip, clipped):
    one = agent()
    one._clip = clip
    norm = one.update(batch())["gradient/model"].item()  # before it was clipped
    kept = torch.linalg.vector_norm(torch.stack([p.grad.norm() for p in one.representation.parameters()])).item()
    assert clip < norm if clipped else norm < clip
    assert kept == pytest.approx(clip if clipped else norm, rel=1e-3)


def test_what_a_loss_asks_for_learns_at_its_own_rate():
    one = agent()
    model, loss = one.representation, one.representation.losses["place"]
    own = next(name for name, _ in loss.named_parameters())
    loss.learning_rates = {own: 0.5}
    groups = _parameter_groups(model, 0.1)
    assert [(group["lr"], len(group["params"])) for group in groups if group["lr"] == 0.5] == [(0.5, 1)]
    assert groups[[g["lr"] for g in groups].index(0.5)]["params"][0] is loss.get_parameter(own)
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def test_an_agent_whose_policy_is_frozen_leaves_it_alone():
    one = agent()
    frozen = Agent(one.representation, one.policy, one.sensors, 1, 1e-3, 10.0, one.device, frozen=["policy"])
    frozen.policy.update = None  # would fail
    assert "loss/total" in frozen.update(batch())

"""Reward, continue and inverse-dynamics heads by hand, and what they say in the learned world."""

import dataclasses
import math

import pytest
import torch
from torch import nn

from coral_cli.registry.contracts import Trajectory
from coral_cli.representation.batch import Batch
from coral_cli.representation.heads import HeadSizes, build_heads, head_losses
from coral_cli.representation.world import LearnedWorld

from .small import FEATURES, random_batch, small


class Column(nn.Module):
    """A head that reads its output from the state: columns ``first`` to ``last``."""

    def __init__(self, first, last):
        super().__init__()
        self.columns = slice(first, last)

    def forward(self, state):
        return state[..., self.columns]


def heads():
    """On states of 3 values: the first is the reward, the second the logit; a pair's 2nd and 3rd are the action."""
    return nn.ModuleDict({"reward": Column(0, 1), "continue": Column(1, 2), "inverse": Column(2, 4)})


def batch(rewards, terminated, actions, mask=None):
    mask = None if mask is None else torch.tensor(mask)
    return Batch({}, torch.tensor(actions), torch.tensor(rewards), torch.tensor(terminated), mask)


STATES = torch.tensor([[[1.0, 0.0, 0.5], [2.0, math.log(3.0), 0.25], [7.0, -math.log(4.0), 9.0]]])
DATA = batch(
    rewards=[[1.0, 4.0, 5.0]],
    terminated=[[False, False, True]],
    actions=[[[9.0, 9.0], [0.0, 2.0], [1.25, 4.0]]],
)
LAST_INVALID = dataclasses.replace(DATA, mask=torch.tensor([[True, True, False]]))


def test_the_reward_is_a_gaussian_of_unit_variance():
    # errors 0, -2, 2
    constant = 0.5 * math.log(2 * math.pi)
    assert head_losses(heads(), STATES, DATA)["reward"].item() == pytest.approx(0.5 * (0 + 4 + 4) / 3 + constant)
    assert head_losses(heads(), STATES, LAST_INVALID)["reward"].item() == pytest.approx(0.5 * (0 + 4) / 2 + constant)


def test_the_continue_head_is_a_bernoulli_that_an_episode_goes_on():
    # probabilities of going on 1/2, 3/4 and 1/5; the last state is terminal
    nats = [math.log(2), math.log(4 / 3), math.log(5 / 4)]
    assert head_losses(heads(), STATES, DATA)["continue"].item() == pytest.approx(sum(nats) / 3)
    assert head_losses(heads(), STATES, LAST_INVALID)["continue"].item() == pytest.approx(sum(nats[:2]) / 2)


def test_inverse_dynamics_predict_the_action_between_two_states():
    # of the pair (s_t, s_t+1) the head reads s_t[2] and s_t+1[0]: (0.5, 2) against (0, 2), (0.25, 7) against (1.25, 4)
    errors = [(0.25 + 0) / 2, (1 + 9) / 2]
    assert head_losses(heads(), STATES, DATA)["inverse"].item() == pytest.approx(sum(errors) / 2)
    assert head_losses(heads(), STATES, LAST_INVALID)["inverse"].item() == pytest.approx(errors[0])


@pytest.mark.parametrize(
    ("sizes", "names"),
    [
        (HeadSizes(), {"reward"}),
        (HeadSizes(continues=True), {"reward", "continue"}),
        (HeadSizes(inverse_dynamics=0.5), {"reward", "inverse"}),
    ],
)
def test_only_the_reward_head_is_always_there(sizes, names):
    built = build_heads(sizes, 10, 2)
    assert set(built) == names == set(head_losses(built, torch.zeros(1, 3, 10), DATA))


def test_sizes_of_the_paper():
    built = build_heads(HeadSizes(inverse_dynamics=1.0, continues=True), 264, 6)
    counts = {name: sum(p.numel() for p in head.parameters()) for name, head in built.items()}
    hidden = 128 * 128 + 128
    scalar = 264 * 128 + 128 + hidden + 128 + 1
    assert counts == {"reward": scalar, "continue": scalar, "inverse": 528 * 128 + 128 + hidden + 128 * 6 + 6}


def test_the_weights_of_heads_scale_their_terms_but_not_what_is_reported():
    losses = small(heads=HeadSizes(5, 2, reward=3.0, inverse_dynamics=0.7, continues=True))(random_batch())
    for name, weight in {"reward": 3.0, "inverse": 0.7, "continue": 1.0}.items():
        assert losses.terms[name].item() == pytest.approx(weight * losses.metrics[f"loss/{name}"].item())


def test_heads_read_posterior_samples_and_train_the_representation():
    model, data = small(), random_batch()
    torch.manual_seed(3)
    losses = model(data)
    torch.manual_seed(3)
    embeddings = torch.cat([losses.embeddings[name] for name in model.encoders], -1)
    trajectory = model.rssm.scan(embeddings, data.actions)
    expected = head_losses(model.heads, torch.cat([trajectory.z, trajectory.h], -1), data)
    torch.testing.assert_close(losses.terms["reward"], expected["reward"])
    losses.terms["reward"].backward()
    assert all(p.grad.abs().max() > 0 for p in model.encoders.parameters())


def world(mask=None, names=("reward", "continue")):
    torch.manual_seed(0)
    rssm = small().rssm
    trajectory = Trajectory(torch.randn(2, 3, 4, requires_grad=True), torch.randn(2, 3, 3, requires_grad=True), None)
    chosen = nn.ModuleDict({name: head for name, head in heads().items() if name in names})
    return LearnedWorld(rssm, chosen, trajectory, mask), trajectory, rssm


def test_imagination_starts_from_every_valid_posterior_state():
    everywhere, trajectory, _ = world()
    assert torch.equal(everywhere.h, trajectory.h.reshape(6, 4)) and torch.equal(everywhere.z, trajectory.z.view(6, 3))
    assert not everywhere.h.requires_grad and not everywhere.z.requires_grad
    some, trajectory, _ = world(torch.tensor([[True, True, True], [True, False, False]]))
    assert torch.equal(some.h, torch.cat([trajectory.h[0], trajectory.h[1, :1]]))
    assert torch.equal(some.z, torch.cat([trajectory.z[0], trajectory.z[1, :1]]))


def test_nothing_is_imagined_from_a_terminal_state_or_behind_an_episode_s_end():
    data = random_batch(masked=True)
    starts = small()(data).world
    everywhere = small()(dataclasses.replace(data, mask=None, terminated=torch.zeros_like(data.terminated))).world
    assert len(everywhere.h) == data.mask.numel()
    assert len(starts.h) == len(starts.z) == int((data.mask & ~data.terminated).sum())
    assert data.terminated.any()
    unmasked = small()(dataclasses.replace(data, mask=None)).world
    assert len(unmasked.h) == int((~data.terminated).sum())


def test_an_imagined_step_is_a_sample_of_the_prior():
    model, _, rssm = world()
    action = torch.rand(6, 2)
    torch.manual_seed(4)
    h, z = model.step(model.h, model.z, action)
    torch.manual_seed(4)
    expected = rssm.predict(model.h, model.z, action)
    torch.testing.assert_close(h, expected)
    torch.testing.assert_close(z, rssm.prior(expected).sample())
    assert model.features(h, z).shape == (6, FEATURES)
    assert torch.equal(model.features(h, z), torch.cat([z, h], -1))


def test_imagined_rewards_and_ends_are_the_heads_means():
    model, _, _ = world()
    assert model.reward(STATES).tolist() == [[1.0, 2.0, 7.0]]
    assert model.continues(STATES).flatten().tolist() == pytest.approx([1 / 2, 3 / 4, 1 / 5])
    endless, _, _ = world(names=("reward",))
    assert endless.continues(STATES).tolist() == [[1.0, 1.0, 1.0]]

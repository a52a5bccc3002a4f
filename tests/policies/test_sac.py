"""SAC: sizes, timing of transitions, targets by hand, and who learns from what."""

import copy
import dataclasses
import math
from functools import partial

import pytest
import torch

from coral_cli.policies.networks import Actor, TwinCritics
from coral_cli.policies.records import SacOptions
from coral_cli.policies.sac import EntropyWeight, Sac, transitions
from coral_cli.policies.tanh_gaussian import TanhGaussian
from coral_cli.registry.contracts import Experience, PolicyInputs

SMALL = SacOptions(hidden=8, layers=2)


def experience(mask=None):
    """Features count the steps: sequence 0 holds 0, 1, 2, sequence 1 holds 10, 11, 12."""
    features = torch.tensor([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]])[..., None]
    terminated = torch.tensor([[False, False, True], [False, False, False]])
    return Experience(features, features / 100, features[..., 0] * 10, terminated, mask)


def test_a_transition_takes_the_action_and_reward_stored_with_its_second_step():
    state, after, action, reward, live = transitions(experience())
    assert state.flatten().tolist() == [0, 1, 10, 11]
    assert after.flatten().tolist() == [1, 2, 11, 12]
    assert action.flatten().tolist() == pytest.approx([0.01, 0.02, 0.11, 0.12])
    assert reward.tolist() == [10, 20, 110, 120]
    assert live.tolist() == [1, 0, 1, 1]


def test_masked_transitions_are_left_out():
    mask = torch.tensor([[True, True, False], [True, True, True]])
    assert transitions(experience(mask))[0].flatten().tolist() == [0, 10, 11]


def test_targets_by_hand():
    """min(3, 2) - 0.5 * log p(-1 nats) = 2.5; r + 0.9 * 2.5, and r alone at a terminal step."""
    sac = Sac(PolicyInputs(1), 1, dataclasses.replace(SMALL, discount=0.9))
    sac.actor.forward = lambda features: TanhGaussianStub(features, torch.tensor([-1.0]), sac.actor)
    sac.target_critics.forward = lambda features, actions: torch.tensor([[3.0, 3.0], [2.0, 2.0]])
    targets = sac.targets(torch.zeros(2, 1), torch.tensor([1.0, 7.0]), torch.tensor([1.0, 0.0]), torch.tensor(0.5))
    assert targets.tolist() == pytest.approx([1 + 0.9 * 2.5, 7.0])


@pytest.mark.parametrize("norm", [False, True])
def test_twin_critics_are_two_separate_networks(norm):
    torch.manual_seed(0)
    critics = TwinCritics(PolicyInputs(3), 2, 8, 2, norm)
    features, actions = torch.randn(7, 3), torch.randn(7, 2)
    values = critics(features, actions)
    for twin in range(2):
        x = torch.cat([features, actions], 1)
        for layer, (weight, bias) in enumerate(zip(critics.weights, critics.biases, strict=True)):
            x = x @ weight[twin] + bias[twin]
            if norm and layer < 2:
                x = (x - x.mean(1, keepdim=True)) / (x.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
            x = torch.nn.functional.elu(x) if layer < 2 else x
        torch.testing.assert_close(values[twin], x[:, 0])
    assert not torch.allclose(values[0], values[1])


def test_normalised_critics_do_not_see_the_scale_of_a_hidden_layer():
    torch.manual_seed(0)
    sac = Sac(PolicyInputs(4), 1, dataclasses.replace(SMALL, critic_norm=True))
    features, actions = torch.randn(7, 4), torch.randn(7, 1)
    for critics in (sac.critics, sac.target_critics):
        before = critics(features, actions)
        critics.weights[0].data *= 10
        critics.biases[0].data *= 10
        torch.testing.assert_close(critics(features, actions), before, rtol=0.01, atol=0.01)


def test_sizes_of_the_paper():
    sac = Sac(PolicyInputs(264), 6, SacOptions())
    hidden = 2 * (1024 * 1024 + 1024)
    assert sum(p.numel() for p in sac.actor.parameters()) == 264 * 1024 + 1024 + hidden + 1024 * 12 + 12
    assert sum(p.numel() for p in sac.critics.parameters()) == 2 * (270 * 1024 + 1024 + hidden + 1024 + 1)


def test_actor_s_initial_std_and_mean_bound():
    actor = Actor(PolicyInputs(3), 2, 8, 2, initial_std=0.0183, min_std=0.005)
    for parameter in actor.parameters():
        torch.nn.init.zeros_(parameter)
    assert actor(torch.zeros(1, 3)).std.tolist()[0] == pytest.approx([0.0183, 0.0183], rel=1e-4)
    actor.layers[-1].bias.data[:2] = 1e6
    assert actor(torch.zeros(1, 3)).mean.tolist()[0] == pytest.approx([5.0, 5.0])


@pytest.mark.parametrize("form", ["sigmoid", "exponential"])
def test_entropy_weight_starts_where_asked(form):
    assert EntropyWeight(0.1, form)().item() == pytest.approx(0.1, rel=1e-5)


def test_the_sigmoid_form_moves_half_as_fast_in_log_space():
    slopes = {}
    for form in ("sigmoid", "exponential"):
        weight = EntropyWeight(0.01, form)
        weight().log().backward()
        slopes[form] = weight.raw.grad.item()
    assert slopes["exponential"] == pytest.approx(1.0)
    assert slopes["sigmoid"] == pytest.approx(0.5, abs=0.01)


def test_the_entropy_weight_falls_when_entropy_is_above_its_target():
    for mean_entropy, direction in ((5.0, -1), (-5.0, 1)):
        sac = Sac(PolicyInputs(4), 1, dataclasses.replace(SMALL, target_entropy=0.0))
        log_density = torch.tensor([-mean_entropy])
        sac.actor.forward = partial(TanhGaussianStub, log_density=log_density, actor=sac.actor)
        before = sac.entropy_weight().item()
        sac.update(random_experience())
        assert math.copysign(1, sac.entropy_weight().item() - before) == direction


class TanhGaussianStub(TanhGaussian):
    """Samples zero actions of a given log-density."""

    def __init__(self, features, log_density, actor):
        object.__setattr__(self, "mean", features)
        object.__setattr__(self, "given", log_density + 0 * sum(p.sum() for p in actor.parameters()))

    def sample(self):
        return torch.zeros(len(self.mean), 1), self.given.expand(len(self.mean))


def random_experience():
    torch.manual_seed(0)
    return Experience(
        torch.randn(3, 5, 4), torch.rand(3, 5, 1) * 2 - 1, torch.randn(3, 5), torch.zeros(3, 5, dtype=torch.bool)
    )


def test_one_update_against_plain_gradients():
    """The critics' step equals Adam on the sum of both mean squared errors; the targets move by 0.005."""
    torch.manual_seed(1)
    sac = Sac(PolicyInputs(4), 1, SMALL)
    reference, before = copy.deepcopy(sac), copy.deepcopy(sac.target_critics)
    data = random_experience()
    torch.manual_seed(2)
    sac.update(data)
    torch.manual_seed(2)
    state, after, action, reward, live = transitions(data)
    goal = reference.targets(after, reward, live, reference.entropy_weight().detach())
    q = reference.critics(state, action)
    loss = ((q[0] - goal) ** 2).mean() + ((q[1] - goal) ** 2).mean()
    loss.backward()
    optimizer = torch.optim.Adam(reference.critics.parameters(), SMALL.lr)
    torch.nn.utils.clip_grad_norm_(reference.critics.parameters(), 100.0)
    optimizer.step()
    for new, expected, old, target in zip(
        sac.critics.parameters(),
        reference.critics.parameters(),
        before.parameters(),
        sac.target_critics.parameters(),
        strict=True,
    ):
        torch.testing.assert_close(new, expected, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(target, 0.995 * old + 0.005 * new)


def test_it_learns_a_one_step_task():
    """Reward -(a - 0.5)^2: the mean action goes to 0.5."""
    torch.manual_seed(0)
    sac = Sac(
        PolicyInputs(1),
        1,
        SacOptions(hidden=32, layers=2, discount=0.0, entropy_weight=0.01, lr=3e-3, target_entropy=-2.0),
    )
    for _ in range(400):
        action = torch.rand(16, 8, 1) * 2 - 1
        reward = -((action[..., 0] - 0.5) ** 2)
        sac.update(Experience(torch.ones(16, 8, 1), action, reward, torch.zeros(16, 8, dtype=torch.bool)))
    assert sac.act(torch.ones(1, 1), explore=False).item() == pytest.approx(0.5, abs=0.1)

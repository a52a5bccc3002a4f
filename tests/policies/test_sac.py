"""SAC: sizes, timing of transitions, targets by hand, and who learns from what."""

import copy
import dataclasses
import math

import pytest
import torch

from coral_cli.policies.entropy import CLIP, EntropyWeight
from coral_cli.policies.networks import Actor, TwinCritics
from coral_cli.policies.options import SacOptions
from coral_cli.policies.sac import ACTOR_CLIP, CRITIC_CLIP, Sac, transitions
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
    after = Drawn(torch.zeros(2, 1), torch.ones(2, 1), torch.tensor([-1.0, -1.0]))
    sac.target_critics.forward = lambda features, actions: torch.tensor([[3.0, 3.0], [2.0, 2.0]])
    reward, live = torch.tensor([1.0, 7.0]), torch.tensor([1.0, 0.0])
    targets = sac.targets(torch.zeros(2, 1), after, reward, live, torch.tensor(0.5))
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


def test_critics_begin_as_torch_s_own_layers_do():
    torch.manual_seed(0)
    critics = TwinCritics(PolicyInputs(100), 2, 64, 2)
    for weight, bias in list(zip(critics.weights, critics.biases, strict=True)):
        bound = weight.shape[1] ** -0.5
        assert 0.9 * bound < weight.abs().max() <= bound
        assert bias.abs().max() <= bound and (len(bias.flatten()) < 9 or bias.abs().max() > 0.9 * bound)


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


def test_settings_of_the_paper():
    sac = Sac(PolicyInputs(3), 2, SacOptions())
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in sac.optimizers().items()}
    assert rates == {"actor": 1e-3, "critics": 1e-3, "entropy_weight": 1e-3}
    assert (ACTOR_CLIP, CRITIC_CLIP, CLIP) == (10, 100, 1)
    for parameter in sac.actor.parameters():
        torch.nn.init.zeros_(parameter)
    assert sac.actor(torch.zeros(1, 3)).std.tolist()[0] == pytest.approx([0.0183, 0.0183], rel=1e-4)


def test_every_part_learns_at_its_own_rate():
    sac = Sac(PolicyInputs(4), 1, dataclasses.replace(SMALL, lr=0.1, entropy_lr=0.2))
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in sac.optimizers().items()}
    assert rates == {"actor": 0.1, "critics": 0.1, "entropy_weight": 0.2}


def test_the_actor_begins_as_wide_as_asked():
    wide = Sac(PolicyInputs(3), 2, dataclasses.replace(SMALL, initial_std=1.0))
    for parameter in wide.actor.parameters():
        torch.nn.init.zeros_(parameter)
    assert wide.actor(torch.zeros(1, 3)).std.tolist()[0] == pytest.approx([1.0, 1.0], rel=1e-4)


def test_the_smallest_initial_entropy_weight():
    assert EntropyWeight(2e-6, "sigmoid")().item() == pytest.approx(2e-6, rel=1e-3)


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


@pytest.mark.parametrize("target, direction", [(-6.0, -1), (1.0, 1)])
def test_the_entropy_weight_falls_when_entropy_is_above_its_target(target, direction):
    """A new actor's is about log(0.0183 sqrt(2 pi e)) = -2.6, and on (-1, 1) none is above log 2."""
    sac = Sac(PolicyInputs(4), 1, dataclasses.replace(SMALL, target_entropy=target))
    before = sac.entropy_weight().item()
    sac.update(random_experience())
    assert math.copysign(1, sac.entropy_weight().item() - before) == direction


def test_the_target_of_the_entropy_is_minus_one_for_each_action_value():
    """The gradient is slope * (entropy - target), below the largest norm here."""
    sac, weight = Sac(PolicyInputs(4), 3, SMALL), EntropyWeight(SMALL.entropy_weight, SMALL.entropy_form)
    weight().backward()
    entropy = sac.update(random_experience(actions=3))["entropy"]
    target = entropy - sac.entropy_weight.raw.grad / weight.raw.grad
    assert target.item() == pytest.approx(-3.0, abs=1e-3)


def test_it_acts_with_its_mean_or_explores_around_it():
    torch.manual_seed(0)
    sac, features = Sac(PolicyInputs(4), 1, SMALL), torch.randn(1, 4).expand(2000, 4)
    distribution = sac.actor(features)
    assert torch.equal(sac.act(features, explore=False), torch.tanh(distribution.mean))
    drawn = torch.atanh(sac.act(features, explore=True))
    assert drawn.mean().item() == pytest.approx(distribution.mean[0].item(), abs=2e-3)
    assert drawn.std().item() == pytest.approx(distribution.std[0].item(), rel=0.1)


@dataclasses.dataclass(frozen=True)
class Drawn(TanhGaussian):
    """Draws actions of zero with a given log-density."""

    log_density: torch.Tensor

    def sample(self):
        return torch.zeros_like(self.mean), self.log_density


def random_experience(actions=1):
    torch.manual_seed(0)
    return Experience(
        torch.randn(3, 5, 4), torch.rand(3, 5, actions) * 2 - 1, torch.randn(3, 5), torch.zeros(3, 5, dtype=torch.bool)
    )


@pytest.mark.parametrize("masked", [False, True])
def test_one_update_against_plain_gradients(masked):
    """Adam on the critics' mean squared errors, on the actor's loss before the new critics; targets move by 0.005."""
    torch.manual_seed(1)
    sac = Sac(PolicyInputs(4), 1, SMALL)
    for parameter in sac.target_critics.parameters():  # else they are where the critics are
        parameter += 0.1
    reference, before = copy.deepcopy(sac), copy.deepcopy(sac.target_critics)
    mask = torch.arange(5) < torch.tensor([[5], [3], [2]]) if masked else None
    data = dataclasses.replace(random_experience(), mask=mask)
    torch.manual_seed(2)
    metrics = sac.update(data)
    torch.manual_seed(2)
    state, after, action, reward, live = transitions(data)
    weight = reference.entropy_weight().detach()
    goal = reference.targets(after, reference.actor(after), reward, live, weight)
    q = reference.critics(state, action)
    critic_loss = ((q[0] - goal) ** 2).mean() + ((q[1] - goal) ** 2).mean()
    told = {"critic_loss": critic_loss, "value": q.mean(), "entropy_weight": weight}
    told["gradient/critics"] = step(critic_loss, reference.critics, 100.0)
    new_action, log_density = reference.actor(state).sample()
    actor_loss = (weight * log_density - torch.minimum(*reference.critics(state, new_action))).mean()
    told |= {"actor_loss": actor_loss, "entropy": -log_density.mean()}
    told["gradient/actor"] = step(actor_loss, reference.actor, 10.0)
    assert {name: value.item() for name, value in metrics.items()} == pytest.approx(
        {name: value.item() for name, value in told.items()}, rel=1e-4
    )
    for part in ("critics", "actor"):
        pairs = zip(getattr(sac, part).parameters(), getattr(reference, part).parameters(), strict=True)
        for new, expected in pairs:
            torch.testing.assert_close(new, expected, rtol=1e-4, atol=1e-6)
    trio = (part.parameters() for part in (sac.critics, before, sac.target_critics))
    for new, old, target in zip(*trio, strict=True):
        torch.testing.assert_close(target, 0.995 * old + 0.005 * new)


def step(loss, network, clip):
    parameters = list(network.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    norm = torch.nn.utils.clip_grad_norm_(parameters, clip)
    torch.optim.Adam(parameters, SMALL.lr).step()
    return norm


@pytest.mark.parametrize("gain", [1, 1000])
def test_large_gradients_keep_their_direction_and_the_largest_norm(gain):
    """10 for the actor's, whose critics are steep here, 100 for the critics', 1 for the entropy weight's."""
    torch.manual_seed(1)
    sac = Sac(PolicyInputs(4), 1, dataclasses.replace(SMALL, target_entropy=-2.0 * gain))
    for weight in sac.critics.weights:
        weight.data *= gain**0.5
    reference, data = copy.deepcopy(sac), random_experience()
    torch.manual_seed(2)
    sac.update(data)
    torch.manual_seed(2)
    state, after, action, reward, live = transitions(data)
    weight = reference.entropy_weight()
    goal = reference.targets(after, reference.actor(after), reward, live, weight)
    q = reference.critics(state, action)
    new_action, log_density = reference.actor(state).sample()
    losses = {
        "critics": ((q - goal) ** 2).mean(1).sum(),
        "actor": (weight.detach() * log_density - sac.critics(state, new_action).amin(0)).mean(),
        "entropy_weight": weight * (2 * gain - log_density.detach().mean()),
    }
    for (part, loss), largest in zip(losses.items(), (100, 10, 1), strict=True):
        whole = flat(torch.autograd.grad(loss, list(reference.get_submodule(part).parameters())))
        assert whole.norm() > 2 * largest if gain > 1 else whole.norm() < largest / 2
        kept = flat(parameter.grad for parameter in sac.get_submodule(part).parameters())
        torch.testing.assert_close(kept, whole * min(1, largest / whole.norm()), rtol=1e-3, atol=1e-5)


def flat(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


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

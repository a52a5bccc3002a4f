"""The objective as a whole: which latent a loss sees, KL balance and free nats, who gets a gradient."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from coral_cli.plugin import ObjectiveOptions, Sensor
from coral_cli.registry.contracts import Trajectory
from coral_cli.representation.batch import Batch, Normalization
from coral_cli.representation.encoders.conv import ConvEncoder
from coral_cli.representation.encoders.mlp import MlpEncoder
from coral_cli.representation.heads import HeadSizes
from coral_cli.representation.objective import Representation, Term
from coral_cli.representation.rssm.gaussian import Gaussian, Gaussians
from coral_cli.representation.rssm.gru import GruRssm

from .small import CORAL, PREDICTIVE, UNIFIED, VARIATIONAL, random_batch, small

SENSORS = {name: Sensor(name, "vector", (3,)) for name in ("eye", "skin")}


class Spy(nn.Module):
    """A loss that keeps what it saw and returns the mean of the features."""

    def forward(self, batch):
        self.seen = batch
        return batch.features.mean(), {}


class Known(nn.Module):
    """An RSSM of one sequence whose prior and posterior (1, T, 1) are known, with states that are 0."""

    hidden_size = latent_size = 1

    def __init__(self, prior, posterior):
        super().__init__()
        self.known = prior, posterior

    def scan(self, embeddings, actions):
        zeros = actions.new_zeros(*actions.shape[:2], 1)
        return Trajectory(zeros, zeros, self.known[1])

    def prior(self, h):
        return self.known[0]


def representation(objective, **weights):
    torch.manual_seed(0)
    encoders = {name: MlpEncoder(3, 4, 1) for name in SENSORS}
    rssm = GruRssm(8, 2, 5, 8, 16, Gaussians(0.1), 7, 2)
    return Representation(
        SENSORS,
        encoders,
        rssm,
        {name: Term(Spy(), weights.get(name, 1.0)) for name in SENSORS},
        objective,
        HeadSizes(),
        2,
    )


def batch(mask=None):
    torch.manual_seed(1)
    observations = {name: torch.randn(2, 4, 3) for name in SENSORS}
    return Batch(observations, torch.randn(2, 4, 2), torch.randn(2, 4), torch.zeros(2, 4, dtype=torch.bool), mask)


def latents(model, data, seed):
    """Trajectory and prior as ``forward`` computes them, for the same noise."""
    torch.manual_seed(seed)
    embedding = torch.cat([model.encoders[name](data.observations[name].flatten(0, 1)) for name in SENSORS], -1)
    trajectory = model.rssm.scan(embedding.unflatten(0, (2, 4)), data.actions)
    return trajectory, model.rssm.prior(trajectory.h)


def test_variational_losses_see_the_posterior_sample():
    model, data = representation(VARIATIONAL), batch()
    trajectory, _ = latents(model, data, seed=3)
    torch.manual_seed(3)
    model(data)
    torch.testing.assert_close(model.losses["eye"].seen.features, torch.cat([trajectory.z, trajectory.h], -1))
    assert model.losses["eye"].seen.target.shape == (2, 4, 3)


def test_predictive_losses_see_the_prior_sample_from_the_second_step_on():
    model, data = representation(PREDICTIVE), batch()
    trajectory, prior = latents(model, data, seed=3)
    sample = prior.sample()  # the next noise of the same stream
    torch.manual_seed(3)
    model(data)
    seen = model.losses["skin"].seen
    torch.testing.assert_close(seen.features, torch.cat([sample, trajectory.h], -1)[:, 1:])
    torch.testing.assert_close(seen.target, data.observations["skin"][:, 1:])


@pytest.mark.parametrize("objective", [VARIATIONAL, PREDICTIVE, ObjectiveOptions(0, 0, 0.8, 0.2, free_nats=0.01)])
def test_the_total_is_the_sum_of_its_terms(objective):
    model, data = representation(objective, eye=2.0, skin=0.5), batch()
    torch.manual_seed(3)
    losses = model(data)
    trajectory, prior = latents(model, data, seed=3)
    predicted = model.heads["reward"](torch.cat([trajectory.z, trajectory.h], -1))[..., 0]
    reward = 0.5 * (predicted - data.rewards).square().mean() + 0.5 * math.log(2 * math.pi)
    kl = trajectory.posterior.kl(prior).clamp(min=objective.free_nats).mean()
    balanced = objective.dynamics != objective.representation
    expected = reward + (objective.dynamics + balanced * objective.representation) * kl
    for name, weight in (("eye", 2.0), ("skin", 0.5)):
        if objective.posterior or objective.prior:
            expected = expected + weight * model.losses[name].seen.features.mean()
    torch.testing.assert_close(losses.total, expected)


def test_the_balance_sends_eight_tenths_of_the_gradient_to_the_prior():
    data = batch()

    def gradients(dynamics, representation_weight):
        model = representation(ObjectiveOptions(0, 0, dynamics, representation_weight, free_nats=0.0))
        torch.manual_seed(3)
        model(data).total.backward()
        parts = model.rssm.prior_network[-1].weight.grad, model.rssm.posterior_network[-1].weight.grad
        return [part.norm().item() for part in parts]

    only_prior, balanced = gradients(1.0, 0.0), gradients(0.8, 0.2)
    assert balanced[0] == pytest.approx(0.8 * only_prior[0], rel=1e-4)
    only_posterior = gradients(0.0, 1.0)
    assert only_posterior[0] == 0.0 and only_posterior[1] > 0


def test_halves_of_equal_weight_have_the_gradient_of_both():
    data = batch()

    def gradients(dynamics, representation_weight):
        model = representation(ObjectiveOptions(0, 0, dynamics, representation_weight, free_nats=0.0))
        torch.manual_seed(3)
        model(data).terms["kl"].backward()
        return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}

    both, prior, posterior = gradients(0.3, 0.3), gradients(0.3, 0.0), gradients(0.0, 0.3)
    assert both.keys() == prior.keys() | posterior.keys()
    for name, gradient in both.items():
        torch.testing.assert_close(gradient, prior.get(name, 0.0) + posterior.get(name, 0.0))


def test_free_nats_clamp_each_step_before_averaging():
    """KLs 0.5 and 3 with 1 free nat: (1 + 3) / 2, and only the second has a gradient."""
    mean = torch.tensor([[[1.0], [math.sqrt(6.0)]]], requires_grad=True)  # KL(N(m, 1), N(0, 1)) = m^2 / 2
    prior, posterior = Gaussian(mean, torch.ones(1, 2, 1)), Gaussian(torch.zeros(1, 2, 1), torch.ones(1, 2, 1))
    rssm, encoders = Known(prior, posterior), {"eye": MlpEncoder(3, 4, 1)}
    objective = ObjectiveOptions(free_nats=1.0, dynamics=1.0, representation=0.0)
    model = Representation(SENSORS, encoders, rssm, {}, objective, HeadSizes(), action_size=2)
    data = Batch({"eye": torch.zeros(1, 2, 3)}, torch.zeros(1, 2, 2), torch.zeros(1, 2), torch.zeros(1, 2).bool())
    losses = model(data)
    losses.terms["kl"].backward()
    assert losses.terms["kl"].item() == pytest.approx((1 + 3) / 2)
    assert losses.metrics["loss/kl"].item() == pytest.approx((0.5 + 3) / 2)
    assert mean.grad.flatten().tolist() == pytest.approx([0.0, math.sqrt(6.0) / 2])


@pytest.mark.parametrize("objective", [VARIATIONAL, PREDICTIVE])
def test_one_sensor_s_loss_reaches_both_encoders(objective):
    """The representation is joint: the eye's loss alone trains the skin's encoder too."""
    model = representation(objective, skin=0.0)
    torch.manual_seed(3)
    losses = model(batch())
    (losses.total - losses.total.detach()).backward()
    for name in SENSORS:
        assert model.encoders[name].layers[0].weight.grad.abs().max() > 0


def test_steps_behind_the_mask_change_nothing():
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    model = representation(ObjectiveOptions(0, 0, 0.8, 0.2, 0.1))
    totals = []
    for scale in (1.0, 50.0):
        data = batch(mask)
        data.rewards[1, 2:] *= scale
        data.observations["eye"][1, 2:] *= scale
        torch.manual_seed(3)
        totals.append(model(data).total.item())
    assert totals[0] == pytest.approx(totals[1])


def test_features_for_acting_are_the_posterior_mean_and_carry_no_gradient():
    model, data = representation(VARIATIONAL), batch()
    torch.manual_seed(3)
    features = model(data).features
    trajectory, _ = latents(model, data, seed=3)
    torch.testing.assert_close(features, torch.cat([trajectory.posterior.mean, trajectory.h], -1))
    assert not features.requires_grad


def test_acting_step_by_step_is_the_scan():
    model, data = representation(VARIATIONAL), batch()
    torch.manual_seed(3)
    expected = model(data).features
    torch.manual_seed(3)
    state = model.initial(2)
    for t in range(4):
        state, features = model.step(
            state, data.actions[:, t], {name: v[:, t] for name, v in data.observations.items()}
        )
        torch.testing.assert_close(features, expected[:, t])


def test_normalization_of_images_and_vectors():
    normalization = Normalization(
        {
            "eye": Sensor("eye", "image", (2, 2, 3)),
            "skin": Sensor("skin", "vector", (2,)),
            "far": Sensor("far", "depth", (1, 3, 1)),
        }
    )
    metres = torch.tensor([0.0, 1.0, 9.0]).reshape(1, 1, 3, 1)
    assert normalization("far", metres).tolist() == [[[[-0.5, -0.25, 0.5]]]]
    assert metres.flatten().tolist() == [0.0, 1.0, 9.0]
    image = torch.arange(24, dtype=torch.uint8).reshape(2, 2, 2, 3)
    torch.testing.assert_close(normalization("eye", image), image.permute(0, 3, 1, 2) / 255 - 0.5)
    normalization.fit("skin", torch.tensor([[1.0, 5.0], [3.0, 5.001]]))
    # means 2 and 5.0005, deviations 1 and 0.0005; the second is below 1e-2 and counts as 1
    torch.testing.assert_close(normalization("skin", torch.tensor([[4.0, 6.0005]])), torch.tensor([[2.0, 1.0]]))


@pytest.mark.parametrize("name", ["eye", "skin"])
@pytest.mark.parametrize("objective", [VARIATIONAL, PREDICTIVE, UNIFIED])
def test_a_loss_of_weight_zero_leaves_no_gradient(objective, name):
    model, data = small(CORAL, objective, weights={name: 0.0}), random_batch()
    totals = []
    for scale in (1.0, 3.0):
        for parameter in model.losses[name].parameters():
            parameter.data.mul_(scale)
        torch.manual_seed(3)
        losses = model(data)
        totals.append(losses.total.item())
    losses.total.backward()
    assert name not in losses.terms and totals[0] == totals[1]
    assert all(parameter.grad is None for parameter in model.losses[name].parameters())
    other = small(CORAL, objective)
    torch.manual_seed(3)
    full = other(data)
    assert totals[0] == pytest.approx((full.total - full.terms[name]).item(), rel=1e-5)


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("kind", ["image", "depth"])
def test_encoders_learn_from_images_that_are_normalised_again(kind, autocast):
    """Their gradients are those of the images normalised once, to the bit."""
    torch.manual_seed(0)
    sensors, encoder = {"eye": Sensor("eye", kind, (32, 34, 3))}, ConvEncoder((32, 34, 3), 2)
    rssm = GruRssm(encoder.size, 2, 5, 8, 16, Gaussians(0.1), 7, 2)
    model = Representation(sensors, {"eye": encoder}, rssm, {"eye": Term(Spy())}, ObjectiveOptions(), HeadSizes(), 2)
    data, raw = batch(), torch.randint(256, (2, 4, 32, 34, 3), dtype=torch.uint8)
    seen = raw if kind == "image" else raw / 50
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        found = model(replace(data, observations={"eye": seen})).embeddings["eye"].flatten(0, 1)
        expected = encoder(model.normalization("eye", seen.flatten(0, 1)))
    gradients = [torch.autograd.grad(e.float().square().sum(), list(encoder.parameters())) for e in (found, expected)]
    for ours, plain in zip(*gradients, strict=True):
        assert ours.any() and torch.equal(ours, plain)

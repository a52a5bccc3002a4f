"""Losses with weights of their own for posterior and for prior samples."""

import dataclasses

import pytest
import torch
from torch import nn

from coral_cli.registry.contracts import LossBatch
from coral_cli.representation.losses.apart import Apart
from coral_cli.representation.losses.contrastive import InfoNCE

from .small import CORAL, FEATURES, UNIFIED, random_batch, small
from .test_methods import learner_of

SHAPES = {"image": (76, 76, 3), "proprio": (5,)}


class Named(nn.Module):
    """A loss that returns its number."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, batch):
        return torch.tensor(self.number), {}


@pytest.mark.parametrize(("latent", "number"), [("posterior", 1.0), ("prior", 2.0)])
def test_each_kind_of_sample_has_its_own_loss(latent, number):
    step = torch.zeros(1, 1, 1)
    assert Apart(Named(1.0), Named(2.0))(LossBatch(step, step, step, latent=latent))[0] == number


def test_both_scales_have_the_rate_of_a_scale():
    losses = [InfoNCE(4, 5, 6, 7, 2, 2e-3) for _ in range(2)]
    apart = Apart(*losses)
    assert {apart.get_parameter(name): rate for name, rate in apart.learning_rates.items()} == {
        losses[0].raw_scale: 2e-3,
        losses[1].raw_scale: 2e-3,
    }
    assert Apart(Named(1.0), Named(2.0)).learning_rates == {}


def test_an_objective_s_terms_are_sums_over_both():
    """Posterior samples with one loss, prior samples with the other: the sum of two objectives with one each."""
    batch, parts = random_batch(masked=True, missing=True), []
    torch.manual_seed(0)
    apart = Apart(*(InfoNCE(4, FEATURES, 6, 5, 2, 2e-3) for _ in range(2)))
    for objective, loss in (
        (dataclasses.replace(UNIFIED, open_loop=2), apart),
        (dataclasses.replace(UNIFIED, prior=1e-9, open_loop=2), apart.posterior),
        (dataclasses.replace(UNIFIED, posterior=1e-9, open_loop=2), apart.prior),
    ):
        model = small(CORAL, objective)
        model.losses["eye"] = loss
        torch.manual_seed(3)
        parts.append(model(batch).terms["eye"].item())
    assert parts[0] == pytest.approx(parts[1] + parts[2], rel=1e-5)


def test_a_flag_makes_two_of_every_loss_and_both_learn():
    learner = learner_of(SHAPES, {"method": "u-coral", "objective.separate": True})
    plain = learner_of(SHAPES, {"method": "u-coral"})
    losses, single = (one.agent.representation.losses for one in (learner, plain))
    assert [type(loss) for loss in losses.values()] == [Apart, Apart]
    for name in SHAPES:
        sizes = [sum(p.numel() for p in one.parameters()) for one in (losses[name], single[name])]
        assert sizes[0] == 2 * sizes[1]
    metrics = learner.update(random_batch(learner.agent.sensors), shares=True)
    assert all(value.isfinite() for value in metrics.values())
    assert all(parameter.grad.abs().max() > 0 for parameter in losses.parameters())
    rates = {id(p): group["lr"] for group in learner.optimizers()["model"].param_groups for p in group["params"]}
    image = losses["image"]
    assert [rates[id(part.raw_scale)] for part in (image.posterior, image.prior)] == [2e-3, 2e-3]
    assert metrics["metric/image/scale"] == metrics["metric/image/prior_scale"]  # both at their start
    learner.update(random_batch(learner.agent.sensors))
    assert image.posterior.raw_scale.item() != image.prior.raw_scale.item()

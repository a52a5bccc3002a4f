"""The squashed Gaussian against numerical integration and torch.distributions."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal, TanhTransform, TransformedDistribution

from coral_cli.policies.tanh_gaussian import TanhGaussian


def test_log_density_agrees_with_the_transformed_distribution():
    torch.manual_seed(0)
    mean, std = torch.randn(50, 3), torch.rand(50, 3) + 0.1
    action, log_density = TanhGaussian(mean, std).sample()
    reference = Independent(TransformedDistribution(Normal(mean.double(), std.double()), TanhTransform()), 1)
    torch.testing.assert_close(log_density.double(), reference.log_prob(action.double()), rtol=1e-3, atol=1e-3)


def test_log_density_of_the_median_by_hand(monkeypatch):
    # without noise u = 0, a = 0: log p = -log(2 pi)/2 - log(std), and tanh has slope 1 there
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)
    action, log_density = TanhGaussian(torch.zeros(1, 1), torch.full((1, 1), 0.5)).sample()
    assert action.item() == 0.0
    assert log_density.item() == pytest.approx(-0.5 * math.log(2 * math.pi) - math.log(0.5))


def test_log_density_stays_finite_where_tanh_saturates():
    action, log_density = TanhGaussian(torch.full((1, 2), 40.0), torch.ones(1, 2)).sample()
    assert action.abs().max() == 1.0 and torch.isfinite(log_density).all()


def test_mean_action():
    assert TanhGaussian(torch.tensor([0.3]), torch.tensor([9.0])).mean_action.item() == pytest.approx(math.tanh(0.3))


def test_a_draw_is_a_sample_without_its_density():
    distribution = TanhGaussian(torch.randn(4, 3), torch.rand(4, 3) + 0.1)
    torch.manual_seed(0)
    action, _ = distribution.sample()
    torch.manual_seed(0)
    assert torch.equal(distribution.draw(), action)

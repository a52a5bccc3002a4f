"""The Gaussian latent against torch.distributions and hand-computed values."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from coral_cli.representation.rssm.gaussian import Gaussian


def test_kl_of_one_dimension_by_hand():
    # KL(N(1, 2^2), N(0, 1)) = log(1/2) + (4 + 1)/2 - 1/2 = 2 - log 2
    kl = Gaussian(torch.tensor([1.0]), torch.tensor([2.0])).kl(Gaussian(torch.tensor([0.0]), torch.tensor([1.0])))
    assert kl.item() == pytest.approx(2 - math.log(2))


def test_kl_agrees_with_torch_distributions():
    torch.manual_seed(0)
    p, q = (Gaussian(torch.randn(3, 4, 5), torch.rand(3, 4, 5) + 0.1) for _ in range(2))
    expected = kl_divergence(Independent(Normal(p.mean, p.std), 1), Independent(Normal(q.mean, q.std), 1))
    torch.testing.assert_close(p.kl(q), expected)


def test_kl_with_itself_is_zero():
    g = Gaussian(torch.randn(7, 3), torch.rand(7, 3) + 0.2)
    torch.testing.assert_close(g.kl(g), torch.zeros(7))


def test_std_is_softplus_plus_minimum():
    g = Gaussian.from_parameters(torch.tensor([0.5, -1.0, 0.0, 3.0]), min_std=0.1)
    assert g.mean.tolist() == [0.5, -1.0]
    assert g.std.tolist() == pytest.approx([math.log(2) + 0.1, math.log(1 + math.e**3) + 0.1])


def test_samples_have_the_right_moments_and_carry_gradients():
    torch.manual_seed(0)
    mean, std = torch.tensor([2.0], requires_grad=True), torch.tensor([0.5], requires_grad=True)
    samples = Gaussian(mean.expand(200_000, 1), std.expand(200_000, 1)).sample()
    assert samples.mean().item() == pytest.approx(2.0, abs=0.01)
    assert samples.std().item() == pytest.approx(0.5, abs=0.01)
    samples.mean().backward()
    assert mean.grad.item() == pytest.approx(1.0)  # d(mean + std * noise) / d mean

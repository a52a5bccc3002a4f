"""The latents that the scan by hand knows, against those that the method is written in."""

import pytest
import torch

from coral_cli.representation.rssm.categorical import Categoricals
from coral_cli.representation.rssm.gaussian import Gaussians

LATENTS = {"gaussian": (Gaussians(0.1), 8), "categorical": (Categoricals(4), 12)}


@pytest.fixture(autouse=True)
def double(monkeypatch):
    """Categorical logits are single otherwise."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)


@pytest.mark.parametrize("name", LATENTS)
def test_samples_and_their_gradients_are_the_same(name):
    latent, size = LATENTS[name]
    torch.manual_seed(0)
    parameters = torch.randn(6, 5, size, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(1)
    sample = latent(parameters).sample()
    torch.manual_seed(1)
    family = latent.by_hand
    noise = family.noise(parameters)
    torch.testing.assert_close(family.sample(parameters.detach(), noise), sample.detach())
    gradient, direct = torch.randn_like(sample), torch.randn_like(parameters)
    (expected,) = torch.autograd.grad((sample * gradient).sum() + (parameters * direct).sum(), parameters)
    found = torch.empty_like(parameters)
    family.pull(family.slopes(parameters.detach(), noise), gradient, direct, out=found)
    torch.testing.assert_close(found, expected)

"""By how much pixels would change the latent."""

from __future__ import annotations

import pytest
import torch

from coral_cli.inside.saliency import saliency


@pytest.fixture
def weights() -> torch.Tensor:
    """Of a linear latent: (Z, C, H, W)."""
    return torch.randn(4, 3, 2, 5, generator=torch.Generator().manual_seed(0))


def test_of_a_linear_latent_it_is_the_norm_of_its_weights(weights: torch.Tensor) -> None:
    pictures = torch.rand(6, 3, 2, 5)
    found = saliency(lambda given: torch.einsum("nchw,zchw->nz", given, weights), pictures, torch.eye(4))
    torch.testing.assert_close(found, weights.square().sum((0, 1)).sqrt().expand(6, 2, 5))


def test_of_a_square_it_is_twice_the_pixel() -> None:
    pictures = torch.rand(2, 1, 3, 3)
    found = saliency(lambda given: given.square().sum((1, 2, 3), keepdim=True)[:, :, 0, 0], pictures, torch.ones(1, 1))
    torch.testing.assert_close(found, 2 * pictures[:, 0])


def test_many_random_directions_estimate_it(weights: torch.Tensor) -> None:
    count = 4000
    directions = torch.randn(count, 4, generator=torch.Generator().manual_seed(1)) / count**0.5
    found = saliency(lambda given: torch.einsum("nchw,zchw->nz", given, weights), torch.rand(1, 3, 2, 5), directions)
    torch.testing.assert_close(found[0], weights.square().sum((0, 1)).sqrt(), rtol=0.05, atol=0)

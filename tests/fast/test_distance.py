"""The squared distance against torch's own operations."""

import pytest
import torch

from coral_cli.fast.distance import squared_distance


@pytest.mark.parametrize("shape", [(4, 3), (5, 3, 6, 7), (1, 1)])
def test_value_and_gradient_are_torch_s(shape):
    torch.manual_seed(0)
    mean, target = torch.randn(shape, dtype=torch.float64, requires_grad=True), torch.randn(shape, dtype=torch.float64)
    weights = torch.randn(shape[0], dtype=torch.float64)
    plain = (mean - target).square().flatten(1).sum(1)
    found = squared_distance(mean, target)
    torch.testing.assert_close(found, plain)
    for one, other in zip(*(torch.autograd.grad((weights * d).sum(), mean) for d in (found, plain)), strict=True):
        torch.testing.assert_close(one, other)


def test_half_precision_is_added_up_in_single():
    mean = torch.full((1, 4096), 0.1, dtype=torch.bfloat16, requires_grad=True)
    found = squared_distance(mean, torch.zeros(1, 4096))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, 4096 * mean[0, :1].float().square(), rtol=1e-5, atol=0)
    (gradient,) = torch.autograd.grad(found.sum(), mean)
    assert torch.equal(gradient, 2 * mean)

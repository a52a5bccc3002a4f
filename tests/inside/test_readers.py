"""Readers of latents: ridge regression, the share explained, networks of two layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from coral_cli.inside.probing import read_off
from coral_cli.inside.quantities import Quantity
from coral_cli.inside.ridge import Parts, explained, linear_probe, ridge
from coral_cli.inside.two_layers import two_layer_probe


def parts(values: torch.Tensor) -> Parts:
    """Three quarters to fit and to choose, the rest unseen."""
    half, end = len(values) // 2, 3 * len(values) // 4
    return Parts(values[:half], values[half:end], values[end:])


@pytest.fixture
def latents() -> torch.Tensor:
    return torch.randn(1200, 5, generator=torch.Generator().manual_seed(0))


def test_ridge_is_what_the_normal_equations_give() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(40, 7)), random.normal(size=(40, 3))
    weights = ridge(torch.from_numpy(x), torch.from_numpy(y), [1e-3, 2.0]).numpy()
    for strength, found in zip([1e-3, 2.0], weights, strict=True):
        expected = np.linalg.solve(x.T @ x + 40 * strength * np.eye(7), x.T @ y)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_ridge_of_one_number_by_hand() -> None:
    """Of x = (-1, 1) and y = (-2, 2), with X'X = 2, X'y = 4, N s = 6: 4 / 8."""
    weights = ridge(torch.tensor([[-1.0], [1.0]]), torch.tensor([[-2.0], [2.0]]), [3.0])
    torch.testing.assert_close(weights, torch.tensor([[[0.5]]]))


def test_the_share_explained_by_hand() -> None:
    """Errors 1, 0 and 0, 1; deviations from the means 1 and 2: (1, 1) and (4, 4)."""
    true = torch.tensor([[0.0, 0.0], [2.0, 4.0]])
    assert explained(torch.tensor([[1.0, 0.0], [2.0, 5.0]]), true) == pytest.approx(1 - 2 / 10)
    assert explained(true, true) == 1
    assert explained(true.mean(0).expand(2, 2), true) == 0
    assert explained(true.flip(0), true) == pytest.approx(1 - 40 / 10)


def test_what_does_not_vary_has_no_share() -> None:
    assert explained(torch.zeros(3, 1), torch.full((3, 1), 0.1)) is None


def test_a_latent_that_holds_a_quantity_and_one_that_does_not(latents: torch.Tensor) -> None:
    held = latents[:, :2] @ torch.tensor([[3.0], [-100.0]]) + 7
    other = torch.randn(len(latents), 1, generator=torch.Generator().manual_seed(1))
    wanted = [Quantity("held", "state", parts(held)), Quantity("other", "distraction", parts(other))]
    first, second = read_off(parts(latents), wanted, seed=0)
    assert (first.name, first.kind, second.name, second.kind) == ("held", "state", "other", "distraction")
    assert first.linear == pytest.approx(1, abs=1e-6) and first.two_layers == pytest.approx(1, abs=0.01)
    assert second.linear == pytest.approx(0, abs=0.05) and second.two_layers == pytest.approx(0, abs=0.1)


def test_each_target_has_the_strength_that_suits_it(latents: torch.Tensor) -> None:
    """What is asked together is answered as what is asked alone."""
    held, noise = parts(latents[:, :1]), parts(torch.randn(len(latents), 2))
    together = linear_probe(parts(latents), [held, noise])
    for found, alone in zip(together, (held, noise), strict=True):
        torch.testing.assert_close(found, linear_probe(parts(latents), [alone])[0])
    assert explained(together[0], held.unseen.double()) == pytest.approx(1, abs=1e-6)


def test_two_layers_read_what_a_line_cannot(latents: torch.Tensor) -> None:
    (reading,) = read_off(parts(latents), [Quantity("product", "state", parts(latents[:, :1] * latents[:, 1:2]))], 0)
    assert reading.linear == pytest.approx(0, abs=0.1)
    assert reading.two_layers is not None and reading.two_layers > 0.8


def test_a_seed_decides_and_the_callers_random_stream_stays(latents: torch.Tensor) -> None:
    x, y = parts(latents), [parts(torch.randn(len(latents), 1, generator=torch.Generator().manual_seed(5)))]
    before = torch.random.get_rng_state()
    (first,), (again,), (other,) = (two_layer_probe(x, y, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_constant_inputs_and_targets_do_no_harm(latents: torch.Tensor) -> None:
    x = torch.cat([latents, torch.full((len(latents), 1), 3.0)], 1)
    constant = Quantity("constant", "state", parts(torch.full((len(latents), 1), 2.0)))
    held = Quantity("held", "state", parts(latents[:, :1]))
    nothing, something = read_off(parts(x), [constant, held], 0)
    assert (nothing.linear, nothing.two_layers) == (None, None)
    assert something.linear == pytest.approx(1, abs=1e-6)


def test_nothing_asked_nothing_told(latents: torch.Tensor) -> None:
    assert read_off(parts(latents), [], 0) == []

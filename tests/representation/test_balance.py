"""The weights of posterior and prior as shares of the gradient at the latent."""

import dataclasses

import pytest
import torch

from coral_cli.representation.balance import GradientBalance
from coral_cli.representation.loss_features import LossFeatures

from .small import CORAL, UNIFIED, random_batch, small


def kinds(*weights, requires_grad=True):
    """Kinds of states (1, 2, 1) of ones, with these weights."""
    states = [torch.ones(1, 2, 1, requires_grad=requires_grad) for _ in weights]
    return [
        LossFeatures(str(i), 0, weight, f, "prior") for i, (weight, f) in enumerate(zip(weights, states, strict=True))
    ]


def balanced(balance, weights, norms):
    """The weights for losses whose gradients have these norms."""
    made = kinds(*weights)
    losses = [
        norm * (0.6 * one.features[0, 0, 0] + 0.8 * one.features[0, 1, 0])
        for norm, one in zip(norms, made, strict=True)
    ]
    return [weight.item() for weight in balance(made, losses)]


def test_equal_shares_by_hand():
    """Norms 5 and 1 have the mean 3: weights 3/5 and 3, so that both leave a gradient of 3."""
    assert balanced(GradientBalance(2), (1.0, 1.0), (5.0, 1.0)) == pytest.approx([0.6, 3.0])


def test_unequal_shares_by_hand():
    """Shares 3 : 1 and norms 2 and 6: the mean is (3 * 2 + 1 * 6) / 4 = 3, the gradients 3 * 3 and 1 * 3."""
    assert balanced(GradientBalance(2), (3.0, 1.0), (2.0, 6.0)) == pytest.approx([4.5, 0.5])


def test_norms_are_moving_averages_that_begin_with_the_first():
    balance = GradientBalance(2)
    balanced(balance, (1.0, 1.0), (5.0, 1.0))
    assert balanced(balance, (1.0, 1.0), (15.0, 1.0)) == pytest.approx([3.05 / 5.1, 3.05])  # 0.99 * 5 + 0.01 * 15 = 5.1
    assert balance.norms.tolist() == pytest.approx([5.1, 1.0])


def test_a_weight_is_raised_and_lowered_by_ten_at_most():
    """Norms 100 and 1: the mean 50.5 would raise the second's weight by as much."""
    assert balanced(GradientBalance(2), (1.0, 2.0), (100.0, 1.0))[1] == pytest.approx(20.0)
    weights = balanced(GradientBalance(2), (1.0, 99.0), (1000.0, 1.0))  # the mean is 10.99
    assert weights == pytest.approx([0.1, 99 * 10.0])


def test_a_kind_without_a_gradient_keeps_its_weight():
    assert balanced(GradientBalance(2), (1.0, 2.0), (4.0, 0.0))[1] == 2.0
    frozen = kinds(1.0, 2.0, requires_grad=False)
    losses = [torch.ones((), requires_grad=True) * one.features.sum() for one in frozen]
    assert GradientBalance(2)(frozen, losses) == [1.0, 2.0]
    constant = kinds(1.0, 2.0)
    assert GradientBalance(2)(constant, [torch.zeros(()), torch.zeros(())]) == [1.0, 2.0]


def test_without_gradients_the_averages_stay():
    balance = GradientBalance(2)
    balanced(balance, (1.0, 1.0), (5.0, 1.0))
    with torch.no_grad():
        assert balanced(balance, (1.0, 1.0), (1.0, 5.0)) == pytest.approx([0.6, 3.0])


def test_the_parts_of_an_objective_reach_the_latent_in_the_ratio_of_their_weights():
    objective = dataclasses.replace(UNIFIED, posterior=1.0, prior=2.0, balance=True)
    model, batch = small(CORAL, objective), random_batch(masked=True, missing=True)
    states = []

    class Watched(GradientBalance):
        def forward(self, kinds, losses):
            states.extend(kinds)
            return super().forward(kinds, losses)

    model.balance = Watched(2)
    losses = model(batch)
    parts = [one.features for one in states]
    gradients = torch.autograd.grad(losses.terms["eye"] + losses.terms["skin"], parts, retain_graph=True)
    norms = [gradient.norm().item() for gradient in gradients]
    assert norms[1] == pytest.approx(2 * norms[0], rel=1e-4)
    plain = [norm.item() for norm in model.balance.norms]
    assert sum(norms) == pytest.approx(plain[0] + 2 * plain[1], rel=1e-4)
    weights = {name: value for name, value in losses.metrics.items() if name.startswith("weight/")}
    assert norms == pytest.approx(
        [weights["weight/posterior"].item() * plain[0], weights["weight/prior"].item() * plain[1]], rel=1e-4
    )


def test_all_else_is_as_with_constants_of_the_same_values():
    """The same noise and the same gradient of every parameter: measuring leaves no trace."""
    balanced_model, batch = small(CORAL, dataclasses.replace(UNIFIED, balance=True)), random_batch()
    torch.manual_seed(3)
    losses = balanced_model(batch)
    losses.total.backward()
    constants = {name: losses.metrics[f"weight/{name}"].item() for name in ("posterior", "prior")}
    plain = small(CORAL, dataclasses.replace(UNIFIED, **constants))
    torch.manual_seed(3)
    plain(batch).total.backward()
    for name, parameter in plain.named_parameters():
        torch.testing.assert_close(balanced_model.get_parameter(name).grad, parameter.grad)

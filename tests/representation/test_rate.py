"""The KL's weight, steered to a target in nats per step."""

import dataclasses
import math

import pytest
import torch

from coral_cli.representation.rate import RateControl

from .small import CORAL, PREDICTIVE, VARIATIONAL, random_batch, small


def weights(control, *kls):
    """beta in each of several updates with these KLs."""
    return [control(torch.tensor(kl)).item() for kl in kls]


def test_the_weight_by_hand():
    """Target 2: log(3 / 2) and log(1 / 2) move it by a hundredth of themselves, 20 and 0.01 by a hundredth at most."""
    found = weights(RateControl(2.0), 3.0, 1.0, 20.0, 0.01, 2.0, 2.0)
    logs = [0.0, math.log(1.5), math.log(1.5) + math.log(0.5)]
    logs += [logs[-1] + 1.0, logs[-1], logs[-1]]
    assert found == pytest.approx([math.exp(0.01 * log) for log in logs], rel=1e-5)


def test_it_stops_at_ten_thousand_either_way():
    for kl, furthest in ((100.0, 1e4), (0.0, 1e-4)):
        control = RateControl(1.0)
        control.log_weight.fill_(math.log(furthest))
        assert weights(control, kl, kl) == pytest.approx([furthest] * 2, rel=1e-4)


def test_without_gradients_nothing_moves():
    control = RateControl(1.0)
    with torch.no_grad():
        assert weights(control, 5.0, 5.0) == [1.0, 1.0]


def test_a_kl_that_falls_with_its_weight_comes_to_the_target():
    """KL = 6 / (1 + beta) reaches 1.5 at beta = 3."""
    control = RateControl(1.5)
    beta = 1.0
    for _ in range(2000):
        beta = control(torch.tensor(6 / (1 + beta))).item()
    assert beta == pytest.approx(3.0, rel=1e-3)


@pytest.mark.parametrize("objective", [VARIATIONAL, PREDICTIVE])
def test_it_multiplies_the_term_of_the_kl(objective):
    plain, steered = small(CORAL, objective), small(CORAL, dataclasses.replace(objective, rate=0.5))
    batch, found = random_batch(masked=True), []
    steered.rate.log_weight.fill_(math.log(7.0))
    for model in (plain, steered):
        torch.manual_seed(3)
        found.append(model(batch))
    expected = {name: term.item() * (7.0 if name == "kl" else 1.0) for name, term in found[0].terms.items()}
    assert {name: term.item() for name, term in found[1].terms.items()} == pytest.approx(expected, rel=1e-5)
    kl = found[0].metrics["loss/kl"].item()
    assert found[1].metrics["loss/kl"].item() == pytest.approx(kl)
    assert found[1].metrics["weight/kl"].item() == pytest.approx(7.0)
    moved = math.log(7.0) + 0.01 * max(-1.0, min(1.0, math.log(kl / 0.5)))
    assert steered.rate.log_weight.item() == pytest.approx(moved)


def test_it_is_saved_with_the_weights():
    objective = dataclasses.replace(VARIATIONAL, rate=0.5)
    first, second = small(CORAL, objective), small(CORAL, objective)
    first.rate.log_weight.fill_(1.25)
    second.load_state_dict(first.state_dict())
    assert second.rate.log_weight.item() == 1.25
    assert not any(name.startswith("rate") for name in small().state_dict())

"""The loss against two loops in NumPy, and what it does with masks, scales and single sequences."""

import numpy as np
import pytest
import torch

from coral_cli.plugin import LossBatch, Sensor
from coral_cli.testing import check_loss, run
from coral_loss_barlow import BarlowOptions, build, coral_losses
from coral_loss_barlow.loss import Barlow

(RECORD,) = coral_losses()
EMBEDDING, FEATURES, DIMENSIONS = 5, 4, 3


def small(redundancy=0.3):
    torch.manual_seed(0)
    return Barlow(EMBEDDING, FEATURES, DIMENSIONS, hidden=6, layers=1, redundancy=redundancy)


def batch(sequences=3, steps=4, mask=None):
    torch.manual_seed(1)
    embedding = torch.randn(sequences, steps, EMBEDDING, requires_grad=True)
    return LossBatch(embedding, embedding, torch.randn(sequences, steps, FEATURES, requires_grad=True), mask)


def by_loops(model, given):
    """The definition, one pair of dimensions at a time."""
    valid = np.ones(given.features.shape[:2], bool) if given.mask is None else given.mask.numpy()
    with torch.no_grad():
        one = model.observation(given.embedding).double().numpy()[valid]
        other = model.state(given.features).double().numpy()[valid]
    loss = 0.0
    for i in range(DIMENSIONS):
        for j in range(DIMENSIONS):
            a, b = one[:, i], other[:, j]
            correlation = np.mean((a - a.mean()) * (b - b.mean())) / np.sqrt((a.var() + 1e-5) * (b.var() + 1e-5))
            loss += (1 - correlation) ** 2 if i == j else 0.3 * correlation**2
    return loss


SOME = torch.tensor([[True, True, False, False], [True] * 4, [False] * 4])


@pytest.mark.parametrize(
    "given", [batch(), batch(mask=SOME), batch(sequences=1)], ids=["all", "masked", "one sequence"]
)
def test_the_loss_is_its_definition(given):
    model = small()
    assert model(given)[0].item() == pytest.approx(by_loops(model, given), rel=1e-4)


def test_nothing_of_an_invalid_step_counts():
    model, given = small(), batch(mask=SOME)
    loss, _ = model(given)
    loss.backward()
    for values in (given.embedding, given.features):
        assert values.grad[SOME].abs().sum(-1).min() > 0
        assert values.grad[~SOME].abs().max() == 0


def test_two_of_the_same_that_say_different_things_cost_nothing():
    """Correlations are 1 on the diagonal and 0 off it, whatever the scales."""
    model = small()
    values = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    model.observation, model.state = torch.nn.Identity(), torch.nn.Identity()
    loss, metrics = model(LossBatch(values[None], values[None], 7 * values[None] + 2))
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert metrics["agreement"].item() == pytest.approx(1, abs=1e-4) and metrics["redundancy"] == 0


def test_saying_the_same_thing_everywhere_costs_the_redundancy():
    model = small()
    model.observation, model.state = torch.nn.Identity(), torch.nn.Identity()
    same = torch.tensor([1.0, -1, 2, -2])[None, :, None].expand(1, 4, 3)
    loss, metrics = model(LossBatch(same, same, same))
    assert loss.item() == pytest.approx(0.3 * 6, rel=1e-4)
    assert metrics["redundancy"].item() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("valid", [0, 1])
def test_too_few_steps_to_correlate_give_a_number_and_no_gradient(valid):
    mask = torch.zeros(2, 3, dtype=torch.bool)
    mask.flatten()[:valid] = True
    given = batch(2, 3, mask)
    loss, _ = small()(given)
    loss.backward()
    assert loss.item() == DIMENSIONS and given.features.grad.abs().max() == 0


def test_it_learns_to_agree():
    torch.manual_seed(0)
    hidden = torch.randn(8, 16, EMBEDDING)
    given = LossBatch(hidden, hidden, hidden[..., :FEATURES] + 0.1 * torch.randn(8, 16, FEATURES))
    model = small()
    before = model(given)[0].item()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        loss, metrics = model(given)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2 < before and metrics["agreement"] > 0.9


def test_the_options_set_the_sizes():
    sensor = Sensor("skin", "vector", (EMBEDDING,))
    model = build(BarlowOptions(projection=7, hidden=9, layers=0, redundancy=0), sensor, EMBEDDING, FEATURES)
    assert [tuple(parameter.shape) for parameter in model.parameters()] == [(7, 5), (7,), (7, 4), (7,)]


def test_the_contract_holds():
    check_loss(RECORD)


@pytest.mark.parametrize("objective", ["variational", "predictive"])
def test_it_trains(objective, tmp_path):
    toy = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --size tiny --batch-size 1 --batch-length 4"
    line = f"train {toy} --image-loss barlow --proprio-loss barlow --objective {objective} --steps 60 --quiet"
    outcome = run(f"{line} --random-episodes 1 --updates-per-step 0.2 --out {tmp_path / 'run'}", components=[RECORD])
    assert outcome.code == 0, outcome.err

"""InfoNCE against a plain NumPy loop over pairs, and the records of the losses built on it or on nothing."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from coral_cli.plugin import Sensor
from coral_cli.registry.contracts import LossBatch
from coral_cli.registry.options import with_values
from coral_cli.representation.losses.contrastive import InfoNCE
from coral_cli.representation.losses.none import NoLoss
from coral_cli.representation.records import LOSSES

COUNTS = {
    "all": lambda one, other: True,
    "other-sequences": lambda one, other: one[0] != other[0],
    "same-sequence": lambda one, other: one[0] == other[0],
}
"""Which of two different steps (sequence, step) are told apart."""


def reference(observation, state, scale, steps=None, counts=COUNTS["all"], moments=1.0):
    """-1/2N sum_i log softmax_j(s e_i.f_j)[i] + the same over i, pair by pair."""
    n, total = len(observation), 0.0
    steps = steps or [(0, i) for i in range(n)]
    scores = np.array([[scale * float(np.dot(observation[i], state[j])) for j in range(n)] for i in range(n)])
    for i in range(n):
        compared = {
            j: moments if j != i and steps[i][0] == steps[j][0] else 1.0
            for j in range(n)
            if j == i or counts(steps[i], steps[j])
        }
        total -= scores[i, i] - math.log(sum(weight * math.exp(scores[i, j]) for j, weight in compared.items()))
        total -= scores[i, i] - math.log(sum(weight * math.exp(scores[j, i]) for j, weight in compared.items()))
    return total / (2 * n)


def reference_ahead(loss, data, negatives="all"):
    """The mean of ``reference`` over k, on the pairs (t, t + k), both valid; k without pairs do not count."""
    sequences, length = data.embedding.shape[:2]
    valid = np.ones((sequences, length), bool) if data.mask is None else data.mask.numpy()
    observation = loss.observation(data.embedding).detach().numpy()
    terms = []
    for k, rho_z in enumerate([loss.state, *loss.ahead]):
        state = rho_z(data.features).detach().numpy()
        steps = [
            (b, t)
            for b in range(sequences)
            for t in range(length)
            if t + k < length and valid[b, t] and valid[b, t + k]
        ]
        if steps:
            later = [observation[b, t + k] for b, t in steps]
            states = [state[b, t] for b, t in steps]
            terms.append(reference(later, states, 1.0, steps, COUNTS[negatives], loss.moments))
    return sum(terms) / len(terms)


def batch(mask=None):
    torch.manual_seed(0)
    return LossBatch(torch.zeros(2, 3, 1), torch.randn(2, 3, 4), torch.randn(2, 3, 5), mask)


def test_it_equals_the_reference():
    data, loss = batch(), InfoNCE(4, 5, projection=6, hidden=7, layers=2, scale_lr=2e-3)
    observation = loss.observation(data.embedding.flatten(0, 1)).detach().numpy()
    state = loss.state(data.features.flatten(0, 1)).detach().numpy()
    assert loss(data)[0].item() == pytest.approx(reference(observation, state, scale=1.0), rel=1e-5)


def test_masked_steps_are_neither_positives_nor_negatives():
    mask = torch.tensor([[True, True, True], [True, False, False]])
    data, loss = batch(mask), InfoNCE(4, 5, 6, 7, 2, 2e-3)
    keep = mask.flatten().numpy()
    observation = loss.observation(data.embedding.flatten(0, 1)).detach().numpy()[keep]
    state = loss.state(data.features.flatten(0, 1)).detach().numpy()[keep]
    assert loss(data)[0].item() == pytest.approx(reference(observation, state, 1.0), rel=1e-5)


def test_two_orthogonal_pairs_by_hand():
    # logits = identity: each direction costs log(e + 1) - 1
    loss = InfoNCE(2, 2, 2, 1, 0, 2e-3)
    loss.observation = loss.state = nn.Identity()
    pairs = torch.eye(2)[None]
    value, metrics = loss(LossBatch(pairs, pairs, pairs))
    assert value.item() == pytest.approx(math.log(math.e + 1) - 1)
    assert metrics["accuracy"].item() == 1.0


def test_equal_embeddings_cost_log_n():
    loss = InfoNCE(4, 5, 6, 7, 2, 2e-3)
    same = LossBatch(torch.zeros(2, 3, 1), torch.ones(2, 3, 4), torch.ones(2, 3, 5))
    assert loss(same)[0].item() == pytest.approx(math.log(6), abs=1e-5)


def test_the_scale_starts_at_one_and_has_its_own_rate():
    loss = InfoNCE(4, 5, 6, 7, 2, 2e-3)
    assert torch.nn.functional.softplus(loss.raw_scale).item() == pytest.approx(1.0)
    assert loss.learning_rates == {"raw_scale": 2e-3}


def test_sizes_of_the_paper():
    loss = InfoNCE(1024, 264, 50, 256, 2, 2e-3)
    rho_o = 1024 * 50 + 50 + 2 * 50
    rho_z = 264 * 256 + 256 + 256 * 256 + 256 + 256 * 50 + 50 + 2 * 50
    assert sum(p.numel() for p in loss.parameters()) == rho_o + rho_z + 1


MASKS = {
    "none": None,
    "unequal": torch.tensor([[True, True, True, True], [True, False, False, False], [True, True, False, False]]),
    "holes": torch.tensor([[True, False, True, False], [False, True, False, True], [True, False, True, True]]),
}


def larger_batch(mask):
    torch.manual_seed(0)
    return LossBatch(torch.zeros(3, 4, 1), torch.randn(3, 4, 4), torch.randn(3, 4, 5), MASKS[mask])


@pytest.mark.parametrize("negatives", COUNTS)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("horizon", [1, 3, 9])
def test_negatives_and_horizon_equal_the_reference(negatives, mask, horizon):
    data, loss = larger_batch(mask), InfoNCE(4, 5, 6, 7, 2, 2e-3, negatives, horizon)
    assert loss(data)[0].item() == pytest.approx(reference_ahead(loss, data, negatives), rel=1e-5)


@pytest.mark.parametrize("negatives", COUNTS)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("moments", [0.01, 7.0])
def test_weighed_moments_equal_the_reference(negatives, mask, moments):
    data, loss = larger_batch(mask), InfoNCE(4, 5, 6, 7, 2, 2e-3, negatives, 3, moments)
    assert loss(data)[0].item() == pytest.approx(reference_ahead(loss, data, negatives), rel=1e-5)


def by_hand(negatives, horizon=1, moments=1.0):
    """InfoNCE without projections, and two sequences that are both (1, 0), (0, 1)."""
    loss = InfoNCE(2, 2, 2, 1, 0, 2e-3, negatives, horizon, moments)
    loss.observation = loss.state = nn.Identity()
    loss.ahead = nn.ModuleList(nn.Identity() for _ in range(horizon - 1))
    return loss, torch.eye(2).expand(2, 2, 2)


@pytest.mark.parametrize(
    ("negatives", "compared"),
    [
        ("all", 2 * math.e + 2),  # own 1; same sequence 0; other sequence 1 and 0
        ("other-sequences", 2 * math.e + 1),
        ("same-sequence", math.e + 1),
    ],
)
def test_negatives_by_hand(negatives, compared):
    loss, steps = by_hand(negatives)
    assert loss(LossBatch(steps, steps, steps))[0].item() == pytest.approx(math.log(compared) - 1)


def test_moments_by_hand():
    """Own 1; same sequence 0, three times; other sequence 1 and 0. What is told apart right does not depend on it."""
    loss, steps = by_hand("all", moments=3.0)
    value, metrics = loss(LossBatch(steps, steps, steps))
    assert value.item() == pytest.approx(math.log(2 * math.e + 1 + 3) - 1)
    assert metrics["accuracy"] == by_hand("all")[0](LossBatch(steps, steps, steps))[1]["accuracy"]


@pytest.mark.parametrize(("moments", "worth"), [(1.0, math.log(8 / 2)), (6.0, math.log(13 / 7)), (1e6, 0.0)])
def test_what_knowing_the_sequence_alone_is_worth(moments, worth):
    """Four sequences of two steps: log(1 + (8 - 2) / (1 + W)), the loss by chance minus that of a perfect film."""
    loss, _ = by_hand("all", moments=moments)
    sequences = torch.eye(4)[:, None].expand(4, 2, 4)
    film, nothing = 50 * sequences, torch.zeros(4, 2, 4)
    values = [loss(LossBatch(steps, steps, steps))[0].item() for steps in (nothing, film)]
    assert values[0] - values[1] == pytest.approx(worth, abs=1e-4)


def test_a_step_without_negatives_costs_nothing():
    loss, steps = by_hand("same-sequence")
    steps = (steps * torch.tensor([3.0, 5.0])[:, None, None]).requires_grad_()
    value, metrics = loss(LossBatch(steps, steps, steps, torch.tensor([[True, False], [False, True]])))
    value.backward()
    assert value.item() == 0 and metrics["accuracy"].item() == 1 and steps.grad.abs().max() == 0


def test_accuracy_counts_only_what_is_compared():
    # The state of each step fits its own embedding with 1 and the other sequence's same step with 2.
    _, steps = by_hand("all")
    states = torch.stack([steps[0], 2 * steps[1]])
    accuracies = {}
    for negatives in COUNTS:
        loss, _ = by_hand(negatives)
        accuracies[negatives] = loss(LossBatch(steps, steps, states))[1]["accuracy"].item()
    assert accuracies == {"all": 0.5, "other-sequences": 0.5, "same-sequence": 1.0}


def test_accuracy_is_the_share_of_embeddings_that_find_their_state():
    # The embeddings (1, 0) and (0, 1) fit the states with 1, 0 and 2, 3: both find their own; of the states the
    # first fits the second's embedding better.
    loss, _ = by_hand("all")
    states = torch.tensor([[[1.0, 2.0], [0.0, 3.0]]])
    assert loss(LossBatch(states, torch.eye(2)[None], states))[1]["accuracy"].item() == 1.0


def test_two_steps_ahead_by_hand():
    # k = 0: every state (1, 0), (0, 1) is its own embedding. k = 1: the states (1, 0) of both sequences against the
    # embeddings (0, 1) of both: all scores are 0, so log 2.
    loss, steps = by_hand("all", horizon=2)
    now, ahead = math.log(2 * math.e + 2) - 1, math.log(2)
    assert loss(LossBatch(steps, steps, steps))[0].item() == pytest.approx((now + ahead) / 2)


def test_what_lies_behind_the_sequence_s_end_does_not_learn():
    loss = InfoNCE(4, 5, 6, 7, 2, 2e-3, horizon=9)
    loss(larger_batch("none"))[0].backward()
    learns = [all(p.grad is not None and p.grad.abs().max() > 0 for p in part.parameters()) for part in loss.ahead]
    assert learns == [True] * 3 + [False] * 5  # t + 3 is the last there is


def test_a_distance_that_only_masked_steps_have_does_not_count():
    data, loss = larger_batch("none"), InfoNCE(4, 5, 6, 7, 2, 2e-3, horizon=3)
    holes = LossBatch(data.target, data.embedding, data.features, torch.tensor([[True, False, True, False]] * 3))
    loss(holes)[0].backward()
    assert loss.ahead[0][0][0].weight.grad is None or loss.ahead[0][0][0].weight.grad.abs().max() == 0
    assert loss.ahead[1][0][0].weight.grad.abs().max() > 0
    assert loss(holes)[0].item() == pytest.approx(reference_ahead(loss, holes), rel=1e-5)


def test_a_sensor_that_gave_nothing_at_all_costs_nothing():
    data = larger_batch("none")
    nothing = LossBatch(data.target, data.embedding, data.features, torch.zeros(3, 4, dtype=torch.bool))
    value, metrics = InfoNCE(4, 5, 6, 7, 2, 2e-3, horizon=2)(nothing)
    assert value.item() == 0 and set(metrics) == {"scale"}


def test_metrics_are_those_of_the_present_step():
    torch.manual_seed(0)
    data, loss = larger_batch("none"), InfoNCE(4, 5, 6, 7, 2, 2e-3, horizon=3)
    alone = InfoNCE(4, 5, 6, 7, 2, 2e-3)
    alone.load_state_dict({name: value for name, value in loss.state_dict().items() if not name.startswith("ahead.")})
    assert loss(data)[1] == alone(data)[1]


def record(name):
    return next(loss for loss in LOSSES if loss.name == name)


def test_only_cpc_looks_ahead_and_its_further_projections_are_named_ahead():
    image = Sensor("image", "image", (64, 64, 3))
    for name in ("cv", "cpc", "infonce"):
        loss = record(name).build(record(name).options, image, 4, 5)
        assert {parameter.split(".")[0] for parameter in loss.state_dict()} == {"observation", "state", "raw_scale"}
        assert hasattr(record(name).options, "horizon") == (name == "cpc")
    options = with_values(record("cpc").options, {"horizon": 3, "negatives": "same-sequence"})
    torch.manual_seed(0)
    built, expected = record("cpc").build(options, image, 4, 5), InfoNCE(4, 5, 50, 256, 2, 2e-3, "same-sequence", 3)
    assert [(n, p.shape) for n, p in built.named_parameters()] == [(n, p.shape) for n, p in expected.named_parameters()]
    expected.load_state_dict(built.state_dict())
    assert built(larger_batch("unequal"))[0] == expected(larger_batch("unequal"))[0]


def test_infonce_and_none_go_with_every_objective():
    for name, crop in (("infonce", True), ("none", False)):
        assert (record(name).paradigm, record(name).crop) == (None, crop)
        assert record(name).sensors == ("image", "vector", "depth")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_loss_is_a_zero_of_the_features_kind(dtype):
    data = larger_batch("none")
    loss = record("none").build(record("none").options, Sensor("touch", "vector", (3,)), 4, 5)
    value, metrics = loss(LossBatch(data.target, data.embedding, data.features.to(dtype)))
    assert isinstance(loss, NoLoss) and not list(loss.parameters())
    assert value.shape == () and value.item() == 0 and value.dtype == dtype and metrics == {}

"""Which steps are hidden, what is reconstructed from what, and that targets are as the docs say."""

import numpy as np
import pytest
import torch

from coral_cli.plugin import LossBatch, Sensor, UsageError
from coral_cli.testing import check_loss, run
from coral_loss_masked import MaskedOptions, build, coral_losses
from coral_loss_masked.loss import MaskedLatents, hidden_steps

(RECORD,) = coral_losses()
EMBEDDING, FEATURES = 5, 4
SOME = torch.tensor([[True] * 5 + [False] * 3, [True] * 8, [False] * 8])


def small(share=0.5, span=2):
    torch.manual_seed(0)
    return MaskedLatents(EMBEDDING, FEATURES, share, span, width=8, heads=2, layers=1)


def batch(sequences=3, steps=8, mask=None, seed=1):
    torch.manual_seed(seed)
    embedding = torch.randn(sequences, steps, EMBEDDING)
    return LossBatch(embedding, embedding, torch.randn(sequences, steps, FEATURES, requires_grad=True), mask)


def loss_of(model, given, seed=2):
    torch.manual_seed(seed)
    return model(given)[0]


def hidden_of(model, given, seed=2):
    torch.manual_seed(seed)
    return hidden_steps(*given.features.shape[:2], model.share, model.span, torch.device("cpu"))


def by_loops(model, given):
    """The mean squared error of standardised embeddings over valid hidden steps, in NumPy."""
    valid = np.ones(given.features.shape[:2], bool) if given.mask is None else given.mask.numpy()
    hidden = hidden_of(model, given).numpy() & valid
    with torch.no_grad():
        predicted = model.fill_in(given.features, torch.from_numpy(valid & ~hidden)).numpy()
    embedding = given.embedding.numpy()
    mean, variance = embedding[valid].mean(0), embedding[valid].var(0)
    errors = [
        np.mean((predicted[b, t] - (embedding[b, t] - mean) / np.sqrt(variance + 1e-5)) ** 2)
        for b, t in zip(*np.nonzero(hidden), strict=True)
    ]
    return np.mean(errors)


@pytest.mark.parametrize(
    "given", [batch(), batch(mask=SOME), batch(sequences=1)], ids=["all", "masked", "one sequence"]
)
def test_the_loss_is_its_definition(given):
    model = small()
    assert loss_of(model, given).item() == pytest.approx(by_loops(model, given), rel=1e-4)


def test_the_mean_of_all_embeddings_costs_one():
    model, given = small(), batch(sequences=64, steps=32)
    torch.nn.init.zeros_(model.embedding.weight)
    torch.nn.init.zeros_(model.embedding.bias)
    torch.manual_seed(2)
    loss, metrics = model(given)
    assert loss.item() == pytest.approx(1, abs=0.05)
    assert metrics["explained"].item() == pytest.approx(1 - loss.item())


def test_only_what_is_shown_tells_of_what_is_hidden():
    model, given = small(), batch(mask=SOME)
    loss_of(model, given).backward()
    reached = given.features.grad.abs().sum(-1) > 0
    shown = SOME & ~hidden_of(model, given)
    assert reached[:2].equal(shown[:2]) and shown[:2].any(1).all()
    assert not reached[2].any()


def test_neither_values_nor_targets_of_invalid_steps_count():
    model, given = small(), batch(mask=SOME)
    other = batch(seed=5)
    mixed = LossBatch(
        given.target,
        torch.where(SOME[..., None], given.embedding, other.embedding),
        torch.where(SOME[..., None], given.features, other.features),
        SOME,
    )
    assert loss_of(model, mixed).item() == pytest.approx(loss_of(model, given).item(), rel=1e-6)


def test_nothing_valid_costs_nothing():
    given = batch(mask=torch.zeros(3, 8, dtype=torch.bool))
    assert loss_of(small(), given).item() == 0


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_sequences(steps):
    given = batch(sequences=1, steps=steps)
    loss = loss_of(small(span=4), given)
    loss.backward()
    assert loss.isfinite() and given.features.grad.isfinite().all()
    assert (given.features.grad.abs().max() > 0) == (steps > 1)


@pytest.mark.parametrize(("share", "span", "count"), [(0.5, 4, 16), (0.25, 1, 8), (0.0, 8, 8), (1.0, 2, 32)])
def test_hidden_are_spans_of_the_length_asked_for(share, span, count):
    torch.manual_seed(0)
    hidden = hidden_steps(200, 32, share, span, torch.device("cpu")).numpy()
    assert (hidden.sum(1) == count).all()
    assert hidden.any(0).all() and len({row.tobytes() for row in hidden}) > (1 if share < 1 else 0)
    for row in hidden[~hidden.all(1)]:
        ring = np.roll(row, -int(np.argmin(row)))  # starts with a step that is shown
        runs = np.diff(np.flatnonzero(np.diff(np.r_[0, ring, 0])))[::2]
        assert (runs % span == 0).all(), row


def test_at_most_half_a_sequence_is_one_span():
    torch.manual_seed(0)
    assert (hidden_steps(50, 5, 0.5, 100, torch.device("cpu")).sum(1) <= 4).all()


def test_a_step_far_away_can_be_reconstructed_once_learned():
    """Every embedding of a sequence is the same linear map of the state, so whatever is shown tells what is hidden."""
    torch.manual_seed(0)
    features = torch.randn(64, 1, FEATURES).expand(-1, 8, -1)
    given = LossBatch(features, features @ torch.randn(FEATURES, EMBEDDING), features)
    model = small()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(200):
        optimizer.zero_grad()
        loss, metrics = model(given)
        loss.backward()
        optimizer.step()
    assert metrics["explained"] > 0.9


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(UsageError) as error:
        build(MaskedOptions(width=30, heads=4), Sensor("camera", "image", (64, 64, 3)), EMBEDDING, FEATURES)
    assert error.value.message == "4 attention heads do not divide 30 units evenly."
    assert error.value.hint == "Set --camera-loss.width to a multiple of 8."


def test_the_contract_holds():
    check_loss(RECORD)


@pytest.mark.parametrize("objective", ["variational", "predictive"])
def test_it_trains(objective, tmp_path):
    toy = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --size tiny --batch-length 4"
    line = f"train {toy} --image-loss masked --proprio-loss masked --objective {objective} --steps 60 --quiet"
    outcome = run(f"{line} --random-episodes 1 --updates-per-step 0.2 --out {tmp_path / 'run'}", components=[RECORD])
    assert outcome.code == 0, outcome.err

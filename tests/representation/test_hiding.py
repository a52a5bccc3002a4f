"""Images hidden from the latent for a stretch of a sequence, while the losses still count on them."""

import dataclasses

import pytest
import torch

from coral_cli.representation.hiding import hidden_stretches

from .small import BATCH, CORAL, STEPS, UNIFIED, VARIATIONAL, random_batch, small
from .test_loss_features import Spy

HIDDEN = torch.tensor([[False, False, True, True], [False] * 4, [False, True, False, False]])
"""Steps of ``random_batch`` that a test hides."""


@pytest.fixture
def hidden(monkeypatch):
    monkeypatch.setattr("coral_cli.representation.objective.hidden_stretches", lambda *_: HIDDEN)


def test_stretches_by_hand(monkeypatch):
    """T = 6, up to 3 steps: n = 1 + floor(3 u), s = 1 + floor((6 - n) v), hidden where the first number is below p."""
    chosen = torch.tensor([0.49, 0.0, 0.5, 0.2])
    size = torch.tensor([0.0, 0.99, 0.0, 0.4])  # n = 1, 3, -, 2
    place = torch.tensor([0.0, 0.99, 0.0, 0.6])  # s = 1, 1 + floor(2.97) = 3, -, 1 + floor(2.4) = 3
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.stack([chosen, size, place])[..., None])
    assert hidden_stretches(4, 6, 0.5, 3).int().tolist() == [
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 1, 1],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 1, 1, 0],
    ]


@pytest.mark.parametrize(("probability", "longest"), [(0.5, 16), (1.0, 31), (1.0, 500), (0.25, 1)])
def test_as_many_steps_are_hidden_as_it_says(probability, longest):
    torch.manual_seed(0)
    drawn, longest = hidden_stretches(20_000, 32, probability, longest), min(longest, 31)
    assert drawn.float().mean().item() == pytest.approx(probability * (longest + 1) / 64, rel=0.03)
    assert drawn.any(1).float().mean().item() == pytest.approx(probability, abs=0.02)
    assert not drawn[:, 0].any()
    begins = (drawn.int().diff(dim=1) == 1).sum(1)
    assert begins.max() == 1  # one stretch
    assert drawn.sum(1).max() == longest


def test_nothing_is_hidden_with_probability_zero():
    assert not hidden_stretches(100, 8, 0.0, 7).any()


def test_the_latent_is_that_of_a_missing_image_and_the_losses_that_of_one_that_was_there(hidden):
    batch = random_batch()
    missing = dataclasses.replace(batch, missing={"eye": HIDDEN})
    models = [small(CORAL, dataclasses.replace(VARIATIONAL, hide=hide)) for hide in (1.0, 0.0, 0.0)]
    found = []
    for model, data in zip(models, (batch, missing, batch), strict=True):
        model.losses["eye"] = Spy()
        torch.manual_seed(3)
        found.append(model(data))
    assert torch.equal(found[0].features, found[1].features)
    assert not torch.equal(found[0].features, found[2].features)
    seen = [model.losses["eye"].seen[0] for model in models]
    assert seen[0].mask is None and torch.equal(seen[1].mask, ~HIDDEN)
    assert torch.equal(seen[0].features, seen[1].features)
    assert torch.equal(seen[0].target, seen[2].target)  # the true images
    assert torch.equal(seen[0].embedding, seen[2].embedding)


def test_what_is_missing_stays_missing(hidden):
    batch = random_batch(masked=True, missing=True)
    model, plain = small(CORAL, dataclasses.replace(VARIATIONAL, hide=1.0)), small()
    both = {"eye": batch.missing["eye"] | HIDDEN, "skin": batch.missing["skin"]}
    model.losses["eye"] = Spy()
    torch.manual_seed(3)
    features = model(batch).features
    assert torch.equal(model.losses["eye"].seen[0].mask, batch.mask & ~batch.missing["eye"])
    torch.manual_seed(3)
    assert torch.equal(features, plain(dataclasses.replace(batch, missing=both)).features)


@pytest.mark.parametrize("sensor", ["eye", "skin"])
def test_prior_samples_may_count_where_images_are_hidden_alone(hidden, sensor):
    objective = dataclasses.replace(UNIFIED, hide=1.0, prior_where="hidden", open_loop=2)
    model, batch = small(CORAL, objective), random_batch(masked=True, missing=True)
    model.losses[sensor] = Spy()
    model(batch)
    valid = batch.mask & ~batch.missing[sensor]
    expected = [valid, (valid & HIDDEN)[:, 1:], (valid & HIDDEN)[:, 2:]]
    seen = model.losses[sensor].seen
    assert [one.latent for one in seen] == ["posterior", "prior", "prior"]
    assert all(torch.equal(one.mask, mask) for one, mask in zip(seen, expected, strict=True))


def test_where_nothing_is_hidden_such_prior_samples_cost_nothing(monkeypatch):
    nothing = torch.zeros(BATCH, STEPS, dtype=torch.bool)
    monkeypatch.setattr("coral_cli.representation.objective.hidden_stretches", lambda *_: nothing)
    batch, values = random_batch(), []
    for objective in (
        dataclasses.replace(UNIFIED, hide=1.0, prior_where="hidden"),
        dataclasses.replace(UNIFIED, prior=0.0),
    ):
        torch.manual_seed(3)
        losses = small(CORAL, objective)(batch)
        values.append(losses.terms["eye"].item())
        losses.total.backward()
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_an_agent_that_acts_sees_everything():
    hiding, plain = small(CORAL, dataclasses.replace(VARIATIONAL, hide=1.0)), small()
    batch, features = random_batch(), []
    given = {name: value[:, 0] for name, value in batch.observations.items()}
    for model in (hiding, plain):
        torch.manual_seed(3)
        features.append(model.step(model.initial(BATCH), batch.actions[:, 0], given)[1])
    assert torch.equal(*features)

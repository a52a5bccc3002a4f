"""A sensor that gave nothing: its embedding is zero, its loss leaves the step out, its value does not matter."""

import dataclasses

import pytest
import torch

from coral_cli.plugin import ObjectiveOptions
from coral_cli.representation.batch import Batch

from .small import BATCH, CORAL, LATENT, PREDICTIVE, SENSORS, STEPS, UNIFIED, VARIATIONAL, random_batch, small

OPEN_LOOP = ObjectiveOptions(posterior=1.0, prior=1.0, dynamics=0.5, representation=0.1, open_loop=3)
OBJECTIVES = [VARIATIONAL, PREDICTIVE, UNIFIED, OPEN_LOOP]
KINDS = [CORAL, {"eye": "infonce", "skin": "infonce"}, {"eye": "recon", "skin": "recon"}]


def outcome(model, batch):
    """Everything that training sees: total, features and gradients (none: zeros), for the same noise."""
    model.zero_grad()
    torch.manual_seed(3)
    losses = model(batch)
    losses.total.backward()
    parameters = dict(model.named_parameters())
    gradients = {name: torch.zeros_like(p) if p.grad is None else p.grad.clone() for name, p in parameters.items()}
    return {"total": losses.total.detach(), "features": losses.features} | gradients


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def replaced(batch, where, value):
    """The batch with every value of every sensor ``where`` it holds replaced."""
    observations = {name: seen.clone() for name, seen in batch.observations.items()}
    for name, seen in observations.items():
        seen[where[name]] = 255 if seen.dtype == torch.uint8 else value
    return dataclasses.replace(batch, observations=observations)


def test_valid_steps_exist_and_have_the_sensor():
    mask, missing = torch.tensor([[True, True, False]]), torch.tensor([[True, False, True]])
    empty = torch.zeros(1, 3)
    for given_mask, given_missing, expected in (
        (None, {}, None),
        (mask, {}, [[True, True, False]]),
        (None, {"eye": missing}, [[False, True, False]]),
        (mask, {"eye": missing}, [[False, True, False]]),
        (mask, {"skin": missing}, [[True, True, False]]),
    ):
        valid = Batch({}, empty, empty, empty, given_mask, given_missing).valid("eye")
        assert valid is None if expected is None else valid.tolist() == expected


@pytest.mark.parametrize("value", [1e6, 0.0])
@pytest.mark.parametrize("losses", KINDS, ids=["coral", "contrastive", "recon"])
@pytest.mark.parametrize("objective", OBJECTIVES, ids=["variational", "predictive", "unified", "open-loop"])
def test_a_missing_value_cannot_influence_anything(objective, losses, value):
    model, batch = small(losses, objective), random_batch(missing=True)
    other = replaced(batch, batch.missing, value)
    assert same(outcome(model, batch), outcome(model, other))
    ignored = dataclasses.replace(batch, missing={}), dataclasses.replace(other, missing={})
    assert not same(*(outcome(model, each) for each in ignored))  # were they not missing


@pytest.mark.parametrize("objective", OBJECTIVES, ids=["variational", "predictive", "unified", "open-loop"])
def test_nothing_behind_an_episode_s_end_can_influence_training(objective):
    model, batch = small(objective=objective), random_batch(masked=True)
    behind = ~batch.mask
    other = replaced(batch, dict.fromkeys(SENSORS, behind), 1e6)
    other = dataclasses.replace(
        other,
        rewards=batch.rewards.masked_fill(behind, 1e6),
        actions=batch.actions.masked_fill(behind[..., None], 1.0),
        terminated=batch.terminated | behind,
    )
    one, two = outcome(model, batch), outcome(model, other)
    assert same({**one, "features": one["features"][batch.mask]}, {**two, "features": two["features"][batch.mask]})


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "missing"])
def test_the_scan_is_filtering_step_by_step(missing, monkeypatch):
    """In training a missing sensor is marked, in acting it is left out."""
    model, batch = small(), random_batch(missing=missing)
    batch = dataclasses.replace(
        batch, terminated=torch.zeros_like(batch.terminated)
    )  # so that the world has all states
    noise = torch.randn(STEPS, BATCH, LATENT, generator=torch.Generator().manual_seed(3))
    draws = iter([noise, *(noise[t, b : b + 1] for b in range(BATCH) for t in range(STEPS))])
    monkeypatch.setattr(torch, "randn_like", lambda like: next(draws))
    scanned = model(batch)
    z, h = (part.unflatten(0, (BATCH, STEPS)) for part in (scanned.world.z, scanned.world.h))
    for b in range(BATCH):
        state = model.initial(1)
        for t in range(STEPS):
            there = [name for name in SENSORS if not (missing and batch.missing[name][b, t])]
            seen = {name: batch.observations[name][b : b + 1, t] for name in there}
            state, features = model.step(state, batch.actions[b : b + 1, t], seen)
            torch.testing.assert_close(features[0], scanned.features[b, t])
            torch.testing.assert_close(state.z[0], z[b, t])
            torch.testing.assert_close(state.h[0], h[b, t])
    assert next(draws, None) is None


def test_a_step_goes_on_from_a_sample_and_shows_the_mean():
    model, batch = small(), random_batch()
    given = {"skin": batch.observations["skin"][:, 0]}
    torch.manual_seed(3)
    state, features = model.step(model.initial(BATCH), batch.actions[:, 0], given)
    torch.manual_seed(3)
    noise = torch.randn(BATCH, LATENT)
    blind = torch.zeros(BATCH, model.encoders["eye"].size)
    touch = model.encoders["skin"](model.normalization("skin", given["skin"]))
    posterior = model.rssm.update(state.h, torch.cat([blind, touch], -1))
    torch.testing.assert_close(features, torch.cat([posterior.mean, state.h], -1))
    torch.testing.assert_close(state.z, posterior.mean + posterior.std * noise)


def test_a_sensor_may_be_missing_in_one_of_several_episodes_that_go_on_together():
    model, batch = small(), random_batch()
    observations = {name: values[:, 0] for name, values in batch.observations.items()}
    state, action = model.initial(BATCH), batch.actions[:, 0]
    features = model.step(state, action, observations, {"eye": torch.tensor([False, True, False])})[1]
    seeing = model.step(state, action, observations)[1]
    blind = model.step(state, action, {"skin": observations["skin"]})[1]
    torch.testing.assert_close(features, torch.stack([seeing[0], blind[1], seeing[2]]))
    assert not torch.allclose(seeing[1], blind[1])


@pytest.mark.parametrize("objective", OBJECTIVES, ids=["variational", "predictive", "unified", "open-loop"])
def test_a_sensor_missing_from_the_whole_batch_teaches_nothing_and_breaks_nothing(objective):
    batch = random_batch()
    gone = {name: torch.ones(BATCH, STEPS, dtype=torch.bool) for name in SENSORS}
    for name in SENSORS:
        model = small(objective=objective)
        found = outcome(model, dataclasses.replace(batch, missing={name: gone[name]}))
        assert all(value.isfinite().all() for value in found.values())
        own = [value for key, value in found.items() if key.startswith((f"encoders.{name}.", f"losses.{name}."))]
        assert own and all(not value.any() for value in own)


def test_missing_sensors_differ_between_sequences():
    """Only the sequence in which the eye fails has other features, and only from that step on."""
    model, batch = small(), random_batch()
    gone = torch.zeros(BATCH, STEPS, dtype=torch.bool)
    gone[1, 2] = True
    complete, partly = (
        outcome(model, dataclasses.replace(batch, missing=missing))["features"] for missing in ({}, {"eye": gone})
    )
    changed = (complete != partly).any(-1)
    assert changed.tolist() == [[False] * 4, [False, False, True, True], [False] * 4]

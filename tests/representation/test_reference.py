"""Every method's objective, value and gradient, against the plain NumPy reference: same weights, same noise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from coral_cli import builtin
from coral_cli.assembly.shorthands import METHODS

from .reference import Data, Reference, Setting
from .small import CORAL, SENSORS, WEIGHTS, random_batch, small

VARIATIONAL, PREDICTIVE, UNIFIED = WEIGHTS.values()
SETTINGS = {
    "v-coral": Setting(CORAL, **VARIATIONAL),
    "p-coral": Setting(CORAL, **PREDICTIVE),
    "u-coral": Setting(CORAL, **UNIFIED),
    "cv-same": Setting({"eye": "infonce", "skin": "infonce"}, **VARIATIONAL),
    "cpc-same": Setting({"eye": "infonce", "skin": "infonce"}, **PREDICTIVE),
    "recon-same": Setting({"eye": "recon", "skin": "recon"}, **VARIATIONAL),
    "cv-image": Setting({"eye": "infonce"}, **VARIATIONAL),
    "cpc-image": Setting({"eye": "infonce"}, **PREDICTIVE),
    "recon-image": Setting({"eye": "recon"}, **VARIATIONAL),
    # with fusion concat the representation is that of the image alone
    "cv-concat": Setting({"eye": "infonce"}, **VARIATIONAL),
    "cpc-concat": Setting({"eye": "infonce"}, **PREDICTIVE),
    "recon-concat": Setting({"eye": "recon"}, **VARIATIONAL),
}
"""What the paper's methods are made of. What their names stand for in the package is looked up there."""

EXTRA = {"weights": {"eye": 2.0, "skin": 0.3}, "variance": 0.04, "inverse": 0.7, "free_nats": 20.0}


@pytest.fixture
def noise(monkeypatch):
    """The draws of a run in order. Every torch computation in it is in double precision."""
    drawn: list[np.ndarray] = []
    random = np.random.default_rng(7)

    def randn_like(tensor):
        drawn.append(random.standard_normal(tuple(tensor.shape)))
        return torch.from_numpy(drawn[-1])

    monkeypatch.setattr(torch, "randn_like", randn_like)
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # images and logits are single otherwise
    return drawn


def objective_of(method, **changes):
    """The named method's objective as the package has it."""
    records = {record.name: record.options for record in builtin.coral_objectives()}
    return dataclasses.replace(records[METHODS[method].flags["objective"]], **changes)


@pytest.mark.parametrize("method", SETTINGS)
def test_the_named_objectives_have_the_published_weights(method):
    setting = SETTINGS[method]
    expected = {name: getattr(setting, name) for name in ("posterior", "prior", "dynamics", "representation")}
    rest = {"free_nats": 1.0, "open_loop": 1, "hide": 0.0, "hide_longest": 16, "prior_where": "everywhere"}
    off = {"rate": 0.0, "balance": False, "separate": False}
    assert dataclasses.asdict(objective_of(method)) == {**expected, **rest, **off}


def model_and_batch(method, setting, masked=False, missing=False):
    """In double precision; weights and variances are not 1, and random weights make for large KLs."""
    setting = dataclasses.replace(setting, **EXTRA)
    options = objective_of(method, open_loop=setting.open_loop, free_nats=setting.free_nats)
    model = small(setting.losses, options, setting.weights, variance=setting.variance).double()
    batch = random_batch({name: SENSORS[name] for name in setting.losses}, masked, missing)
    doubled = {name: v.double() if v.is_floating_point() else v for name, v in batch.observations.items()}
    batch = dataclasses.replace(
        batch, observations=doubled, actions=batch.actions.double(), rewards=batch.rewards.double()
    )
    return setting, model, batch


def reference(model, setting, batch, noise):
    weights = {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}
    everywhere = np.ones(batch.rewards.shape, bool)
    data = Data(
        {name: value.numpy() for name, value in batch.observations.items()},
        batch.actions.numpy(),
        batch.rewards.numpy(),
        batch.terminated.numpy(),
        everywhere if batch.mask is None else batch.mask.numpy(),
        {name: value.numpy() for name, value in batch.missing.items()},
    )
    return Reference(weights, setting, data, noise)


def check(losses, expected):
    terms = expected.terms()
    assert {name: term.item() for name, term in losses.terms.items()} == pytest.approx(terms, rel=1e-9, abs=1e-9)
    assert losses.total.item() == pytest.approx(sum(terms.values()), rel=1e-9)
    mean = np.array([[np.concatenate([expected.q[b, t][0], expected.h[b, t]]) for t in range(4)] for b in range(3)])
    np.testing.assert_allclose(losses.features.numpy(), mean, atol=1e-9)


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "missing"])
@pytest.mark.parametrize("masked", [False, True], ids=["long", "short"])
@pytest.mark.parametrize("method", SETTINGS)
def test_the_loss_of_every_method_is_the_reference_s(method, masked, missing, noise):
    setting, model, batch = model_and_batch(method, SETTINGS[method], masked, missing)
    check(model(batch), reference(model, setting, batch, noise))
    assert len(noise) == 1 + bool(setting.prior)


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "missing"])
@pytest.mark.parametrize("masked", [False, True], ids=["long", "short"])
@pytest.mark.parametrize("ahead", [2, 3])
@pytest.mark.parametrize("method", ["u-coral", "p-coral"])
def test_so_it_is_with_open_loop_predictions(method, ahead, masked, missing, noise):
    setting = dataclasses.replace(SETTINGS[method], open_loop=ahead)
    setting, model, batch = model_and_batch(method, setting, masked, missing)
    check(model(batch), reference(model, setting, batch, noise))


@pytest.mark.parametrize("method", ["v-coral", "p-coral", "u-coral"])
def test_the_gradient_of_every_method_is_the_reference_s(method, noise):
    """Central differences of the reference; what stands behind a stop-gradient is held at the unchanged weights."""
    setting, model, batch = model_and_batch(method, SETTINGS[method], masked=True, missing=True)
    model(batch).total.backward()
    held = reference(model, setting, batch, noise)
    differences = central_differences(model, setting, batch, noise, held)
    compared = {name: model.get_parameter(name).grad.flatten()[index].item() for name, index in differences}
    expected = {name: value for (name, _), value in differences.items()}
    assert compared == pytest.approx(expected, rel=1e-5, abs=1e-7)
    assert np.count_nonzero(list(expected.values())) > 0.9 * len(expected)


def central_differences(model, setting, batch, noise, held, step=1e-5):
    """d total / d weight by parameter and index, one random entry of every parameter."""
    random, found = np.random.default_rng(3), {}
    for name, parameter in model.named_parameters():
        index, values = int(random.integers(parameter.numel())), parameter.data.view(-1)
        before, totals = values[index].item(), []
        for moved in (before + step, before - step):
            values[index] = moved
            totals.append(sum(reference(model, setting, batch, noise).terms(held).values()))
        values[index] = before
        found[name, index] = (totals[0] - totals[1]) / (2 * step)
    return found


def test_some_kls_lie_above_and_some_below_the_free_nats(noise):
    """Otherwise the comparisons above would say little about the KL."""
    setting, model, batch = model_and_batch("v-coral", SETTINGS["v-coral"])
    model(batch)
    filtered = reference(model, setting, batch, noise)
    kls = np.array(filtered.kls(filtered, filtered))
    assert 3 <= (kls > setting.free_nats).sum() <= len(kls) - 3


@pytest.mark.parametrize("method", ["p-coral", "cpc-same", "cpc-image"])
def test_predictive_losses_would_differ_on_the_posterior(method, noise):
    setting, model, batch = model_and_batch(method, SETTINGS[method])
    losses = model(batch)
    filtered = reference(model, setting, batch, noise)
    prior, posterior = filtered.prior_view(1), filtered.posterior_view()
    later = {at: features for at, features in posterior.items() if at[1] >= 1}
    for name in setting.losses:
        weight = setting.weights[name]
        assert losses.terms[name].item() == pytest.approx(weight * filtered.sensor_loss(name, prior), rel=1e-9)
        assert abs(filtered.sensor_loss(name, prior) - filtered.sensor_loss(name, later)) > 0.01

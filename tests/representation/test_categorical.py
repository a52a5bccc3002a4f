"""The categorical latent: KL by hand, sample frequencies, straight-through gradients; the RSSM on it."""

import math

import numpy as np
import pytest
import torch

from coral_cli.fast.scan.families import CategoricalFamily
from coral_cli.registry.options import with_values
from coral_cli.representation.records import RSSMS
from coral_cli.representation.rssm.categorical import Categorical, Categoricals
from coral_cli.representation.rssm.gru import GruRssm


def latent(*probabilities):
    """One latent whose groups have these probabilities."""
    return Categorical(torch.tensor(probabilities).log())


def softmax(logits):
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def test_kl_of_two_groups_by_hand():
    # 1/2 log((1/2) / (1/4)) + 1/2 log((1/2) / (3/4)) = log 2 - log(3) / 2, and log 2 for a certain class
    p, q = latent([0.5, 0.5], [1 - 1e-7, 1e-7]), latent([0.25, 0.75], [0.5, 0.5])
    assert p.kl(q).item() == pytest.approx(math.log(2) - math.log(3) / 2 + math.log(2), abs=1e-5)


def test_kl_sums_over_classes_and_groups():
    random = np.random.default_rng(0)
    one, two = random.normal(size=(2, 3, 12)), random.normal(size=(2, 3, 12))
    p, q = (Categorical.from_parameters(torch.from_numpy(x).float(), classes=4) for x in (one, two))
    expected = np.zeros((2, 3))
    for index in np.ndindex(2, 3):
        for group in range(3):
            a, b = (softmax(x[index][4 * group : 4 * group + 4]) for x in (one, two))
            expected[index] += sum(a[k] * math.log(a[k] / b[k]) for k in range(4))
    np.testing.assert_allclose(p.kl(q), expected, rtol=1e-5)
    np.testing.assert_allclose(p.kl(p), np.zeros((2, 3)), atol=1e-7)


def test_extreme_logits_have_a_finite_kl_and_gradient():
    logits = torch.tensor([200.0, -200.0, 0.0], requires_grad=True)
    kl = Categorical.from_parameters(logits, 3).kl(Categorical.from_parameters(-logits, 3))
    kl.backward()
    assert kl.item() == pytest.approx(400) and logits.grad.isfinite().all()


def test_the_mean_is_the_probabilities_group_after_group():
    mean = Categorical.from_parameters(torch.tensor([0.0, math.log(3), 5.0, 5.0]), classes=2).mean
    assert mean.tolist() == pytest.approx([0.25, 0.75, 0.5, 0.5])


def test_samples_are_exactly_one_hot_in_every_group():
    torch.manual_seed(0)
    sample = Categorical.from_parameters(torch.randn(50, 7 * 5, requires_grad=True), classes=5).sample()
    groups = sample.unflatten(-1, (7, 5))
    assert sample.shape == (50, 35) and set(sample.flatten().tolist()) == {0.0, 1.0}
    assert (groups.sum(-1) == 1).all()


def test_samples_come_as_often_as_the_probabilities_say():
    torch.manual_seed(0)
    probabilities = torch.tensor([[0.1, 0.2, 0.7], [0.6, 0.4, 0.0]])
    samples = Categorical(probabilities.log().expand(200_000, 2, 3)).sample().unflatten(-1, (2, 3))
    torch.testing.assert_close(samples.mean(0), probabilities, atol=0.004, rtol=0)  # 3.5 standard errors
    assert samples[:, 1, 2].max() == 0  # an impossible class never comes
    both = (samples[:, 0, 2] * samples[:, 1, 0]).mean().item()
    assert both == pytest.approx(0.7 * 0.6, abs=0.004)  # groups are independent


@pytest.mark.parametrize("chosen", range(3))
def test_certain_classes_always_come(chosen):
    logits = torch.full((1000, 3), -200.0)
    logits[:, chosen] = 0.0
    assert (Categorical.from_parameters(logits, 3).sample()[:, chosen] == 1).all()


def test_the_largest_number_that_can_be_drawn_leads_to_the_last_possible_class(monkeypatch):
    """Sums of probabilities are 1 only but for rounding."""
    torch.manual_seed(0)
    monkeypatch.setattr(torch, "rand_like", torch.zeros_like)  # 1 minus that is drawn
    logits = torch.randn(1000, 32)
    by_hand = CategoricalFamily(32)
    for sample in (
        Categorical.from_parameters(logits, 32).sample(),
        by_hand.sample(logits, by_hand.noise(logits)),
    ):
        assert (sample[:, -1] == 1).all() and (sample.sum(1) == 1).all()
    assert latent([0.6, 0.4, 0.0]).sample().tolist() == [0, 1, 0]


def test_samples_depend_on_the_global_seed_alone():
    distribution = Categorical.from_parameters(torch.zeros(4, 30), classes=3)
    torch.manual_seed(5)
    first, second = distribution.sample(), distribution.sample()
    torch.manual_seed(5)
    assert torch.equal(distribution.sample(), first) and not torch.equal(first, second)


def test_the_gradient_of_a_sample_is_that_of_the_probabilities():
    random, step = np.random.default_rng(0), 1e-6
    logits, weight = random.normal(size=6), random.normal(size=6)  # two groups of three, a linear function behind

    def expectation(values):
        return float(weight @ softmax(values.reshape(2, 3)).reshape(6))

    numeric = [(expectation(logits + bump) - expectation(logits - bump)) / (2 * step) for bump in step * np.eye(6)]
    parameters = torch.tensor(logits, dtype=torch.float32, requires_grad=True)
    (Categorical.from_parameters(parameters, 3).sample() @ torch.tensor(weight, dtype=torch.float32)).backward()
    np.testing.assert_allclose(parameters.grad, numeric, atol=1e-5)


def test_detached_it_carries_no_gradient():
    detached = Categorical.from_parameters(torch.randn(6, requires_grad=True), 3).detach()
    assert not detached.sample().requires_grad and not detached.mean.requires_grad


def test_half_precision_parameters_are_normalised_in_full_precision():
    latent = Categorical.from_parameters(torch.randn(4, 32, dtype=torch.bfloat16), classes=32)
    assert latent.mean.dtype == torch.float32
    torch.testing.assert_close(latent.mean.sum(-1), torch.ones(4))


def test_scan_equals_predict_and_update_step_by_step():
    torch.manual_seed(0)
    model = GruRssm(5, 2, 4, 6, 6, Categoricals(3), 7, 2)
    embeddings, actions = torch.randn(3, 6, 5), torch.randn(3, 6, 2)
    torch.manual_seed(1)
    scanned = model.scan(embeddings, actions)
    torch.manual_seed(1)
    h, z = torch.zeros(3, 4), torch.zeros(3, 6)
    for t in range(6):
        h = model.predict(h, z, actions[:, t])
        posterior = model.update(h, embeddings[:, t])
        z = posterior.sample()
        torch.testing.assert_close(scanned.h[:, t], h)
        torch.testing.assert_close(scanned.z[:, t], z)
        torch.testing.assert_close(scanned.posterior.mean[:, t], posterior.mean)


def test_the_first_embedding_gets_a_gradient_through_later_samples():
    torch.manual_seed(0)
    model = GruRssm(5, 2, 4, 6, 6, Categoricals(3), 7, 2)
    embeddings = torch.randn(1, 4, 5, requires_grad=True)
    model.scan(embeddings, torch.randn(1, 4, 2)).h[:, 3].sum().backward()
    assert embeddings.grad[:, :3].abs().sum(-1).min() > 0 and embeddings.grad[:, 3].abs().max() == 0


def record():
    return next(rssm for rssm in RSSMS if rssm.name == "categorical")


def test_its_record_builds_32_groups_of_32_classes():
    model = record().build(record().options, 1324, 6)
    assert (model.latent_size, model.hidden_size) == (1024, 200)
    layers = {
        "transition": (1024 + 6) * 400 + 400 + 400 * 400 + 400,
        "gru": 3 * 200 * (400 + 200 + 2),
        "prior": 200 * 400 + 400 + 400 * 400 + 400 + 400 * 1024 + 1024,
        "posterior": (1324 + 200) * 400 + 400 + 400 * 400 + 400 + 400 * 1024 + 1024,
    }
    assert sum(p.numel() for p in model.parameters()) == sum(layers.values())


def test_its_options_reach_the_model():
    options = with_values(record().options, {"groups": 4, "classes": 5, "gru": 7, "hidden": 8, "layers": 1})
    model = record().build(options, 3, 2)
    prior = model.prior(torch.zeros(2, 7))
    assert prior.log_probabilities.shape == (2, 4, 5) and prior.sample().shape == (2, 20)
    assert [p.shape[0] for n, p in model.named_parameters() if n.startswith("prior_network")] == [8, 8, 20, 20]

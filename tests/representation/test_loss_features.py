"""The latent states that losses see: posterior samples, and prior samples one and more steps ahead."""

import pytest
import torch
from torch import nn

from coral_cli.plugin import ObjectiveOptions
from coral_cli.representation.loss_features import loss_features
from coral_cli.representation.objective import Representation

from .small import CORAL, PREDICTIVE, UNIFIED, VARIATIONAL, random_batch, small

STEPS = 6
AHEAD = ObjectiveOptions(posterior=0.5, prior=0.6, open_loop=3)


@pytest.fixture
def noise(monkeypatch):
    """Every draw of a run, in order."""
    drawn, randn_like = [], torch.randn_like

    def kept(tensor):
        drawn.append(randn_like(tensor))
        return drawn[-1]

    monkeypatch.setattr(torch, "randn_like", kept)
    return drawn


def filtered(rssm, requires_grad=False):
    """A trajectory, its prior, and the embeddings and actions that led to it."""
    torch.manual_seed(0)
    size = rssm.posterior_network[0].in_features - rssm.hidden_size
    embeddings = torch.randn(2, STEPS, size, requires_grad=requires_grad)
    actions = torch.randn(2, STEPS, 2)
    trajectory = rssm.scan(embeddings, actions)
    return trajectory, rssm.prior(trajectory.h), actions, embeddings


def rolled(rssm, trajectory, actions, start, ahead, draws):
    """[z, h] after ``ahead`` steps of the model alone from the posterior state at ``start``."""
    h, z = trajectory.h[:, start], trajectory.z[:, start]
    for level in range(1, ahead + 1):
        step = start + level
        h = rssm.predict(h, z, actions[:, step])
        prior = rssm.prior(h)
        first = 0 if level == 1 else level  # level 1 draws for every step, level 2 from step 2 on, ...
        z = prior.mean + prior.std * draws[level - 1][:, step - first]
    return torch.cat([z, h], -1)


def test_open_loop_views_are_the_model_rolled_on_by_hand(noise):
    rssm = small().rssm
    trajectory, prior, actions, _ = filtered(rssm)
    noise.clear()
    found = list(loss_features(AHEAD, rssm, trajectory, prior, actions))
    assert [one.name for one in found] == ["posterior", "prior", "prior2", "prior3"]
    assert [one.start for one in found] == [0, 1, 2, 3]
    assert [one.weight for one in found] == pytest.approx([0.5, 0.2, 0.2, 0.2])
    torch.testing.assert_close(found[0].features, torch.cat([trajectory.z, trajectory.h], -1))
    for ahead, one in enumerate(found[1:], 1):
        assert one.features.shape == (2, STEPS - ahead, rssm.hidden_size + rssm.latent_size)
        for t in range(ahead, STEPS):
            expected = rolled(rssm, trajectory, actions, t - ahead, ahead, noise)
            torch.testing.assert_close(one.features[:, t - ahead], expected)
    assert len(noise) == 3


@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_a_view_knows_nothing_observed_after_it_set_out(ahead):
    rssm = small().rssm
    trajectory, prior, actions, embeddings = filtered(rssm, requires_grad=True)
    one = list(loss_features(AHEAD, rssm, trajectory, prior, actions))[ahead]
    t = 4
    (gradient,) = torch.autograd.grad(one.features[:, t - ahead].sum(), embeddings)
    reached = gradient.abs().sum((0, 2)) > 0
    assert reached.tolist() == [step <= t - ahead for step in range(STEPS)]


@pytest.mark.parametrize(
    ("setting", "names"), [(VARIATIONAL, ["posterior"]), (PREDICTIVE, ["prior"]), (UNIFIED, ["posterior", "prior"])]
)
def test_each_paradigm_has_its_views(setting, names):
    rssm = small().rssm
    trajectory, prior, actions, _ = filtered(rssm)
    assert [one.name for one in loss_features(setting, rssm, trajectory, prior, actions)] == names


def test_without_a_prior_term_no_noise_is_drawn(noise):
    rssm = small().rssm
    trajectory, prior, actions, _ = filtered(rssm)
    noise.clear()
    list(loss_features(VARIATIONAL, rssm, trajectory, prior, actions))
    assert noise == []


class Spy(nn.Module):
    """A loss that keeps what it saw and returns 1, 2, 3, ..."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, batch):
        self.seen.append(batch)
        return torch.tensor(float(len(self.seen))), {"error": torch.tensor(10.0 * len(self.seen))}


def spied(objective, weights=None) -> Representation:
    model = small(CORAL, objective, weights)
    model.losses["eye"] = Spy()
    return model


def test_losses_see_target_embedding_and_mask_of_a_view_s_own_steps():
    model, batch = spied(AHEAD), random_batch(masked=True, missing=True)
    losses = model(batch)
    target = batch.observations["eye"].permute(0, 1, 4, 2, 3) / 255 - 0.5
    valid = batch.mask & ~batch.missing["eye"]
    for start, seen in enumerate(model.losses["eye"].seen):
        torch.testing.assert_close(seen.target, target[:, start:])
        assert torch.equal(seen.embedding, losses.embeddings["eye"][:, start:])
        assert torch.equal(seen.mask, valid[:, start:])
        assert seen.features.shape[:2] == seen.mask.shape
    assert len(model.losses["eye"].seen) == 4


def test_a_term_is_the_weighted_sum_over_the_views():
    model = spied(AHEAD, weights={"eye": 3.0})
    losses = model(random_batch())
    seen = 0.5 * 1 + 0.2 * (2 + 3 + 4)  # nats, before the sensor's own weight
    assert losses.terms["eye"].item() == pytest.approx(3.0 * seen)
    assert losses.metrics["loss/eye"].item() == pytest.approx(seen)


def test_metrics_of_later_views_carry_their_names():
    metrics = spied(AHEAD)(random_batch()).metrics
    names = ["metric/eye/error", "metric/eye/prior_error", "metric/eye/prior2_error", "metric/eye/prior3_error"]
    assert [metrics[name].item() for name in names] == [10.0, 20.0, 30.0, 40.0]
    assert spied(PREDICTIVE)(random_batch()).metrics["metric/eye/error"].item() == 10.0

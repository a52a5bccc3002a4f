"""The scan against step-by-step filtering, the paper's sizes, and what depends on what."""

import pytest
import torch

from coral_cli.representation.rssm.gaussian import Gaussians
from coral_cli.representation.rssm.gru import GruRssm


def rssm(embedding=5, action=2, hidden_size=4, latent=3, hidden=6, layers=2):
    family = Gaussians(0.1)
    return GruRssm(embedding, action, hidden_size, latent, 2 * latent, family, hidden, layers)


def test_scan_equals_predict_and_update_step_by_step():
    torch.manual_seed(0)
    model, embeddings, actions = rssm(), torch.randn(16, 6, 5), torch.randn(16, 6, 2)
    torch.manual_seed(1)
    scanned = model.scan(embeddings, actions)
    torch.manual_seed(1)
    h, z = torch.zeros(16, 4), torch.zeros(16, 3)
    for t in range(6):
        h = model.predict(h, z, actions[:, t])
        posterior = model.update(h, embeddings[:, t])
        z = posterior.sample()
        torch.testing.assert_close(scanned.h[:, t], h)
        torch.testing.assert_close(scanned.z[:, t], z)
        torch.testing.assert_close(scanned.posterior.mean[:, t], posterior.mean)
        torch.testing.assert_close(scanned.posterior.std[:, t], posterior.std)


def test_predict_is_the_gru_equations_on_the_transition_network():
    torch.manual_seed(0)
    model, h, z, a = rssm(), torch.randn(2, 4), torch.randn(2, 3), torch.randn(2, 2)
    u = model.transition(torch.cat([z, a], -1))
    gru = model.gru
    ir, iz, in_ = (u @ gru.weight_ih.T + gru.bias_ih).chunk(3, -1)
    hr, hz, hn = (h @ gru.weight_hh.T + gru.bias_hh).chunk(3, -1)
    reset, keep = torch.sigmoid(ir + hr), torch.sigmoid(iz + hz)
    expected = (1 - keep) * torch.tanh(in_ + reset * hn) + keep * h
    torch.testing.assert_close(model.predict(h, z, a), expected)


def test_no_step_sees_the_future():
    torch.manual_seed(0)
    model, embeddings, actions = (
        rssm(),
        torch.randn(1, 5, 5, requires_grad=True),
        torch.randn(1, 5, 2, requires_grad=True),
    )
    model.scan(embeddings, actions).z[:, 2].sum().backward()
    assert embeddings.grad[:, :3].abs().sum(-1).min() > 0 and embeddings.grad[:, 3:].abs().max() == 0
    # the action stored with step t led to it, so step 2 depends on actions 0, 1 and 2
    assert actions.grad[:, :3].abs().sum(-1).min() > 0 and actions.grad[:, 3:].abs().max() == 0


def test_the_prior_does_not_see_the_step_s_own_observation():
    torch.manual_seed(0)
    model, embeddings = rssm(), torch.randn(1, 4, 5, requires_grad=True)
    model.prior(model.scan(embeddings, torch.randn(1, 4, 2)).h).mean[:, 2].sum().backward()
    assert embeddings.grad[:, 1].abs().max() > 0 and embeddings.grad[:, 2:].abs().max() == 0


def test_sizes_of_the_paper():
    model = rssm(embedding=1324, action=6, hidden_size=200, latent=64, hidden=400)
    layers = {
        "transition": (64 + 6) * 400 + 400 + 400 * 400 + 400,
        "gru": 3 * 200 * (400 + 200 + 2),
        "prior": 200 * 400 + 400 + 400 * 400 + 400 + 400 * 128 + 128,
        "posterior": (1324 + 200) * 400 + 400 + 400 * 400 + 400 + 400 * 128 + 128,
    }
    assert sum(p.numel() for p in model.parameters()) == sum(layers.values())


@pytest.mark.parametrize(("batch", "steps"), [(1, 1), (1, 2), (4, 1)])
def test_smallest_batches(batch, steps):
    trajectory = rssm().scan(torch.randn(batch, steps, 5), torch.randn(batch, steps, 2))
    assert trajectory.h.shape == (batch, steps, 4) and trajectory.z.shape == (batch, steps, 3)


@pytest.mark.parametrize("sizes", [(5, 2, 4, 3), (3, 3, 3, 3)])
def test_inputs_name_the_columns_of_the_weights(sizes):
    torch.manual_seed(0)
    embedding, action, hidden, latent = sizes
    model = rssm(embedding, action, hidden, latent)
    assert list(model.inputs) == ["transition.0.weight", "posterior_network.0.weight"]

    def transition(given):
        return model.predict(torch.zeros(1, hidden), given["z"], given["action"])

    def posterior(given):
        return model.update(given["h"], given["embedding"]).mean

    for name, output in zip(model.inputs, (transition, posterior), strict=True):
        weight, blocks = model.get_parameter(name), model.inputs[name]
        assert weight.shape[1] == sum(blocks.values())
        given = {block: torch.randn(1, size) for block, size in blocks.items()}
        whole, start = output(given), 0
        for block, size in blocks.items():
            kept = weight.detach().clone()
            with torch.no_grad():
                weight[:, start : start + size] = 0  # without its columns a block is not seen
                without = output(given)
                weight.copy_(kept)
            torch.testing.assert_close(without, output({**given, block: torch.zeros(1, size)}))
            assert not torch.allclose(without, whole)
            start += size

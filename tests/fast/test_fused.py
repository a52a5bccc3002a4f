"""A filter's steps as kernels of coral's own, against the same steps in torch's operations.

Without a GPU, Triton's interpreter runs the kernels.
"""

import pytest
import torch

pytest.importorskip("triton", reason="no Triton")

from coral_cli.fast.scan import filtering, fused, stepwise
from coral_cli.representation.rssm.gaussian import Gaussians
from coral_cli.representation.rssm.gru import GruRssm

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in exp")  # in the interpreter's sigmoid

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def results(steps, monkeypatch, model, embeddings, actions, weights, half=False):
    """States, posterior and all gradients, with ``steps`` doing the filter's work."""
    monkeypatch.setattr(filtering, "steps", lambda tape: steps)
    inputs = [part.clone().requires_grad_() for part in (embeddings, actions)]
    torch.manual_seed(1)
    with torch.autocast(DEVICE, torch.bfloat16, enabled=half):
        found = model.scan(*inputs)
    outputs = [found.h, found.z, found.posterior.mean, found.posterior.std]
    loss = sum((weight * out).sum() for weight, out in zip(weights, outputs, strict=True))
    used = [*inputs, *(p for name, p in model.named_parameters() if not name.startswith("prior"))]
    return [part.detach() for part in (*outputs, *torch.autograd.grad(loss, used))]


def case(batch, layers, hidden, size, latent, steps=4, std=0.4):
    torch.manual_seed(0)
    model = GruRssm(5, 2, size, latent, 2 * latent, Gaussians(0.1), hidden, layers).to(DEVICE)
    for parameter in model.parameters():  # gates and slopes far from their values at zero
        torch.nn.init.normal_(parameter, std=std)
    inputs = [torch.randn(batch, steps, width, device=DEVICE) for width in (5, 2)]
    weights = [torch.randn(batch, steps, width, device=DEVICE) for width in (size, latent, latent, latent)]
    return model, *inputs, weights


@pytest.mark.parametrize("sizes", [(3, 1, 6, 5, 3), (17, 2, 20, 18, 7), (33, 3, 17, 16, 16)], ids=str)
def test_states_and_gradients_are_those_of_the_steps_in_torch(monkeypatch, sizes):
    """Batches and layers of less than a tile, and of more."""
    asked = case(*sizes)
    for ours, torchs in zip(*(results(way, monkeypatch, *asked) for way in (fused, stepwise)), strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-3, atol=1e-4 * float(torchs.abs().max()))


@pytest.mark.skipif(DEVICE == "cpu", reason="the interpreter has no bf16 products")
def test_in_bf16_they_are_as_near_to_fp32_as_torch_s(monkeypatch):
    asked = case(32, 2, 400, 200, 64, steps=32, std=0.05)  # else errors grow from step to step
    exact = results(stepwise, monkeypatch, *asked)
    ours, torchs = (results(way, monkeypatch, *asked, half=True) for way in (fused, stepwise))
    for one, other, true in zip(ours, torchs, exact, strict=True):
        assert (one - true).norm() < 1.2 * (other - true).norm() + 1e-6 * true.norm()


@pytest.mark.skipif(DEVICE == "cpu", reason="no GPU")
def test_on_a_gpu_they_are_taken_in_bf16(monkeypatch):
    model, embeddings, actions, _ = case(3, 1, 6, 5, 3)
    taken, forward = [], fused.forward
    monkeypatch.setattr(fused, "forward", lambda *arguments: taken.append(True) or forward(*arguments))
    for half in (False, True):
        with torch.autocast(DEVICE, torch.bfloat16, enabled=half):
            model.scan(embeddings, actions)
    assert taken == [True]

"""The scan's own gradient against torch's, through the filter step by step."""

import gc
import weakref

import pytest
import torch

from coral_cli.fast.scan import tape
from coral_cli.fast.scan.filtering import Filter
from coral_cli.representation.networks import Mlp
from coral_cli.representation.rssm.categorical import Categoricals
from coral_cli.representation.rssm.gaussian import Gaussian, Gaussians
from coral_cli.representation.rssm.gru import GruRssm

B, T, E, A, H = 16, 5, 4, 2, 6  # one drawing for all steps gives the same as one a step: of 16 sequences
FAMILIES = {"gaussian": (Gaussians(0.1), 3, 6), "categorical": (Categoricals(3), 6, 6)}


def model_of(family, layers):
    torch.manual_seed(0)
    latent, size, parameters = FAMILIES[family]
    model = GruRssm(E, A, H, size, parameters, latent, 7, layers).double()
    for parameter in model.parameters():  # gates and slopes far from their values at zero
        torch.nn.init.normal_(parameter, std=0.7)
    return model, torch.randn(B, T, E, dtype=torch.float64), torch.randn(B, T, A, dtype=torch.float64)


def step_by_step(model, embeddings, actions):
    h, z = (embeddings.new_zeros(B, size) for size in (H, model.latent_size))
    states = []
    for t in range(T):
        h = model.predict(h, z, actions[:, t])
        posterior = model.update(h, embeddings[:, t])
        z = posterior.sample()
        states.append((h, z, posterior.mean))
    return [torch.stack(parts, 1) for parts in zip(*states, strict=True)]


def scanned(model, embeddings, actions):
    trajectory = model.scan(embeddings, actions)
    return [trajectory.h, trajectory.z, trajectory.posterior.mean]


@pytest.fixture(autouse=True)
def double(monkeypatch):
    """Categorical logits are single otherwise."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)


@pytest.mark.parametrize("seen", [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)], ids=["all", "h", "z", "posterior"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_values_and_gradients_are_those_of_the_filter_step_by_step(family, layers, seen):
    model, embeddings, actions = model_of(family, layers)
    weights = [torch.randn(B, T, 6 if part == 0 else model.latent_size, dtype=torch.float64) for part in range(3)]
    results = []
    for run in (scanned, step_by_step):
        inputs = [embeddings.clone().requires_grad_(), actions.clone().requires_grad_()]
        torch.manual_seed(1)
        outputs = run(model, *inputs)
        loss = sum(use * (weight * out).sum() for use, weight, out in zip(seen, weights, outputs, strict=True))
        used = [*inputs, *(p for name, p in model.named_parameters() if not name.startswith("prior"))]
        results.append((outputs, torch.autograd.grad(loss, used, allow_unused=True, materialize_grads=True)))
    for ours, torchs in zip(*results, strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-9, atol=1e-9)


def gradients(model, embeddings, actions):
    """Of all states' sum, towards all weights."""
    torch.manual_seed(1)
    states = scanned(model, embeddings, actions)
    assert {state.dtype for state in states} == {torch.float64}
    names, weights = zip(*(pair for pair in model.named_parameters() if not pair[0].startswith("prior")), strict=True)
    return dict(zip(names, torch.autograd.grad(sum(state.sum() for state in states), weights), strict=True))


def test_products_in_half_precision_give_nearly_the_same_gradients(monkeypatch):
    """As on a GPU."""
    model, *inputs = model_of("gaussian", 2)
    embeddings, actions = (part[:3] for part in inputs)
    exact, apply = gradients(model, embeddings, actions), Filter.apply
    monkeypatch.setattr(Filter, "apply", lambda a, b, c, u, v, *d: apply(a, b, c, u.bfloat16(), v.bfloat16(), *d))
    found = gradients(model, embeddings, actions)
    error = max((found[name] - exact[name]).norm() / exact[name].norm() for name in exact)
    assert 1e-4 < error < 0.1  # weights are large here


def test_a_processor_keeps_to_single_precision(monkeypatch):
    model, embeddings, actions = model_of("gaussian", 2)
    seen, apply = [], Filter.apply
    monkeypatch.setattr(Filter, "apply", lambda *given: seen.extend(given[3:5]) or apply(*given))
    with torch.autocast("cpu", torch.bfloat16):
        model.to(torch.float32).scan(embeddings.to(torch.float32), actions.to(torch.float32))
    assert [known.dtype for known in seen] == [torch.float32] * 2


def test_the_gradient_can_be_asked_for_twice():
    model, embeddings, actions = model_of("gaussian", 2)
    embeddings.requires_grad_()
    outputs = scanned(model, embeddings, actions)
    first, second = (torch.autograd.grad(outputs[1].sum(), embeddings, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second) and first.abs().min() > 0


def test_the_last_step_s_sample_reaches_the_first_embedding():
    model, embeddings, actions = model_of("categorical", 2)
    embeddings.requires_grad_()
    scanned(model, embeddings, actions)[1][:, -1, 0].sum().backward()
    assert embeddings.grad[:, 0].abs().max() > 0


def test_frozen_weights_get_no_gradient_and_inputs_still_do():
    model, embeddings, actions = model_of("gaussian", 2)
    model.requires_grad_(False)
    embeddings.requires_grad_()
    scanned(model, embeddings, actions)[1].sum().backward()
    assert embeddings.grad.abs().max() > 0 and all(parameter.grad is None for parameter in model.parameters())


def test_a_graph_is_freed_with_its_last_output(monkeypatch):
    """An output that its own graph holds would keep all of it, update by update, until garbage is collected."""
    kept = []

    class Watched(tape.Chain):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            kept.append(weakref.ref(self))

    monkeypatch.setattr(tape, "Chain", Watched)
    model, embeddings, actions = model_of("gaussian", 2)
    gc.disable()
    try:
        outputs = scanned(model, embeddings, actions)
        outputs[1].sum().backward()
        assert [chain() is not None for chain in kept] == [True, True]
        del outputs
        assert [chain() is None for chain in kept] == [True, True]
    finally:
        gc.enable()


class Normalised(GruRssm):
    """A stranger's RSSM: layer normalisation in the transition."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.transition.append(torch.nn.LayerNorm(7))


class Halved(GruRssm):
    """Another one, with networks as they are."""

    def predict(self, h, z, action):
        return 0.5 * super().predict(h, z, action)


class Deaf(GruRssm):
    """One that hears half of what it is told."""

    def update(self, h, embedding):
        return super().update(h, 0.5 * embedding)


def used(model, embeddings, actions, run):
    """States and gradients of a loss on all of them."""
    inputs = [embeddings.clone().requires_grad_(), actions.clone().requires_grad_()]
    torch.manual_seed(1)
    outputs = run(model, *inputs)
    torch.manual_seed(2)
    loss = sum((torch.randn(output.shape, dtype=output.dtype) * output).sum() for output in outputs)
    weights = [parameter for name, parameter in model.named_parameters() if not name.startswith("prior")]
    return [*(output.detach() for output in outputs), *torch.autograd.grad(loss, [*inputs, *weights])]


class Skipping(Mlp):
    """Layers as they were, put together otherwise."""

    def forward(self, x):
        return super().forward(x) + 1.0


class Narrow(Gaussians):
    """A latent that is not the one it comes from."""

    def __call__(self, parameters):
        found = super().__call__(parameters)
        return Gaussian(found.mean, 0.5 * found.std)


def changed_elu(model):
    model.transition[1] = torch.nn.ELU(2.0)


def without_bias(model):
    model.transition[2] = torch.nn.Linear(7, 7, bias=False)
    model.posterior_network[0] = torch.nn.Linear(E + H, 7, bias=False)


def cell_without_bias(model):
    model.gru = torch.nn.GRUCell(7, H, bias=False)


def hooked(model):
    model.posterior_network[1].register_forward_hook(lambda module, given, result: 0.5 * result)


def hooked_network(model):
    model.transition.register_forward_pre_hook(lambda module, given: (0.5 * given[0],))


def hooked_backwards(model):
    model.gru.register_full_backward_hook(lambda module, entered, output: (2 * entered[0], entered[1]))


def other_network(model):
    model.transition = Skipping(*model.transition)


@pytest.mark.parametrize(
    "change",
    [changed_elu, without_bias, cell_without_bias, hooked, hooked_network, hooked_backwards, other_network],
    ids=lambda change: change.__name__,
)
def test_a_part_that_is_changed_from_outside_is_heeded(change, monkeypatch):
    monkeypatch.setattr(Filter, "apply", None)  # nothing by hand
    model, *inputs = model_of("gaussian", 2)
    change(model)
    model.double()
    for ours, torchs in zip(used(model, *inputs, scanned), used(model, *inputs, step_by_step), strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-9, atol=1e-9)


def test_a_latent_that_only_comes_from_a_known_one_is_heeded(monkeypatch):
    monkeypatch.setattr(Filter, "apply", None)
    monkeypatch.setitem(FAMILIES, "narrow", (Narrow(0.1), 3, 6))
    asked = model_of("narrow", 2)
    for ours, torchs in zip(used(*asked, scanned), used(*asked, step_by_step), strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", [Normalised, Halved, Deaf])
@pytest.mark.parametrize("family", FAMILIES)
def test_whoever_changes_the_rssm_in_plain_torch_gets_right_gradients(family, kind, monkeypatch):
    monkeypatch.setattr(Filter, "apply", None)  # nothing by hand
    torch.manual_seed(0)
    latent, size, parameters = FAMILIES[family]
    model = kind(E, A, H, size, parameters, latent, 7, 2).double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    inputs = torch.randn(B, T, E, dtype=torch.float64), torch.randn(B, T, A, dtype=torch.float64)
    for ours, torchs in zip(used(model, *inputs, scanned), used(model, *inputs, step_by_step), strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-9, atol=1e-9)


def test_the_plain_scan_is_the_one_by_hand(monkeypatch):
    asked = model_of("gaussian", 2)
    by_hand = used(*asked, scanned)
    monkeypatch.setattr("coral_cli.fast.scan.filtering.fits", lambda *_: False)
    monkeypatch.setattr(Filter, "apply", None)
    for ours, plain in zip(by_hand, used(*asked, scanned), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-9)

"""bf16: the same gradients up to its rounding, weights and states in single precision, no weights of yesterday."""

import copy
import importlib
from pathlib import Path

import pytest
import torch

from coral_cli.training.precision import chosen

CPU = torch.device("cpu")


@pytest.fixture
def subject(monkeypatch):
    """Agents at size tiny, as the benchmarks make them."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("agents").subject


@pytest.mark.parametrize("method", ["p-coral", "v-coral", "recon-same"])
def test_gradients_point_where_those_in_double_precision_point(subject, method):
    """In 8 bits a single gradient is a few per cent off; that must not add up to another direction of any part."""
    made = subject({"method": method, "size": "tiny", "precision": "bf16"}, CPU)
    model, batch = made.agent.representation, made.batch
    exact = copy.deepcopy(model).double()
    doubled = copy.copy(batch)
    object.__setattr__(doubled, "observations", {"image": batch.observations["image"]} | {
        "proprio": batch.observations["proprio"].double()})  # fmt: skip
    object.__setattr__(doubled, "actions", batch.actions.double())
    object.__setattr__(doubled, "rewards", batch.rewards.double())
    exact.normalization.forward = lambda name, value: model.normalization(name, value).double()
    gradients = {}
    for name, one, data in (("exact", exact, doubled), ("bf16", model, batch)):
        generator = torch.Generator().manual_seed(0)

        def same(like, generator=generator):
            return torch.randn(like.shape, generator=generator).to(like.dtype)

        with pytest.MonkeyPatch.context() as patch, torch.autocast("cpu", torch.bfloat16, enabled=name == "bf16"):
            patch.setattr(torch, "randn_like", same)
            total = one(data).total
        total.backward()
        gradients[name] = {k: p.grad.double().flatten() for k, p in one.named_parameters() if p.grad is not None}
    assert gradients["exact"].keys() == gradients["bf16"].keys()
    for part in ("encoders.image", "encoders.proprio", "rssm", "losses", "heads"):
        exactly, found = (
            torch.cat([g for k, g in gradients[name].items() if k.startswith(part)]) for name in ("exact", "bf16")
        )
        assert torch.cosine_similarity(exactly, found, 0) > 0.99, part
        assert found.norm() / exactly.norm() == pytest.approx(1.0, abs=0.05), part


@pytest.mark.parametrize("policy", ["sac", "imagination"])
def test_values_and_densities_are_finer_than_bf16(subject, policy):
    """Near 400 its numbers lie 2 apart."""
    learned = subject({"method": "v-coral", "size": "tiny", "precision": "bf16", "policy": policy}, CPU).agent.policy
    features, actions = torch.randn(5, learned.actor.layers[0].in_features), torch.zeros(5, 6)
    last = (
        (learned.critics.weights[-1], learned.critics.biases[-1]) if policy == "sac" else learned.value[-1].parameters()
    )
    for parameter, number in zip(last, (0.0, 400.3), strict=True):
        torch.nn.init.constant_(parameter, number)
    with torch.autocast("cpu", torch.bfloat16):
        values = learned.critics(features, actions) if policy == "sac" else learned.value(features)
        distribution = learned.actor(features)
    assert values.dtype == distribution.mean.dtype == distribution.std.dtype == torch.float32
    assert values.flatten().tolist() == pytest.approx([400.3] * values.numel())


def test_weights_and_states_stay_in_single_precision(subject):
    agent = subject({"method": "v-coral", "size": "tiny", "precision": "bf16"}, CPU)
    with torch.autocast("cpu", torch.bfloat16):
        trajectory = agent.agent.representation.rssm.scan(torch.randn(2, 3, _embedding(agent)), torch.zeros(2, 3, 6))
    assert trajectory.h.dtype == trajectory.z.dtype == trajectory.posterior.std.dtype == torch.float32
    agent.update()
    assert {value.dtype for value in agent.agent.weights().values()} == {torch.float32}


def _embedding(made) -> int:
    return sum(encoder.size for encoder in made.agent.representation.encoders.values())


def test_after_a_step_a_network_computes_with_its_new_weights():
    """autocast keeps copies of the weights; the actor learns from the critics as they are after their step."""
    from coral_cli.policies.descent import descend

    network = torch.nn.Linear(8, 8)
    optimizer = torch.optim.SGD(network.parameters(), 1.0)
    x = torch.randn(4, 8)
    with torch.autocast("cpu", torch.bfloat16):
        before = network(x)
        descend(before.float().square().mean(), network, optimizer, 1e9)
        after = network(x)
    expected = torch.nn.functional.linear(x, network.weight, network.bias)
    torch.testing.assert_close(after.float(), expected, rtol=0.05, atol=0.05)
    assert not torch.equal(before, after)


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        ({"amx_bf16": True}, "bf16"),
        ({"amx_bf16": False, "avx512_bf16": True}, "bf16"),
        ({"amx_bf16": False, "avx512_bf16": False, "avx512_f": True}, "fp32"),
        ({}, "fp32"),
    ],
)
def test_auto_is_bf16_where_there_are_units_for_it(monkeypatch, capabilities, precision):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert chosen("auto", CPU) == precision and chosen("auto", torch.device("cuda")) == "bf16"


def test_a_torch_that_does_not_know_its_processor_computes_in_fp32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert chosen("auto", CPU) == "fp32"


def test_what_is_asked_for_is_chosen_on_any_device():
    assert chosen("bf16", CPU) == "bf16" and chosen("fp32", torch.device("cuda")) == "fp32"

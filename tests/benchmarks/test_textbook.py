"""The literal implementation and coral's own: same weights, same noise, same losses, gradients and weights after."""

import importlib
from pathlib import Path
from unittest.mock import patch

import pytest
import torch


@pytest.fixture
def script(monkeypatch):
    """A benchmark by name, found as it finds those beside it."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module


@pytest.fixture(autouse=True)
def same_noise():
    """Every draw is the same number, so that the order of draws does not matter."""
    with patch.object(torch, "randn_like", lambda like: torch.full_like(like, 0.3)):
        yield


def copied(book, agent):
    """Gives ``agent`` the weights of the textbook; returns pairs of parameters, the textbook's first."""
    pairs = model_pairs(book, agent)
    actor = [value for name, value in agent.policy.actor.named_parameters() if not name.startswith("join")]
    pairs += list(zip(book.actor.parameters(), actor, strict=True))
    assign(pairs)
    with torch.no_grad():
        for weights, biases, critics in (
            (agent.policy.critics.weights, agent.policy.critics.biases, book.critics),
            (agent.policy.target_critics.weights, agent.policy.target_critics.biases, book.target_critics),
        ):
            for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
                for which, critic in enumerate(critics):
                    weight[which].copy_(critic[2 * index].weight.T)
                    bias[which, 0].copy_(critic[2 * index].bias)
    return pairs


@torch.no_grad()
def assign(pairs):
    for theirs, own in pairs:
        own.copy_(theirs)


def model_pairs(book, agent):
    """Parameters of both representations, the textbook's first."""
    ours = dict(agent.representation.named_parameters())
    names = {
        "encoders.image.layers.": "encoders.image.layers.",
        "encoders.proprio.": "encoders.proprio.layers.",
        "losses.proprio.": "losses.proprio.decoder.layers.",
        "losses.image.linear.": "losses.image.decoder.linear.",
        "losses.image.layers.": "losses.image.decoder.layers.",
        "losses.image.state.0.": "losses.image.state.0.",
        "reward.": "heads.reward.",
    }
    pairs = []
    for name, value in book.model.named_parameters():
        for theirs, own in names.items():
            if name.startswith(theirs) and own + name.removeprefix(theirs) in ours:
                name = own + name.removeprefix(theirs)
                break
        pairs.append((value, ours.pop(name)))
    assert not ours
    return pairs


@pytest.mark.parametrize("method", ["p-coral", "recon-same"])
def test_one_update_of_both(method, script):
    update, textbook = script("update"), script("textbook")
    subject = update.coral(method, "tiny", "fp32", torch.device("cpu"))
    agent, batch = subject.agent, subject.batch
    book = textbook.Textbook(update.sizes_of(subject.assembly), update.METHODS[method])
    pairs = copied(book, agent)
    images = batch.observations["image"].permute(0, 1, 4, 2, 3).float() / 255 - 0.5
    literal = textbook.TextbookBatch(images, batch.observations["proprio"], batch.actions, batch.rewards)

    ours = agent.representation(batch).terms
    for name, value in book.model(literal).items():
        torch.testing.assert_close(ours[name], value, rtol=1e-5, atol=1e-6, msg=name)
    book.update(literal)
    # The textbook computes SAC's latents with the weights after the model's step, coral re-uses those of before.
    subject.learner.step_by_step(batch)
    for theirs, own in pairs[: len(list(book.model.parameters()))]:
        torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-3, atol=1e-5 * float(theirs.grad.abs().max()) + 1e-7)


def test_the_policy_learns_alike_from_equal_latents(script):
    update, textbook = script("update"), script("textbook")
    subject = update.coral("p-coral", "tiny", "fp32", torch.device("cpu"))
    agent, batch = subject.agent, subject.batch
    book = textbook.Textbook(update.sizes_of(subject.assembly), "cpc")
    pairs = copied(book, agent)[len(list(book.model.parameters())) :]
    images = batch.observations["image"].permute(0, 1, 4, 2, 3).float() / 255 - 0.5
    literal = textbook.TextbookBatch(images, batch.observations["proprio"], batch.actions, batch.rewards)
    latents = agent.representation(batch).features
    torch.testing.assert_close(book.model.latents(literal), latents, rtol=1e-4, atol=1e-5)
    book.policy_update(latents, literal)
    from coral_cli.plugin import Experience

    agent.policy.update(Experience(latents, batch.actions, batch.rewards, batch.terminated))
    for theirs, own in pairs:
        torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-3, atol=1e-6)
        torch.testing.assert_close(own, theirs, rtol=1e-4, atol=1e-5)
    for index, weight in enumerate(agent.policy.target_critics.weights):
        for which, critic in enumerate(book.target_critics):
            torch.testing.assert_close(weight[which].T, critic[2 * index].weight, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(agent.policy.entropy_weight.raw, book.raw_weight)


def test_both_learn_alike_in_imagination(script):
    update, literal = script("update"), script("textbook_imagination")
    subject = update.coral("v-coral", "tiny", "fp32", torch.device("cpu"), "imagination")
    agent, batch = subject.agent, subject.batch
    book = literal.Imagining(update.sizes_of(subject.assembly), "cv")
    for parameter in book.target_value.parameters():
        torch.nn.init.normal_(parameter, std=0.3)  # not the value's own
    model = model_pairs(book, agent)
    parts = [(getattr(book, name), getattr(agent.policy, name)) for name in ("actor", "value", "target_value")]
    policy = [pair for parts in parts for pair in zip(*(part.parameters() for part in parts), strict=True)]
    assign(model + policy)
    images = batch.observations["image"].permute(0, 1, 4, 2, 3).float() / 255 - 0.5
    noise = script("textbook").TextbookBatch(images, batch.observations["proprio"], batch.actions, batch.rewards)
    theirs, ours = book.update(noise), subject.learner.step_by_step(batch)
    for name, value in theirs.items():
        key = f"policy/{name}" if name.endswith("_loss") else f"loss/{name}"
        if key != "loss/kl":  # which is reported without its weights
            torch.testing.assert_close(ours[key], value.detach(), rtol=1e-4, atol=1e-5, msg=name)
    for literal_one, own in [*model, *(pair for pair in policy if pair[0].requires_grad)]:
        largest = float(literal_one.grad.abs().max())
        torch.testing.assert_close(own.grad, literal_one.grad, rtol=1e-3, atol=1e-4 * largest + 1e-7)
    for literal_one, own in zip(book.target_value.parameters(), agent.policy.target_value.parameters(), strict=True):
        torch.testing.assert_close(own, literal_one, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_apart_it_updates_too(script):
    apart, textbook = script("apart"), script("textbook")
    sizes = textbook.Sizes(depth=4, hidden=8, vector_hidden=8, h=8, z=4, policy_hidden=8)
    elsewhere = apart.Apart(sizes, "cpc", "fp32", 2, 4)
    elsewhere()
    elsewhere()
    elsewhere.close()
    assert elsewhere.process.returncode == 0
    elsewhere = apart.Apart(sizes, "cpc", "fp32", 0, 4)  # no sequence, nothing to learn from
    with pytest.raises((RuntimeError, BrokenPipeError)):
        elsewhere()
    elsewhere.close()

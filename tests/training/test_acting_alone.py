"""An agent that acts in one episode gives what its parts give one by one, whatever they are and become."""

import copy
import importlib
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from coral_cli.training.agent import Memory

CPU = torch.device("cpu")


@pytest.fixture
def subject(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("agents").subject


def seen(agent, seed, *without):
    random = np.random.default_rng(seed)
    drawn = {
        name: random.integers(0, 256, (1, *sensor.shape), np.uint8)
        if sensor.kind == "image"
        else random.standard_normal((1, *sensor.shape), np.float32)
        for name, sensor in agent.sensors.items()
    }
    return {name: value for name, value in drawn.items() if name not in without}


@torch.no_grad()
def plainly(agent, observations, memory, explore, missing):
    tensors = {name: torch.from_numpy(value) for name, value in observations.items()}
    gone = {name: torch.from_numpy(where) for name, where in missing.items()}
    state, features = agent.representation.step(memory.state, memory.action, tensors, gone)
    action = agent.policy.act(agent.with_unencoded(features, tensors), explore)
    return action.numpy(), Memory(state, action)


def agree(agent, explore=False, steps=3, memory=None):
    """Act for some steps in both ways, from the same noise, and return the memory."""
    memory = agent.initial() if memory is None else memory
    last = list(agent.sensors)[-1]
    for step in range(steps):
        observations = seen(agent, step, *([last] if step == 1 else []))
        missing = {name: np.array([step == 2]) for name in agent.sensors if name not in agent.unencoded}
        torch.manual_seed(step)
        expected, after = plainly(agent, observations, memory, explore, missing)
        torch.manual_seed(step)
        found, memory = agent.act(observations, memory, explore, missing)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        for name, part in after.parts.items():
            torch.testing.assert_close(memory.parts[name], part, atol=1e-5, rtol=1e-5)
    return memory


@pytest.mark.parametrize("explore", [False, True])
@pytest.mark.parametrize(
    "flags",
    [
        {"method": "p-coral"},
        {"method": "recon-concat"},
        {"method": "proprio-sac"},
        {"method": "v-coral", "policy": "imagination"},
        {"method": "p-coral", "rssm": "categorical"},
    ],
    ids=lambda flags: "-".join(flags.values()),
)
def test_one_episode_is_acted_in_as_by_the_parts_one_by_one(subject, flags, explore):
    agree(subject({"size": "tiny", **flags}, CPU).agent, explore)


def test_weights_that_learn_are_followed_within_an_episode(subject):
    made = subject({"method": "p-coral", "size": "tiny"}, CPU)
    memory = agree(made.agent)
    made.update()
    memory = agree(made.agent, memory=memory)
    made.agent.load_weights({name: value * 1.1 for name, value in made.agent.weights().items()})
    agree(made.agent, memory=memory)


def test_threads_do_not_disturb_each_other(subject):
    agent = subject({"method": "p-coral", "size": "tiny"}, CPU).agent
    memory, given = agent.initial(), [seen(agent, seed) for seed in range(2)]
    expected = [agent.act(observations, memory, explore=False)[0] for observations in given]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as threads:
            acted = [
                threads.submit(lambda one=one: [agent.act(one, memory, explore=False)[0] for _ in range(100)])
                for one in given
            ]
            found = [each.result() for each in acted]
    finally:
        sys.setswitchinterval(interval)
    for actions, once in zip(found, expected, strict=True):
        for action in actions:
            np.testing.assert_allclose(action, once, atol=1e-5)


@pytest.mark.parametrize("part", ["rssm.gru", "encoders.proprio", "rssm.posterior_network.0"])
def test_a_hook_is_heard_from_the_next_episode_on(subject, part):
    agent = subject({"method": "p-coral", "size": "tiny"}, CPU).agent
    agree(agent)
    agent.representation.get_submodule(part).register_forward_hook(lambda module, given, output: output + 1)
    agree(agent)


def test_a_policy_of_one_s_own_acts_as_it_says(subject):
    agent = subject({"method": "p-coral", "size": "tiny"}, CPU).agent

    class Halved(type(agent.policy)):
        def act(self, features, explore):
            return super().act(features, explore) / 2

    agent.policy.__class__ = Halved
    agree(agent)


class Halving(torch.nn.Module):
    """What passes on all that it has not to the policy inside it, as wrappers do."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("inner"), name)

    def act(self, features, explore):
        return self.inner.act(features, explore) / 2


@pytest.mark.parametrize("flags", [{"method": "p-coral"}, {"method": "v-coral", "policy": "imagination"}])
def test_a_wrapped_policy_and_one_given_another_method_act_as_they_say(subject, flags):
    agent = subject({"size": "tiny", **flags}, CPU).agent
    inner = agent.policy
    agent.policy = Halving(inner)
    agree(agent)
    agent.policy = inner
    inner.act = lambda features, explore: features[:, : agent.action_size]
    agree(agent)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda agent: pickle.loads(pickle.dumps(agent))])
@pytest.mark.parametrize("flags", [{"method": "p-coral"}, {"method": "proprio-sac"}])
def test_a_copy_made_within_an_episode_acts_by_its_own_weights(subject, flags, copied):
    agent = subject({"size": "tiny", **flags}, CPU).agent
    memory = agree(agent)
    twin = copied(agent)
    twin.load_weights({name: value * 1.5 for name, value in twin.weights().items()})
    agree(twin, memory=memory)
    agree(agent, memory=memory)


@pytest.mark.parametrize("part", ["rssm", "encoders.proprio", "rssm.transition"])
def test_a_subclass_in_the_representation_computes_as_it_says(subject, part):
    agent = subject({"method": "p-coral", "size": "tiny"}, CPU).agent
    module = agent.representation.get_submodule(part)

    class Shifted(type(module)):
        def forward(self, x):
            return super().forward(x) + 1

        def update(self, h, embedding):
            return super().update(h + 1, embedding)

    module.__class__ = Shifted
    agree(agent)

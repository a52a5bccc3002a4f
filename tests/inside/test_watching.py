"""An episode watched from inside is the one that the agent plays anyway."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from coral_cli.inside.twins import Twins
from coral_cli.inside.watching import Watched, watch
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import CoralError
from coral_cli.sessions.loaded import LoadedAgent
from coral_cli.testing.toys import STEPS, ToyEnvironment
from coral_cli.training.agent import Agent
from coral_cli.training.collection import episode_seed
from coral_cli.training.collectors import OneByOne
from coral_cli.training.evaluation import evaluation_episodes

SIDE, MARGIN = 32, 4

Toy = Callable[..., Twins]


def mean(agent: Agent) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda features: agent.policy.act(features, False)


def test_it_is_the_episode_of_an_evaluation(agent: Agent, toy: Toy) -> None:
    env = toy()
    watched = [watch(agent, env, episode_seed(7, "evaluation", number), mean(agent)) for number in range(2)]
    collector = OneByOne(ToyEnvironment(Rendering(SIDE + MARGIN, SIDE + MARGIN)), keep=True)
    evaluated = list(evaluation_episodes(agent, collector, 7, 2))
    assert [each.total for each in watched] == [each.total for each in evaluated]
    for ours, theirs in zip(watched, evaluated, strict=True):
        assert theirs.arrays is not None and ours.length == STEPS
        assert np.array_equal(ours.actions.numpy(), theirs.arrays["action"])
        middle = theirs.arrays["image"][:, 2:-2, 2:-2]
        assert np.array_equal(ours.seen["image"], middle) and np.array_equal(ours.clean["image"], middle)


def test_latents_are_those_that_a_loaded_agent_tells(agent: Agent, toy: Toy) -> None:
    watched = watch(agent, toy(), 3, mean(agent))
    loaded, state = LoadedAgent(agent, agent.sensors), None
    env = ToyEnvironment(Rendering(SIDE, SIDE))
    observation, _ = env.reset(seed=3)
    torch.manual_seed(3)
    for step in range(STEPS + 1):
        action = watched.actions[step].numpy() if step else None
        features, state = loaded.features({**observation, "image": watched.seen["image"][step]}, state, action)
        np.testing.assert_allclose(features, watched.latents[step].numpy(), atol=1e-5)
        if step < STEPS:
            observation, *_ = env.step(watched.actions[step + 1].numpy())


def test_the_posterior_follows_from_h_and_the_embeddings(agent: Agent, episodes: Sequence[Watched]) -> None:
    model = agent.representation
    for watched in episodes:
        expected = model.rssm.update(watched.h, watched.embeddings).mean
        torch.testing.assert_close(watched.latents, torch.cat([expected, watched.h], -1), atol=1e-4, rtol=1e-4)
        gone = watched.embeddings[2, : model.encoders["image"].size]
        assert not gone.any() and watched.embeddings[1, : len(gone)].any()
        assert watched.missing["image"].tolist() == [step == 2 for step in range(STEPS + 1)]


def test_clean_pictures_and_hidden_states_are_those_of_an_undistracted_environment(
    episodes: Sequence[Watched],
) -> None:
    for seed, watched in enumerate(episodes):
        env = ToyEnvironment(Rendering(SIDE + MARGIN, SIDE + MARGIN))
        observation, _ = env.reset(seed=seed)
        for step in range(STEPS + 1):
            if step:
                observation, *_ = env.step(watched.actions[step].numpy())
            picture = observation["image"][2:-2, 2:-2]
            assert np.array_equal(watched.clean["image"][step], picture)
            seen = np.zeros_like(picture) if step == 2 else picture // 2 + 8 * (step + 1)
            assert np.array_equal(watched.seen["image"][step], seen)
            assert {name: value[step].tolist() for name, value in watched.hidden.items()} == {
                name: value.tolist() for name, value in env.hidden_state().items()
            }


class Dice(ToyEnvironment):
    """An environment that no seed determines, from its second step on."""

    def step(self, action):
        observation, reward, *rest = super().step(action)
        return observation, reward + np.random.default_rng().random() * (self._steps > 1), *rest


@pytest.mark.parametrize("hidden", [True, False])
def test_a_twin_that_strays_is_noticed(hidden: bool, agent: Agent) -> None:
    kind = type("Blind", (Dice,), {} if hidden else {"hidden_state": property()})
    twins = Twins(*(kind(Rendering(SIDE, SIDE)) for _ in range(2)))
    watched = watch(agent, twins, 0, mean(agent))
    assert twins.strayed and not watched.clean
    assert watched.hidden.keys() == ({"place", "speed"} if hidden else set())


def test_an_environment_that_tells_no_state_has_none(agent: Agent) -> None:
    silent = type("Silent", (ToyEnvironment,), {"hidden_state": property()})
    watched = watch(agent, Twins(silent(Rendering(SIDE, SIDE)), None), 0, mean(agent))
    assert watched.hidden == {} and "image" in watched.clean


def test_a_state_that_is_no_number_is_named(agent: Agent) -> None:
    broken = type("Broken", (ToyEnvironment,), {"hidden_state": lambda self: {"fine": [1.0], "lost": [0.0, np.nan]}})
    with pytest.raises(CoralError, match="the hidden state 'lost' of the environment is not a finite number"):
        watch(agent, Twins(broken(Rendering(SIDE, SIDE)), None), 0, mean(agent))


def test_the_callers_random_stream_stays(agent: Agent, toy: Toy) -> None:
    before = torch.random.get_rng_state()
    first, again = (watch(agent, toy(), 1, lambda features: agent.policy.act(features, True)) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first.actions, again.actions) and torch.equal(first.z, again.z)

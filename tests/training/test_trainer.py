"""The loop on a toy: its schedule, what is learned from, and what is saved."""

from types import MappingProxyType

import numpy as np
import pytest
import torch

from coral_cli.registry.errors import CoralError
from coral_cli.training.agent import Agent
from coral_cli.training.batches import Batching
from coral_cli.training.collectors import OneByOne
from coral_cli.training.replay import Replay
from coral_cli.training.updates import Updates

from .walk import LENGTH, SENSORS, Run, Walk, agent, finished, learner


def test_the_schedule_of_the_paper():
    run = finished()
    episodes = run.of("episode")
    assert [event.step for event in episodes] == [18 * n for n in range(1, 11)]  # nine actions of two steps each
    assert [event.values["random"] for event in episodes] == [True] * 2 + [False] * 8
    # ceil(9 / 2) = 5 updates after the last random episode and after every later one
    assert run.trainer.progress.updates == 5 * 9
    assert [event.step for event in run.of("evaluation")] == [72, 144, 180]  # every 4 episodes and at the end
    evaluation = run.of("evaluation")[0].values
    assert evaluation["episodes"] == 3 and evaluation["length/mean"] == LENGTH and evaluation["success/mean"] == 1.0
    assert run.events[-1].kind == "checkpoint"


def test_normalization_comes_from_the_random_episodes():
    run = Run(steps=36)
    run.trainer.run()
    place = run.trainer.replay.everything("place")
    normalization = run.trainer.agent.representation.normalization
    np.testing.assert_allclose(normalization.place_mean, place.mean(0), rtol=1e-5)
    np.testing.assert_allclose(normalization.place_std, [place[:, 0].std(), 1.0], rtol=1e-5)  # the second is constant


def test_evaluation_changes_nothing_in_training():
    with_it, without = finished(eval_every=1), finished(eval_every=0)
    ours, theirs = (run.trainer.agent.representation.state_dict() for run in (with_it, without))
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=0)


def test_the_same_seed_gives_the_same_run():
    first, second = finished(), finished()
    assert [e.values["return"] for e in first.of("episode")] == [e.values["return"] for e in second.of("episode")]


def test_values_where_a_sensor_is_missing_do_not_count_for_normalization():
    one, replay = learner(), Replay(SENSORS, 1, 100)
    place = np.array([[1, 9], [3, 9], [0, 0], [0, 0]], np.float32)
    arrays = {"place": place, "action": np.zeros((4, 1)), "reward": np.zeros(4), "terminated": np.zeros(4, bool)}
    replay.add(arrays | {"missing": np.array([[False], [False], [True], [True]])})
    Updates(one, replay, Batching(0, 4, 5, 0)).fit_normalization()
    assert one.agent.representation.normalization.place_mean.tolist() == [2, 9]
    assert one.agent.representation.normalization.place_std.tolist() == [1, 1]


def test_the_best_checkpoint_is_that_of_the_best_evaluation():
    class Noting(Run):
        def save(self, state, best):
            self.saved.append((state["progress"]["best_return"], best))
            return "x.pt"

    run = Noting(eval_every=1)
    run.trainer.run()
    means = [event.values["return/mean"] for event in run.of("evaluation")]
    rising = [mean for index, mean in enumerate(means) if mean > max(means[:index], default=-np.inf)]
    assert [value for value, best in run.saved if best] == rising and len(rising) < len(means)


def test_evaluation_does_not_explore():
    class Noting(Agent):
        def act(self, observations, memory, explore, missing=MappingProxyType({})):
            explored.add(explore)
            return super().act(observations, memory, explore, missing)

    explored, one = set(), agent()
    one.__class__ = Noting
    list(OneByOne(Walk()).evaluated(one, [1], lambda: False))
    assert explored == {False}
    list(OneByOne(Walk()).exploring_episodes(one, [1], lambda: False))
    assert explored == {False, True}


def test_a_checkpoint_s_weights_are_named_by_the_paper_s_parts():
    names = set(agent().weights())
    assert {"encoders.place.layers.0.weight", "rssm.gru.weight_ih", "losses.place.decoder.layers.0.weight"} < names
    assert {"heads.reward.0.weight", "policy.actor.layers.0.weight", "policy.critics.weights.0"} < names


@pytest.mark.parametrize(("seconds", "updates"), [(0.0, 1), (1e9, 5)], ids=["at once", "at the end of the block"])
def test_a_loss_that_is_no_number_stops_the_run_before_it_is_saved(seconds, updates, monkeypatch):
    monkeypatch.setattr("coral_cli.training.updates.REPORT_SECONDS", seconds)
    run = Run()
    run.trainer.agent.representation.heads["reward"][0].weight.data.fill_(float("nan"))
    with pytest.raises(CoralError, match=rf"loss/\w+ is not a finite number after {updates} updates"):
        run.trainer.run()
    assert not run.saved


def test_no_gradient_of_the_policy_reaches_the_representation():
    run = Run(lr=0.0)
    before = {name: value.clone() for name, value in run.trainer.agent.representation.named_parameters()}
    actor = run.trainer.agent.policy.actor.layers[0].weight.clone()
    run.trainer.run()
    for name, value in run.trainer.agent.representation.named_parameters():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert not torch.equal(actor, run.trainer.agent.policy.actor.layers[0].weight)


def test_a_budget_of_random_episodes_says_so():
    run = Run(steps=18, eval_every=0)
    run.trainer.run()
    assert "nothing is learned" in run.of("warning")[0].values["message"]

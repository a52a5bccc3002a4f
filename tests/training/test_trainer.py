"""The loop on a toy: its schedule, interruption and resumption, what a checkpoint carries."""

from types import MappingProxyType

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict

from coral_cli.plugin import ObjectiveOptions, PolicyInputs, Sensor
from coral_cli.policies.options import SacOptions
from coral_cli.policies.sac import Sac
from coral_cli.registry.errors import CoralError
from coral_cli.representation.encoders.mlp import MlpEncoder
from coral_cli.representation.heads import HeadSizes
from coral_cli.representation.losses.reconstruction import Reconstruction, VectorDecoder
from coral_cli.representation.objective import Representation, Term
from coral_cli.representation.rssm.gaussian import Gaussians
from coral_cli.representation.rssm.gru import GruRssm
from coral_cli.training.agent import Agent
from coral_cli.training.batches import Batching
from coral_cli.training.collection_async import AsyncCollection
from coral_cli.training.collectors import OneByOne
from coral_cli.training.interruption import Interruption
from coral_cli.training.learner import Learner, LearnerOptions
from coral_cli.training.replay import Replay
from coral_cli.training.trainer import Schedule, Trainer
from coral_cli.training.updates import Updates

SENSORS = {"place": Sensor("place", "vector", (2,))}
LENGTH, REPEAT = 9, 2


class Walk(gymnasium.Env):
    """A point on a line with a seeded start; the reward is its closeness to 0."""

    observation_space = Dict(place=Box(-np.inf, np.inf, (2,), np.float32))
    action_space = Box(-1, 1, (1,), np.float32)
    action_repeat = REPEAT

    def reset(self, *, seed=None, options=None):
        self._place, self._steps = np.random.default_rng(seed).uniform(-1, 1), 0
        return self._observe(), {}

    def step(self, action):
        self._place, self._steps = self._place + 0.2 * float(action[0]), self._steps + 1
        return self._observe(), -abs(self._place), False, self._steps == LENGTH, {"metrics": {"success": 1.0}}

    def _observe(self):
        return {"place": np.array([self._place, 7.0], np.float32)}


def learner(lr=1e-3, **options):
    return Learner(agent(), LearnerOptions(lr, options.pop("clip", 10.0), **options))


def agent():
    torch.manual_seed(0)
    rssm = GruRssm(6, 1, 8, 4, 8, Gaussians(0.1), 8, 1)
    loss = Term(Reconstruction(VectorDecoder(12, 2, 8, 1), 1.0))
    model = Representation(
        SENSORS, {"place": MlpEncoder(2, 6, 1)}, rssm, {"place": loss}, ObjectiveOptions(), HeadSizes(), 1
    )
    policy = Sac(PolicyInputs(12), 1, SacOptions(hidden=8, layers=1))
    return Agent(model, policy, SENSORS, 1, torch.device("cpu"))


class Run:
    """A trainer, with everything it emitted and saved; ``collector`` and ``evaluator`` are made of an interruption."""

    def __init__(
        self,
        steps=180,
        directory=None,
        lr=1e-3,
        lr_drops=(),
        lr_drop_factor=1.0,
        actor=None,
        collector=lambda _: OneByOne(Walk()),
        evaluator=lambda _: OneByOne(Walk()),
        **schedule,
    ):
        self.events, self.saved, self.interruption = [], [], Interruption()
        values = {
            "steps": steps,
            "seed": 3,
            "random_episodes": 2,
            "updates_per_step": 0.5,
            "batch_size": 4,
            "batch_length": 5,
            "eval_every": 4,
            "eval_episodes": 3,
            "checkpoint_every": 3,
            "film_every": 0,
            "crop_margin": 0,
        }
        plan, self.collector = Schedule(**(values | schedule)), collector(self.interruption)
        self.learner = learner(lr, lr_drops=lr_drops, lr_drop_factor=lr_drop_factor)
        updates = Updates(self.learner, Replay(SENSORS, 1, 500, directory), plan)
        self.async_collection = actor and AsyncCollection(self.collector, actor, self.interruption.__bool__)
        self.trainer = Trainer(updates, self.collector, evaluator(self.interruption), plan, self, self.async_collection)

    def emit(self, event):
        self.events.append(event)

    def save(self, state, best):
        self.saved.append(state)
        return "best.pt" if best else "latest.pt"

    def of(self, kind):
        return [event for event in self.events if event.kind == kind]


def finished(**schedule):
    run = Run(**schedule)
    run.trainer.run()
    return run


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


@pytest.mark.parametrize(
    "stop_at",
    [
        ("episode", 3),
        pytest.param(("update", 1), marks=pytest.mark.slow),
        pytest.param(("evaluation", 1), marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path, stop_at, monkeypatch):
    """At every kind of moment: the resumed run ends in the same weights as one that was never stopped."""
    monkeypatch.setattr("coral_cli.training.updates.REPORT_SECONDS", 0.0)
    whole = Run(directory=tmp_path / "whole")
    whole.trainer.run()

    class Stopped(Run):
        def emit(self, event):
            super().emit(event)
            if len(self.of(stop_at[0])) == stop_at[1]:
                self.interruption.signal = 2

    first = Stopped(directory=tmp_path / "parts")
    first.trainer.run()
    assert first.trainer.progress.steps < 180

    second = Run(directory=tmp_path / "parts")
    second.trainer.load_state_dict(first.saved[-1])
    second.trainer.run()
    expected, got = (run.trainer.agent.representation.state_dict() for run in (whole, second))
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=0, atol=0)
    assert second.trainer.progress.updates == whole.trainer.progress.updates
    assert second.trainer.replay.next_serial == whole.trainer.replay.next_serial


class CutOff(Walk):
    """Interrupts the run ``at`` an action, counted over all episodes."""

    def __init__(self, interruption, at):
        self._interruption, self._left = interruption, at

    def step(self, action):
        self._left -= 1
        if not self._left:
            self._interruption.signal = 2
        return super().step(action)


class Breaking(Walk):
    """Raises ``at`` an action, counted over all episodes."""

    def __init__(self, at):
        self._left = at

    def step(self, action):
        self._left -= 1
        if not self._left:
            raise ValueError("the floor is gone")
        return super().step(action)


@pytest.mark.parametrize("at", [5, 4 * LENGTH + 5])
def test_what_an_error_in_an_episode_leaves_goes_on_as_if_nothing_had_happened(tmp_path, at):
    whole = Run(directory=tmp_path / "whole")
    whole.trainer.run()
    first = Run(directory=tmp_path / "parts", collector=lambda _: OneByOne(Breaking(at)))
    with pytest.raises(ValueError, match="the floor is gone"):
        first.trainer.run()
    first.trainer.checkpoint()
    second = Run(directory=tmp_path / "parts")
    second.trainer.load_state_dict(first.saved[-1])
    second.trainer.run()
    expected, got = (run.trainer.agent.weights() for run in (whole, second))
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=0, atol=0)


def in_rounds(env, count):
    """A collector that plays ``count`` episodes at a time, one after the other."""
    collector = OneByOne(env)
    collector.count = count
    return collector


@pytest.mark.parametrize(
    ("count", "at"),
    [
        (1, 5),
        pytest.param(1, 4 * LENGTH + 5, marks=pytest.mark.slow),
        pytest.param(1, 5 * LENGTH, marks=pytest.mark.slow),
        (3, 6 * LENGTH + 5),
    ],
)
def test_episodes_that_are_cut_off_leave_no_trace(tmp_path, count, at):
    whole = Run(directory=tmp_path / "whole", collector=lambda _: in_rounds(Walk(), count))
    whole.trainer.run()

    first = Run(directory=tmp_path / "parts", collector=lambda interruption: in_rounds(CutOff(interruption, at), count))
    first.trainer.run()
    second = Run(directory=tmp_path / "parts", collector=lambda _: in_rounds(Walk(), count))
    second.trainer.load_state_dict(first.saved[-1])
    second.trainer.run()
    returns = [event.values["return"] for run in (first, second) for event in run.of("episode")]
    assert returns == [event.values["return"] for event in whole.of("episode")]
    expected, got = (run.trainer.agent.weights() for run in (whole, second))
    for name in expected:
        torch.testing.assert_close(got[name], expected[name], rtol=0, atol=0)
    assert second.trainer.progress.updates == whole.trainer.progress.updates


def test_transitions_that_are_gone_are_told():
    run = finished()
    state = {**run.saved[-1], "replay": {"next_serial": 10, "size": 107}}
    run.trainer.load_state_dict(state)
    assert run.trainer.remark.startswith("7 transitions are gone")
    assert finished().trainer.remark == ""


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

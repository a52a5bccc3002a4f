"""What an agent costs, and what is held."""

import numpy as np
import pytest
import torch

from coral_cli.measuring import learning as module
from coral_cli.measuring.learning import acting_time, learning
from coral_cli.measuring.memory import held
from coral_cli.measuring.noise import noise, noise_replay
from coral_cli.plugin import Sensor
from coral_cli.policies.options import SacOptions
from coral_cli.policies.sac import Sac
from coral_cli.registry.contracts import PolicyInputs
from coral_cli.representation.no_representation import NoRepresentation
from coral_cli.training.agent import Agent
from coral_cli.training.batches import Batching
from coral_cli.training.learner import Learner, LearnerOptions

CPU = torch.device("cpu")
STORED = {"camera": Sensor("camera", "image", (6, 8, 3)), "lidar": Sensor("lidar", "depth", (6, 8, 1))}
STORED |= {"touch": Sensor("touch", "vector", (5,))}
TOUCH = {"touch": STORED["touch"]}
ACTIONS, BATCHING = 2, Batching(seed=0, batch_size=3, batch_length=4, crop_margin=0)


@pytest.fixture
def agent():
    policy = Sac(PolicyInputs(0, {"touch": 5}), ACTIONS, SacOptions(hidden=4, layers=1))
    return Agent(NoRepresentation(), policy, TOUCH, ACTIONS, CPU)


@pytest.fixture
def learner(agent):
    return Learner(agent, LearnerOptions(lr=1e-3, clip=1.0))


def test_noise_is_what_an_environment_could_give():
    random = np.random.default_rng(0)
    camera, lidar, touch = (noise(sensor, 50, random) for sensor in STORED.values())
    assert camera.shape == (50, 6, 8, 3) and camera.dtype == np.uint8
    assert (camera.min(), camera.max()) == (0, 255)
    assert lidar.shape == (50, 6, 8, 1) and lidar.dtype == np.float32 and 0 <= lidar.min() < 0.1 < 3.9 < lidar.max() < 4
    assert touch.shape == (50, 5) and touch.dtype == np.float32 and abs(touch.mean()) < 0.2


def test_a_replay_of_noise_holds_long_enough_episodes(monkeypatch):
    assert noise_replay(STORED, ACTIONS, 4, seed=0).episodes.length.tolist() == [1000, 1000]
    assert noise_replay(TOUCH, ACTIONS, 1200, seed=0).episodes.length.tolist() == [1200, 1200]
    row = 6 * 8 * (3 + 4) + 4 * 5 + 4 * ACTIONS + 4 + 1 + 3  # float32 and uint8 values; which sensors were missing
    monkeypatch.setattr("coral_cli.measuring.noise.MOST_BYTES", 100 * row)
    assert noise_replay(STORED, ACTIONS, 4, seed=0).episodes.length.tolist() == [50, 50]
    assert noise_replay(STORED, ACTIONS, 60, seed=0).episodes.length.tolist() == [60, 60]


def test_an_update_is_timed_counted_and_split(agent, learner):
    before = [parameter.detach().clone() for parameter in agent.policy.parameters()]
    learned = learning(learner, noise_replay(TOUCH, ACTIONS, 4, seed=0), BATCHING, repeats=3)
    assert learned.update.repeats == learned.sample.repeats == 3
    assert sum(learned.shares.values()) == pytest.approx(1.0) and "other" in learned.shares
    assert learned.batch_bytes == 3 * 4 * (4 * 5 + 4 * ACTIONS + 4 + 1)
    assert learned.processes == 1
    assert any((now != then).any() for now, then in zip(agent.policy.parameters(), before, strict=True))


def test_an_update_of_sac_by_hand(learner):
    """N transitions between S steps; the product of a row with W weights takes 2 W operations."""
    sequences, length, hidden = 3, 4, 4
    s, n = sequences * length, sequences * (length - 1)
    actor = 5 * hidden + hidden * 2 * ACTIONS
    critics = 2 * ((5 + ACTIONS) * hidden + hidden)
    critic_step = critics + critics + 2 * hidden  # forward; backward for all weights, and for the second layer's input
    through_critics = critics + critics  # forward; backward down to the actor
    actor_step = actor + actor + hidden * 2 * ACTIONS  # as the critics' own, of all steps at once
    learned = learning(learner, noise_replay(TOUCH, ACTIONS, 4, seed=0), BATCHING, repeats=1)
    assert learned.flops.total == 2 * n * (critics + critic_step + through_critics) + 2 * s * actor_step


def test_every_update_gets_a_batch_of_its_own(learner, monkeypatch):
    seen = []
    monkeypatch.setattr(learner, "update", lambda batch: seen.append(batch.rewards.tolist()))
    learning(learner, noise_replay(TOUCH, ACTIONS, 4, seed=0), BATCHING, repeats=2)
    assert len(seen) == 2 + 2 and len({str(rewards) for rewards in seen}) == 4


def test_acting(agent, monkeypatch):
    monkeypatch.setattr(module, "ACTIONS", 4)
    timing = acting_time(agent, TOUCH, seed=0)
    assert timing.repeats == 4 and timing.median > 0


def test_what_is_held_by_hand(agent):
    memory = held(agent, STORED)
    assert memory["image_bytes"] == 6 * 8 * 3
    assert memory["transition_bytes"] == 6 * 8 * (3 + 4) + 4 * 5 + 4 * ACTIONS + 4 + 1 + 3
    actor = (5 + 1) * 4 + (4 + 1) * 2 * ACTIONS
    critics = 2 * ((5 + ACTIONS + 1) * 4 + 4 + 1)
    assert memory["parameters"] == actor + critics + 1  # the entropy weight
    assert memory["resident_mb"] > 10 and memory["gpu_peak_mb"] is None

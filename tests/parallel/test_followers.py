"""Processes that learn together learn what one process would, and follow what the first one orders."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from coral_cli.parallel.followers import Followers, Order
from coral_cli.plugin import Sensor
from coral_cli.sessions.parallel import obey
from coral_cli.training.batches import Batching
from coral_cli.training.replay import Replay
from coral_cli.training.updates import Updates

from ..training.walk import SENSORS, learner
from .side_by_side import CASES, learned


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What each of two processes found, by case."""
    directory = tmp_path_factory.mktemp("together")
    program = [sys.executable, "-W", "error", "-m", "tests.parallel.side_by_side", str(directory)]
    root = Path(__file__).parents[2]
    children = [subprocess.Popen([*program, str(rank), "2"], cwd=root) for rank in range(2)]
    assert [child.wait(timeout=250) for child in children] == [0, 0]
    return [torch.load(directory / f"{rank}.pt") for rank in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_one_process(name, together):
    alone = learned(CASES[name])["gradients"]
    first, second = (process[name]["gradients"] for process in together)
    assert alone.keys() == first.keys() == second.keys() and len(alone) > 30
    for parameter, gradient in alone.items():
        assert torch.equal(first[parameter], second[parameter]), parameter
        error = torch.linalg.vector_norm(first[parameter] - gradient)
        # Single precision: summands are of order one, so small sums of many keep a few of their roundings.
        assert error <= 1e-5 * torch.linalg.vector_norm(gradient) + 2e-7, parameter


@pytest.mark.parametrize("name", CASES)
def test_what_is_measured_is_of_the_whole_batch(name, together):
    alone, found = learned(CASES[name])["metrics"], together[0][name]["metrics"]
    assert alone.keys() == found.keys()
    shares = [key for key in found if key.startswith("share/")]
    for key in found.keys() - set(shares):
        torch.testing.assert_close(found[key], alone[key].float(), rtol=1e-5, atol=1e-6, msg=key)
    assert sum(found[key] for key in shares).item() == pytest.approx(1, abs=1e-5)


def test_parts_of_a_draw_make_up_the_whole():
    sensors = {"eye": Sensor("eye", "image", (6, 6, 1)), "skin": Sensor("skin", "vector", (2,))}
    random, replay = np.random.default_rng(0), Replay(sensors, 1, 100)
    for length in (3, 9, 12):
        replay.add(
            {
                "eye": random.integers(256, size=(length, 6, 6, 1), dtype=np.uint8),
                "skin": random.normal(size=(length, 2)).astype(np.float32),
                "action": random.normal(size=(length, 1)).astype(np.float32),
                "reward": random.normal(size=length).astype(np.float32),
                "terminated": np.zeros(length, np.bool_),
                "missing": np.arange(2 * length).reshape(length, 2) == 2 * length - 1,  # skin at the last step
            }
        )
    for seed in range(5):
        whole = replay.sample(6, 5, np.random.default_rng(seed), 2)
        draws = [np.random.default_rng(seed) for _ in range(3)]
        parts = [replay.sample(6, 5, draw, 2, slice(2 * i, 2 * i + 2)) for i, draw in enumerate(draws)]
        assert {"eye", "skin", "action", "reward", "terminated"} <= whole.keys() and "missing/eye" not in whole
        for name, array in whole.items():
            assert np.array_equal(np.concatenate([part[name] for part in parts]), array)
        assert all(part.keys() == whole.keys() for part in parts)
        assert len({draw.random() for draw in draws}) == 1  # all go on from the same state


def test_crops_are_drawn_in_the_order_of_the_sensors():
    """Whatever the process: one that iterated in another order would draw another batch."""
    images = np.random.default_rng(0).integers(256, size=(30, 12, 12, 1), dtype=np.uint8)
    drawn = []
    for count in range(1, 6):
        cameras = {name: Sensor(name, "image", (12, 12, 1)) for name in "edcba"[:count]}
        replay = Replay(cameras, 1, 30)
        rest = {name: value for name, value in episode(30).items() if name != "place"}
        replay.add(dict.fromkeys(cameras, images) | rest)
        drawn.append(replay.sample(4, 5, np.random.default_rng(1), 6))
    for name in "edcb":
        batches = [batch[name] for batch in drawn if name in batch]
        assert all(np.array_equal(batches[0], other) for other in batches)


class Wire:
    """A channel that keeps what is said, and gives it to who hears."""

    def __init__(self):
        self.said = []

    def say(self, order, enclosed=None):
        self.said.append((order, enclosed))

    def hear(self):
        return self.said.pop(0)


DROPS = {"lr_drops": (15,), "lr_drop_factor": 0.1}
BATCHING = Batching(seed=3, batch_size=4, batch_length=5, crop_margin=0)


def episode(length, seed=0):
    random = np.random.default_rng(seed)
    return {
        "place": random.normal(size=(length, 2)).astype(np.float32),
        "action": random.uniform(-1, 1, (length, 1)).astype(np.float32),
        "reward": random.normal(size=length).astype(np.float32),
        "terminated": np.zeros(length, np.bool_),
    }


@pytest.fixture
def wire(monkeypatch):
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(dist, "get_rank", lambda: 1)
    return Wire()


def test_a_follower_draws_and_learns_as_the_first_process_does(tmp_path, wire):
    """Without noise of their own, that is: each update's is seeded anew here, and by hand where the first learns."""
    ours = Replay(SENSORS, 1, 200, tmp_path)
    theirs = Replay(SENSORS, 1, 200, tmp_path)
    ours.add(episode(12))
    with Followers(wire) as followers:
        first = Updates(learner(**DROPS), ours, BATCHING, followers)
        first.do_share(False, 0)  # so that it is ahead of a new one
        for index in range(4):
            torch.manual_seed(first.noise + 1)
            first.do(10 * index)
            if index == 1:
                ours.add(episode(3, seed=1))
    orders = [order for order, _ in wire.said]
    assert orders[-1] is None and [order.shares for order in orders[:-1]] == [False] * 4  # the first update was silent
    assert [order.episodes for order in orders[:-1]] == [1, 1, 2, 2]
    assert [order.steps for order in orders[:-1]] == [0, 10, 20, 30]
    assert len({order.noise for order in orders[:-1]}) == 4
    assert [enclosed is not None for _, enclosed in wire.said] == [True, False, False, False, False]

    following = learner(**DROPS)
    other = following.agent
    torch.nn.init.zeros_(other.representation.rssm.prior_network[0].weight)
    obey(wire, Updates(following, theirs, BATCHING))
    for ours, theirs in zip(first.agent.representation.parameters(), other.representation.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    for ours, theirs in zip(first.agent.policy.parameters(), other.policy.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_nobody_is_dismissed_in_the_midst_of_an_update(wire):
    with pytest.raises(ValueError, match="over"), Followers(wire) as followers:
        followers.begin("here")
        replay = Replay(SENSORS, 1, 200)
        replay.add(episode(12))
        with followers.updating(Updates(learner(), replay, BATCHING), shares=True, steps=0):
            raise ValueError("over")
    assert wire.said[0] == (Order(False, 0, 0, 0), "here")
    assert len(wire.said) == 2 and wire.said[1][0].shares


def test_the_first_process_of_several_dismisses_the_others_after_an_error_elsewhere(wire):
    with pytest.raises(ValueError, match="over"), Followers(wire):
        raise ValueError("over")
    assert wire.said == [(None, None)]

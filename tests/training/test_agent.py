"""The agent's own parts: what it remembers and sees."""

import numpy as np

from coral_cli.plugin import Sensor
from coral_cli.training.collectors import acting_together

from .walk import agent


def test_a_new_episode_starts_from_nothing_beside_one_that_goes_on():
    one = agent()
    first, second = ({"place": np.random.default_rng(seed).normal(size=(2, 2)).astype(np.float32)} for seed in (0, 1))
    _, memory = one.act(first, one.initial(2), explore=False)
    memory = memory.restarted(np.array([True, False]))
    assert not any(part[0].any() for part in (memory.state.h, memory.state.z, memory.action))
    assert all(part[1].any() for part in (memory.state.h, memory.state.z, memory.action))
    actions, _ = one.act(second, memory, explore=False)
    alone, _ = one.act({"place": second["place"][:1]}, one.initial(), explore=False)
    np.testing.assert_allclose(actions[0], alone[0], atol=1e-6)


def test_the_agent_that_plays_in_several_copies_forgets_where_an_episode_begins():
    one = agent()
    acting = acting_together(one, 2, explore=False)
    seen = {"place": np.ones((2, 2), np.float32)}
    missing = {"place": np.zeros(2, bool)}
    start = acting(seen, missing, np.array([True, True]))
    acting(seen, missing, np.array([False, False]))
    again = acting(seen, missing, np.array([True, False]))
    np.testing.assert_allclose(again[0], start[0], atol=1e-6)
    assert not np.allclose(again[1], start[1], atol=1e-6)


def test_images_are_cropped_at_their_centre():
    one = agent()
    one.sensors = {"eye": Sensor("eye", "image", (2, 4, 3))}
    image = np.arange(6 * 8).reshape(1, 6, 8, 1).repeat(3, -1)
    assert one.seen("eye", image)[0, ..., 0].tolist() == [[18, 19, 20, 21], [26, 27, 28, 29]]

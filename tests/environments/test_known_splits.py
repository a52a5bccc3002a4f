"""The robot's own entries of known tasks' states, as their packages lay them out, and what is said of the rest."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.environments.foreign.entries import with_entries
from coral_cli.environments.foreign.fitting import Framing
from coral_cli.environments.foreign.known import KNOWN, known_split, told
from coral_cli.environments.foreign.sensors import readers

FETCH = {"observation": 25, "achieved_goal": 3, "desired_goal": 3}


@pytest.mark.parametrize(
    ("name", "sizes", "own"),
    [
        ("gym:Pusher-v5", {"proprio": 23}, "proprio=0:17"),  # 7 angles, 7 velocities, the tip; object and goal
        ("gym:Reacher-v5", {"proprio": 10}, "proprio=0:4,6:8"),  # cosines and sines, the target, velocities
        ("gym:gymnasium_robotics:FetchPush-v4", FETCH, "observation=0:3,9:11,20:25"),
        ("gym:gymnasium_robotics:FetchPushDense-v4?reward_type=dense", FETCH, "observation=0:3,9:11,20:25"),
        ("gym:gym_pusht:gym_pusht/PushT-v0", {"proprio": 5}, "proprio=0:2"),
        ("gym:gym_pusht:gym_pusht/PushT-v0", {"environment_state": 16, "agent_pos": 2}, "agent_pos=0:2"),
        ("gym:metaworld:Meta-World/MT1?env_name=push-v3", {"proprio": 39}, "proprio=0:4,18:22"),
        ("gym:gym_pusht:gym_pusht/PushT-v0?obs_type=pixels_agent_pos", {"agent_pos": 2}, None),  # nothing to leave out
        ("gym:Pusher-v5", {"proprio": 24}, None),  # another package's of that name, or another state
        ("gym:Pendulum-v1", {"proprio": 3}, None),
        ("mine:FetchPush", FETCH, None),
    ],
)
def test_a_task_is_known_by_its_id_and_sizes(name, sizes, own):
    split = known_split(name, sizes)
    assert (split and split.entries) == own


@pytest.mark.parametrize("split", [split for _, split in KNOWN], ids=[form for form, _ in KNOWN])
def test_every_split_is_one_that_its_states_have(split):
    space = Dict({sensor: Box(-1, 1, (size,), np.float32) for sensor, (size, _) in split.own.items()})
    found = with_entries(readers(space, Framing((64, 64))), split.entries)
    for sensor, (size, _) in split.own.items():
        assert 0 < found[sensor].space.shape[0] <= size


def test_what_is_left_out_is_told_and_what_gives_away_too():
    split = known_split("gym:FetchPush-v4", FETCH)
    quiet = told("gym:FetchPush-v4", split, FETCH, split.entries, ["image", "observation"])
    assert "tells where the object and the goal are, which only an image shows here" in quiet
    assert "feels observation=0:3,9:11,20:25, and not achieved_goal, desired_goal" in quiet
    assert "--env.proprio all" in quiet
    for entries, sensors in (("all", ["observation"]), (split.entries, ["observation", "desired_goal"])):
        loud = told("gym:FetchPush-v4", split, FETCH, entries, sensors)
        assert "which only an image should show" in loud and "--env.proprio 'observation=0:3,9:11,20:25'" in loud
    assert told("gym:FetchPush-v4", split, FETCH, split.entries, ["image"]) == ""
    assert loud.startswith("desired_goal of gym:FetchPush-v4")


@pytest.mark.parametrize(
    ("asked", "felt"),
    [
        ("observation=0:3", "observation=0:3"),  # the gripper's place alone
        ("observation=20:,1,9:11", "observation=20:,1,9:11"),
        ("desired_goal=0:2 observation=0:3", "observation=0:3"),  # the goal is not in use
    ],
)
def test_a_part_of_the_robots_own_gives_nothing_away(asked, felt):
    split = known_split("gym:FetchPush-v4", FETCH)
    said = told("gym:FetchPush-v4", split, FETCH, asked, ["image", "observation"])
    assert f"of its vectors the agent feels {felt}, and not achieved_goal, desired_goal" in said


@pytest.mark.parametrize("asked", ["observation=0:4", "observation=3:", "observation=0:3,11", "desired_goal=0:2", None])
def test_an_entry_beyond_the_robots_own_gives_away(asked):
    split = known_split("gym:FetchPush-v4", FETCH)
    said = told("gym:FetchPush-v4", split, FETCH, asked, ["image", "observation"])
    assert said.startswith("observation of gym:FetchPush-v4") and "which only an image should show" in said


def test_entries_of_the_only_vector_need_no_name():
    split = known_split("gym:Pusher-v5", {"proprio": 23})
    assert "the agent feels proprio=0:7, " not in told("gym:Pusher-v5", split, {"proprio": 23}, "0:18", ["proprio"])
    assert "the agent feels proprio=0:7;" in told("gym:Pusher-v5", split, {"proprio": 23}, "0:7", ["proprio"])
    assert told("gym:Pusher-v5", split, {"proprio": 23}, "many", ["proprio"])  # is refused when it is made

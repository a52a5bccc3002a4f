"""States of a loaded agent are saved, taken back and batched; a made-up arm is driven while a camera fails."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from coral_cli.exporting.agreement import made_up
from coral_cli.registry.errors import CoralError
from coral_cli.sessions.loaded import AgentState, loaded
from coral_cli.sessions.saved import open_saved

SCRIPT = Path(__file__).parents[2] / "docs" / "how-to" / "drive_an_arm.py"


@pytest.fixture(scope="module")
def agent(saved, catalog, tmp_path_factory):
    path = saved(tmp_path_factory.mktemp("agent"), method="p-coral", sensors=["image", "proprio"])
    return loaded(open_saved(path, catalog), torch.device("cpu"))


def observation(agent, seed):
    random = np.random.default_rng(seed)
    return {name: made_up(sensor, random) for name, sensor in agent.sensors.items()}


def acted(agent, seed, state):
    torch.manual_seed(0)
    return agent.act(observation(agent, seed), state)


def test_a_state_is_saved_and_taken_back(agent, tmp_path):
    _, state = acted(agent, 1, None)
    np.savez(tmp_path / "state.npz", **state.arrays())
    with np.load(tmp_path / "state.npz") as arrays:
        again = agent.state(arrays)
    np.testing.assert_array_equal(acted(agent, 2, state)[0], acted(agent, 2, again)[0])
    _, waiting = agent.features(observation(agent, 1))
    assert agent.state(waiting.arrays()).needs_action


def test_episodes_at_different_steps_go_on_together(agent):
    _, older = acted(agent, 1, None)
    states = [older, agent.begin()]
    batch = AgentState.together(states)
    assert len(batch) == 2
    both = [observation(agent, seed) for seed in (2, 3)]
    actions, after = agent.act({name: np.stack([each[name] for each in both]) for name in agent.sensors}, batch)
    for index, state in enumerate(states):
        np.testing.assert_allclose(actions[index], agent.act(both[index], state)[0], atol=1e-5)
        assert np.array_equal(after.row(index).arrays()["h"][0], after.arrays()["h"][index])
    assert np.array_equal(after.row(-1).arrays()["z"], after.row(1).arrays()["z"])
    with pytest.raises(IndexError):
        after.row(2)


def test_what_is_no_state_is_refused(agent):
    arrays = agent.begin().arrays()
    for change in ({"h": arrays["h"][:, 1:]}, {"z": np.zeros((2, arrays["z"].shape[1]))}, {"h": np.array("x")}):
        with pytest.raises(CoralError, match="no state of this agent"):
            agent.state(arrays | change)
    with pytest.raises(CoralError):
        agent.state({"h": arrays["h"]})
    _, waiting = agent.features(observation(agent, 1))
    for states in ([], [agent.begin(), waiting]):
        with pytest.raises(CoralError, match="go together"):
            AgentState.together(states)


def test_the_made_up_arm_is_driven(agent):
    spec = importlib.util.spec_from_file_location("drive_an_arm", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    now, given = [0.0], []

    class Watched(script.MadeUpArm):
        def read(self, seconds):
            given.append((seconds, super().read(seconds)))
            return given[-1][1]

    def sleep(seconds):
        now[0] += seconds

    actions, late = script.drive(agent, Watched(agent.sensors), 3, 20, clock=lambda: now[0], sleep=sleep)
    assert actions.shape == (60, agent.action_size) and np.isfinite(actions).all() and not late
    blind = [seconds for seconds, seen in given if seen["image"] is None]
    assert len(blind) == 20 and min(blind) > 0.99 and max(blind) < 2
    assert all(seen["proprio"] is not None for _, seen in given)


def test_a_state_of_another_agent_is_refused(agent, saved, catalog, tmp_path):
    other = saved(tmp_path, method="p-coral", sensors=["image", "proprio"], **{"rssm.gru": 32})
    theirs = loaded(open_saved(other, catalog), torch.device("cpu")).begin()
    with pytest.raises(CoralError, match="another agent's"):
        acted(agent, 1, theirs)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_infinite_numbers_do_not_become_an_action(agent, value):
    seen = observation(agent, 1) | {"proprio": np.array([0, 0, value, 0, 0])}
    with pytest.raises(CoralError, match="'proprio' holds infinite numbers"):
        agent.act(seen)

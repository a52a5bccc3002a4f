"""Who is told everything, and what is recorded of it."""

import importlib.util
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from coral_cli import builtin
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.registry.discovery import discover
from coral_cli.runs.dataset import DatasetWriter, open_dataset

FILE = Path(__file__).parents[2] / "benchmarks" / "demonstrations.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("benchmark_of_demonstrations", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Constant:
    """An agent of one action, which remembers what it was told."""

    def __init__(self) -> None:
        self.told = []

    def begin(self) -> int:
        return 0

    def act(self, observation, state, explore):
        assert explore and state == len(self.told) % 125
        self.told.append(observation["proprio"])
        return np.array([0.25], np.float32), state + 1


def test_a_tray_beside_its_target_as_both_lie(script):
    """The tray lies at (1, 0) and is turned by a quarter; its target at the origin looks the other way; by hand."""
    state = {
        "tray position": np.array([1.0, 0.0]),
        "tray yaw": np.array([0.0, 1.0]),
        "tip position": np.array([1.0, 2.0]),
        "target position": np.zeros(2),
        "target yaw": np.array([-1.0, 0.0]),
    }
    seen = script.between(state)
    assert seen["tip from tray"] == pytest.approx([2, 0])  # straight ahead of it
    assert seen["tray from target"] == pytest.approx([-1, 0])  # behind it
    assert seen["yaw from target"] == pytest.approx([0, -1])  # 90 - 180 degrees


@pytest.mark.parametrize(("task", "size"), [("cartpole-swingup", 5), ("box-push", 2 * 5 + 3 + 14 + 7 + 6)])
def test_the_told_task_is_the_task_without_pictures(script, task, size):
    catalog = discover(builtin)
    with closing(script.Told(task)) as told:
        assembler = Assembler(resolve({"env": task, **script.SMALLEST}, catalog), catalog)
        with closing(assembler.environment(script.BACKEND)) as env:
            state, _ = told.reset(seed=3)
            env.reset(seed=3)
            assert told.observation_space.contains(state) and state.shape == (size,)
            action = np.full(env.action_space.shape, 0.5, np.float32)
            for _ in range(3):
                state, reward, *ends, _ = told.step(action)
                _, expected, *others, _ = env.step(action)
                assert reward == expected and ends == others
            assert (state == script.told(env)).all()


def test_pictures_are_recorded_beside_actions_that_get_noisier(script, tmp_path):
    catalog, agent = discover(builtin), Constant()
    flags = {"env": "cartpole-swingup", "distraction": ("disks",), "image-size": (32, 32)}
    assembler = Assembler(resolve(flags, catalog), catalog)
    with closing(assembler.environment(script.BACKEND)) as env:
        about = script.facts(assembler.assembly, script.BACKEND, env)
        with closing(DatasetWriter(tmp_path / "data", assembler.every_sensor(env), 1, about)) as writer:
            returns = script.recorded(agent, env, writer, episodes=2, noise=2.0, seed=0)
    dataset = open_dataset(tmp_path / "data")
    first, last = dataset.episodes()
    assert first["image"].shape == (126, 44, 44, 3) and first["proprio"].shape == (126, 2)
    assert (first["action"][1:] == 0.25).all() and last["action"][1:].std() > 0.5
    assert np.abs(last["action"]).max() <= 1
    assert first["reward"].sum() == pytest.approx(returns[0]) and len(agent.told) == 250
    assert [state[0] for state in agent.told[:125]] == pytest.approx(first["proprio"][:-1, 0])  # where the cart is

"""The records of the built-in environments."""

import subprocess
import sys

import pytest
from dm_control.rl.control import Task

from coral_cli import builtin
from coral_cli.environments.control_tasks import TASKS, ControlOptions
from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.plugin import Rendering
from coral_cli.registry.discovery import discover
from coral_cli.registry.options import fields_of, with_values

BY_NAME = {record.name: record for record in ENVIRONMENTS}
SUITES = ("control", "manipulation", "locomotion")
SAMPLE = [
    "box-push", "ant-empty", "ant-walls", "hurdle-cheetah-run", "hurdle-walker-walk", "quadruped-escape",
    "ball-in-cup-catch", "humanoid-cmu-walk", "lqr-lqr-6-2", "manipulator-bring-peg", "swimmer-swimmer15",
]  # fmt: skip


def test_listing_imports_no_simulator():
    code = (
        "import sys, coral_cli.environments.records\n"
        "heavy = {'mujoco', 'dm_control', 'gymnasium', 'torch', 'numpy'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr


def test_names_and_options():
    assert len(BY_NAME) == len(ENVIRONMENTS)
    assert {"box-push", "cartpole-swingup", "ball-in-cup-catch", "humanoid-cmu-walk"} <= set(BY_NAME)
    assert BY_NAME["cartpole-swingup"].options == ControlOptions(action_repeat=8)
    assert BY_NAME["quadruped-walk"].options == ControlOptions(camera=2)
    names = [field.name for field in fields_of(BY_NAME["box-push"].options)]
    assert names == ["action", "reward", "random_start", "action_repeat", "look"]
    assert all(record.summary.endswith(".") for record in ENVIRONMENTS)


def test_underscores_in_names_work_as_well():
    catalog = discover(builtin, {"CORAL_PLUGINS": ""})
    for name in ("walker_walk", "ball_in_cup-catch", "hurdle_walker_run", "quadruped-escape", "box_push"):
        assert catalog.get("environment", name).record is BY_NAME[name.replace("_", "-")]


def test_suites():
    suites = {suite: {record.name for record in ENVIRONMENTS if record.suite == suite} for suite in SUITES}
    assert suites["manipulation"] == {"box-push"}
    assert suites["locomotion"] == {
        "ant-empty", "ant-walls", "hurdle-cheetah-run", "hurdle-walker-walk", "hurdle-walker-run", "quadruped-escape",
    }  # fmt: skip
    assert len(suites["control"]) == sum(map(len, TASKS.values())) - 1  # quadruped-escape counts as locomotion
    assert sum(map(len, suites.values())) == len(ENVIRONMENTS)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_record_builds_what_it_says(name):
    record = BY_NAME[name]
    environment = record.build(record.options, Rendering(20, 24))
    assert set(environment.observation_space.spaces) == set(record.sensors)
    assert environment.observation_space["image"].shape == (20, 24, 3)
    assert environment.action_space.shape == (record.action_size,)
    observation, _ = environment.reset(seed=0)
    assert environment.observation_space.contains(observation)
    ends = hasattr(environment, "simulation") and may_end(environment.simulation)
    assert record.terminates == ends
    environment.close()


def may_end(simulation):
    """Whether the Control Suite's task says itself when an episode is over."""
    task = getattr(simulation, "task", None)
    return isinstance(task, Task) and type(task).get_termination is not Task.get_termination


def test_options_reach_the_environment():
    record = BY_NAME["box-push"]
    environment = record.build(with_values(record.options, {"action": "cartesian"}), Rendering(8, 8))
    assert environment.action_space.shape == (2,)
    environment.close()

"""The records of the built-in environments."""

import subprocess
import sys

import pytest

from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.plugin import Rendering
from coral_cli.registry.options import fields_of, with_values

BY_NAME = {record.name: record for record in ENVIRONMENTS}


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
    assert [field.name for field in fields_of(BY_NAME["box-push"].options)] == ["action", "reward", "random_start"]
    assert all(record.summary.endswith(".") for record in ENVIRONMENTS)


@pytest.mark.parametrize("name", ["box-push", "ball-in-cup-catch"])
def test_a_record_builds_what_its_sensors_say(name):
    record = BY_NAME[name]
    environment = record.build(record.options, Rendering(20, 24))
    assert set(environment.observation_space.spaces) == set(record.sensors)
    assert environment.observation_space["image"].shape == (20, 24, 3)
    observation, _ = environment.reset(seed=0)
    assert environment.observation_space.contains(observation)
    environment.close()


def test_options_reach_the_environment():
    record = BY_NAME["box-push"]
    environment = record.build(with_values(record.options, {"action": "cartesian"}), Rendering(8, 8))
    assert environment.action_space.shape == (2,)
    environment.close()

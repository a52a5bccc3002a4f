"""What holds without robosuite: names, and what is said where it is missing or MuJoCo is too new for it."""

import pytest

from coral_cli.plugin import UsageError
from coral_cli.testing import run
from coral_env_robosuite import INSTALL, check_versions, coral_environments

RECORDS = {record.name: record for record in coral_environments()}


def test_lift_door_and_pick_place_are_among_the_tasks():
    assert {"robosuite-lift", "robosuite-door", "robosuite-pick-place"} <= RECORDS.keys()


def test_without_robosuite_the_line_that_installs_it_is_told(monkeypatch):
    from importlib import metadata

    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("coral_env_robosuite.version", version)
    outcome = run("train --env robosuite-lift --dry-run", components=RECORDS.values())
    assert outcome.code == 3 and "robosuite is not installed" in outcome.err and INSTALL in outcome.err


def test_a_mujoco_that_is_too_new_is_told_beforehand():
    check_versions("1.5.2", "3.9.0")
    check_versions("1.6.0", "3.17.0")  # of what is not known nothing is said
    with pytest.raises(UsageError, match=r"robosuite 1\.5\.2 does not work with mujoco 3\.10\.0") as caught:
        check_versions("1.5.2", "3.10.0")
    assert caught.value.hint == INSTALL

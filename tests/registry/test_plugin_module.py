"""What authors import: everything that is promised is there, and costs nothing before it is needed."""

import subprocess
import sys

import pytest

from coral_cli import plugin

HEAVY = {"torch", "mujoco", "dm_control", "gymnasium", "numpy"}


@pytest.mark.parametrize("name", plugin.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(plugin, name) is not None


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Losses'"):
        plugin.Losses  # noqa: B018


def test_importing_it_is_cheap() -> None:
    program = "import sys; from coral_cli.plugin import Loss, UsageError, hookimpl; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "coral_cli.plugin" in done.stdout.split() and not HEAVY & set(done.stdout.split())

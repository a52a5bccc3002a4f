"""What must be said again where a run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from coral_cli import builtin
from coral_cli.assembly.resolve import code_flags, resolve
from coral_cli.registry.discovery import discover


@pytest.mark.parametrize(
    ("env", "flags"),
    [
        ("cartpole-swingup", ""),
        ("gym:Pendulum-v1", ""),
        ("foreign_toys:Drawing", " --env foreign_toys:Drawing"),
        ("gym:gymnasium.envs.classic_control:Pendulum-v1", " --env gym:gymnasium.envs.classic_control:Pendulum-v1"),
    ],
)
def test_only_code_must_be_named_anew(env: str, flags: str, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "environments" / "foreign"))
    assert code_flags(resolve({"env": env}, discover(builtin, {"CORAL_PLUGINS": ""}))) == flags

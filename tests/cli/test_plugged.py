"""Commands and doctor's checks that plugins bring."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

import pytest

from coral_cli.commands import doctor
from coral_cli.plugin import Check, Command, Help
from coral_cli.registry.catalog import Catalog, Entry


@dataclass(frozen=True)
class GreetOptions:
    times: Annotated[int, Help("How often.", min=1)] = 1


def _greet(options: GreetOptions) -> int:
    print("hello " * options.times)
    return 7


def _broken() -> str:
    raise OSError("no gripper")


GREET = Command("greet", "Says hello.", _greet, GreetOptions())
CHECKS = (Check("gripper", "The gripper answers.", _broken), Check("arm", "The arm answers.", lambda: "7 joints"))


@pytest.fixture
def catalog(toy_catalog: Catalog) -> Catalog:
    strangers = [GREET, Command("train", "Trains nothing.", _greet, GreetOptions()), *CHECKS]
    return Catalog([*toy_catalog, *(Entry(record, "pack", "1.0") for record in strangers)])


def test_a_command_of_a_plugin_runs_with_its_options(coral, catalog: Catalog) -> None:
    outcome = coral("greet", "--times", "2", catalog=catalog)
    assert (outcome.code, outcome.out.split()) == (7, ["hello", "hello"])
    assert coral("greet", "--times", "0", catalog=catalog).err.startswith(
        "error: --times is 0, but must be at least 1."
    )
    assert "greet" not in coral("--help").out
    assert "Says hello. (pack)" in coral("greet", "--help", catalog=catalog).out


def test_a_command_of_coral_keeps_its_name(coral, catalog: Catalog) -> None:
    listed = coral("--help", catalog=catalog).out
    assert "pack/train" in listed and "Trains nothing." in listed
    assert "Train an agent" in coral("train", "--help", catalog=catalog).out
    assert coral("pack/train", catalog=catalog).code == 7


def test_the_doctor_asks_plugins_too(coral, catalog: Catalog, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", ())
    outcome = coral("doctor", "--json", catalog=catalog)
    assert outcome.code == 1
    assert json.loads(outcome.out)["checks"] == [
        {"name": "gripper (pack)", "ok": False, "detail": "OSError: no gripper", "absent": False},
        {"name": "arm (pack)", "ok": True, "detail": "7 joints", "absent": False},
    ]

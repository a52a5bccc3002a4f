"""What may change when a run is resumed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coral_cli import builtin
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.resolve import command_line, flags_of, resolve
from coral_cli.assembly.resume import resumed, saved_assembly
from coral_cli.environments.box_push.options import BoxPushOptions
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import UnreadableError, UsageError


@pytest.fixture
def assembly(toy_catalog: Catalog) -> Assembly:
    return resolve({"method": "v-coral", "size": "small", "steps": 1000}, toy_catalog)


def test_nothing_given_changes_nothing(assembly: Assembly, toy_catalog: Catalog) -> None:
    assert resumed(assembly, {}, toy_catalog) == (assembly, {})


def test_the_command_of_the_run_itself_may_be_repeated(assembly: Assembly, toy_catalog: Catalog) -> None:
    given = {"method": "v-coral", "size": "small", "steps": 2000, "env": "box_push", "rssm.gru": 128}
    after, changes = resumed(assembly, given, toy_catalog)
    assert changes == {"steps": 2000}
    assert after.settings.steps == 2000
    assert after.choices == assembly.choices


def test_learning_rates_may_fall_elsewhere_than_was_planned(assembly: Assembly, toy_catalog: Catalog) -> None:
    after, changes = resumed(assembly, {"lr-drops": [300], "lr-drop-factor": 0.1}, toy_catalog)
    assert changes == {"lr_drops": [300], "lr_drop_factor": 0.1}
    assert (after.settings.lr_drops, after.settings.lr_drop_factor) == ((300,), 0.1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seed": 5}, "--seed is 5, but the run was started with 0."),
        ({"image-loss": "cpc"}, "--image-loss is cpc, but the run was started with cv."),
        ({"method": "p-coral"}, "--image-loss is cpc, but the run was started with cv."),
        ({"size": "tiny"}, "--image-loss.hidden is 64, but the run was started with 128."),
        ({"size": "paper"}, "--image-loss.hidden is 256, but the run was started with 128."),
        ({"size": "small", "rssm.gru": 64}, "--rssm.gru is 64, but the run was started with 128."),
        ({"env": "maze"}, "--env is maze, but the run was started with box-push."),
        ({"freeze": ["rssm"]}, "--freeze is rssm, but the run was started with nothing."),
        ({"policy.lr": 0.1}, "--policy.lr is 0.1, but the run was started with 0.001."),
    ],
)
def test_anything_else_is_refused_with_both_values(
    given: dict[str, object], message: str, assembly: Assembly, toy_catalog: Catalog
) -> None:
    with pytest.raises(UsageError) as caught:
        resumed(assembly, given, toy_catalog)
    assert caught.value.message == message
    assert "--steps" in caught.value.hint


def test_the_metadata_of_a_run(assembly: Assembly, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"assembly": assembly.to_json()}))
    assert saved_assembly(tmp_path) == assembly


EMPTY = '{"assembly": {"choices": {}, "settings": {}}}'


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"assembly": {}}', '{"assembly": {"choices": 3, "settings": {}}}', EMPTY]
)
def test_damaged_metadata_is_unreadable(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UnreadableError):
        saved_assembly(tmp_path)


def test_no_run_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        saved_assembly(tmp_path / "missing")


def test_a_run_of_before_an_option_goes_on_as_it_was() -> None:
    """box-push was drawn in another look, with every action one step, before the options of these existed."""
    catalog = discover(builtin, {"CORAL_PLUGINS": ""})
    metadata = resolve({"env": "box-push", "env.action": "torque", "env.random-start": True}, catalog).to_json()
    for option in ("look", "action_repeat"):
        del metadata["choices"]["env"]["options"][option]
    assembly = Assembly.from_json(metadata)
    flags = flags_of(assembly, catalog)
    assert (flags["env.look"], flags["env.action-repeat"], flags["env.action"]) == ("walls", 1, "torque")
    line = command_line(assembly, catalog)
    assert "--env.look walls" in line and "--env.action-repeat 1" in line
    env = Assembler(assembly, catalog).environment("raycast")
    assert env.unwrapped.options == BoxPushOptions("torque", "dense", True, 1, "walls")
    env.close()

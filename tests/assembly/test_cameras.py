"""What is said of the sensor ``image`` holds for other cameras, unless their own flags say otherwise."""

from __future__ import annotations

import shlex

import pytest
from typer.main import get_command

from coral_cli import builtin
from coral_cli.app import application
from coral_cli.assembly.cameras import followed
from coral_cli.assembly.resolve import command_line, resolve
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import UsageError

SENSORS = {"image": "image", "wrist_camera": "image", "depth": "depth", "proprio": "vector"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return discover(builtin, {"CORAL_PLUGINS": ""})


@pytest.mark.parametrize(
    ("flags", "others"),
    [
        ({}, {}),
        ({"image-loss": "cv"}, {"wrist-camera-loss": "cv"}),
        ({"image-encoder.depth": 4}, {"wrist-camera-encoder.depth": 4}),
        ({"image-size": 48, "proprio-loss": "cv", "rssm.gru": 5}, {}),
        ({"image-loss": "cv", "wrist-camera-loss": "cpc", "image-loss.hidden": 8}, {"wrist-camera-loss": "cv"}),
        ({"image-loss": "cv", "wrist-camera-loss": "cv", "image-loss.hidden": 8},
         {"wrist-camera-loss": "cv", "wrist-camera-loss.hidden": 8}),
    ],
)  # fmt: skip
def test_what_other_cameras_follow(flags, others) -> None:
    assert followed(flags, SENSORS) == others


def test_without_a_sensor_called_image_nobody_follows() -> None:
    assert followed({"image-loss": "cv"}, {"front": "image", "wrist": "image"}) == {}
    assert followed({"image-loss": "cv"}, {"image": "depth", "wrist": "image"}) == {}


@pytest.mark.parametrize(
    ("flags", "loss", "depth"),
    [
        ({}, "cpc", 32),
        ({"image-loss": "cv"}, "cv", 32),
        ({"image-loss": "cv", "wrist-loss": "none", "image-encoder.depth": 5}, "none", 5),
        ({"image-encoder.depth": 5, "wrist-encoder.depth": 6}, "cpc", 6),
        ({"image-encoder.depth": 20, "size": "small"}, "cpc", 20),  # what was written wins over a size
        ({"method": "v-coral", "size": "small"}, "cv", 16),
        ({"method": "v-coral", "image-loss": "infonce"}, "infonce", 32),
    ],
)
def test_the_wrist_follows_the_image(flags, loss, depth, catalog) -> None:
    choices = resolve(flags, catalog).choices
    assert choices["wrist-loss"].component == loss
    assert choices["wrist-encoder"].options["depth"] == depth


@pytest.mark.parametrize(
    "flags",
    [
        {"image-encoder.depth": 8},
        {"image-encoder.depth": 8, "wrist-encoder.depth": 32},
        {"image-loss.horizon": 2, "wrist-loss.horizon": 1},
        {"image-loss": "cv", "image-loss.hidden": 64, "wrist-loss": "recon", "objective": "variational"},
        {"sensors": "wrist,proprio"},
        {"method": "cpc-image", "size": "small"},
    ],
)
def test_the_command_line_says_all_of_it(flags, catalog, monkeypatch) -> None:
    requests = []
    monkeypatch.setattr("coral_cli.commands.train.run_session", lambda request: requests.append(request) or 0)
    assembly = resolve(flags, catalog)
    words = shlex.split(command_line(assembly, catalog))[1:]
    assert get_command(application(catalog)).main(words, prog_name="coral", standalone_mode=False, obj=catalog) == 0
    assert requests[0].assembly == assembly


def test_a_camera_that_is_left_out_has_no_flags(catalog) -> None:
    assert "wrist-loss" not in resolve({"sensors": "image,proprio"}, catalog).choices
    with pytest.raises(UsageError, match="wrist-loss"):
        resolve({"sensors": "image,proprio", "wrist-loss": "cv"}, catalog)

"""Flags to an assembly, and back to a command line."""

from __future__ import annotations

import json
import shlex

import pytest
from typer.main import get_command

from coral_cli import builtin
from coral_cli.app import application
from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.resolve import command_line, resolve
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import PluginError, UsageError

P_CORAL = {
    "env": "box-push",
    "image-loss": "cpc",
    "image-encoder": "conv",
    "proprio-loss": "recon",
    "proprio-encoder": "mlp",
    "rssm": "gaussian",
    "objective": "predictive",
    "policy": "sac",
}


def components(assembly: Assembly) -> dict[str, str]:
    return {slot: choice.component for slot, choice in assembly.choices.items()}


def test_the_default_is_p_coral_at_the_papers_size(toy_catalog: Catalog) -> None:
    assembly = resolve({}, toy_catalog)
    assert components(assembly) == P_CORAL
    assert assembly.sensors == ("image", "proprio")
    assert assembly.choices["image-encoder"].options == {"depth": 32}
    assert assembly.choices["rssm"].options["gru"] == 200
    assert assembly.settings.batch_size == 32
    assert assembly.settings.crop_margin == 12


def test_methods_are_shorthands(toy_catalog: Catalog) -> None:
    assert resolve({"method": "p-coral"}, toy_catalog) == resolve({}, toy_catalog)
    assert components(resolve({"method": "v-coral"}, toy_catalog)) == {
        **P_CORAL,
        "image-loss": "cv",
        "objective": "variational",
    }


def test_methods_and_defaults_follow_the_kind_of_a_sensor(toy_catalog: Catalog) -> None:
    assembly = resolve({"env": "maze", "method": "v-coral"}, toy_catalog)
    assert assembly.sensors == ("camera", "lidar_scan")
    assert components(assembly)["camera-loss"] == "cv"
    assert components(assembly)["lidar_scan-encoder"] == "mlp"


def test_an_explicit_flag_beats_a_shorthand(toy_catalog: Catalog) -> None:
    assembly = resolve({"size": "small", "rssm.gru": 7, "method": "v-coral", "image-loss": "recon"}, toy_catalog)
    assert assembly.choices["rssm"].options["gru"] == 7
    assert components(assembly)["image-loss"] == "recon"


def test_small(toy_catalog: Catalog) -> None:
    assembly = resolve({"size": "small"}, toy_catalog)
    assert assembly.choices["image-encoder"].options == {"depth": 16}
    assert assembly.choices["image-loss"].options["hidden"] == 128
    assert assembly.choices["proprio-encoder"].options == {"hidden": 128, "layers": 3}
    assert assembly.choices["proprio-loss"].options["hidden"] == 128
    rssm = assembly.choices["rssm"].options
    assert (rssm["gru"], rssm["latent"], rssm["hidden"]) == (128, 32, 200)
    assert assembly.choices["policy"].options["hidden"] == 256
    assert (assembly.settings.batch_size, assembly.settings.batch_length) == (16, 32)
    decoder = resolve({"size": "small", "image-loss": "recon"}, toy_catalog).choices["image-loss"]
    assert decoder.options["depth"] == 16


def test_a_size_leaves_alone_what_a_stranger_calls_by_the_same_name(toy_catalog: Catalog) -> None:
    assembly = resolve({"size": "small", "image-encoder": "vit", "image-loss": "byol"}, toy_catalog)
    assert assembly.choices["image-encoder"].options == {"depth": 4}, "depth 16 would be larger"
    assert "hidden" not in assembly.choices["image-loss"].options


def test_the_objective_is_what_the_losses_need(toy_catalog: Catalog) -> None:
    def objective(**given: str) -> str:
        return components(resolve({f.replace("_", "-"): v for f, v in given.items()}, toy_catalog))["objective"]

    assert objective(image_loss="cpc") == "predictive"
    assert objective(image_loss="cv") == "variational"
    assert objective(image_loss="recon") == "variational"
    assert objective(image_loss="recon", proprio_loss="cpc") == "predictive"
    assert objective(image_loss="cv", proprio_loss="cpc", objective="predictive") == "predictive"
    with pytest.raises(UsageError, match=r"cv needs the variational .* cpc needs the predictive"):
        objective(image_loss="cv", proprio_loss="cpc")


@pytest.mark.parametrize(("size", "side"), [([64], 64), ([48, 96], 48)])
def test_crops_overlap(size: list[int], side: int, toy_catalog: Catalog) -> None:
    def asked(margin: int) -> int | None:
        return resolve({"image-size": size, "crop-margin": margin}, toy_catalog).settings.crop_margin

    assert asked(side - 1) == side - 1
    with pytest.raises(UsageError, match=f"--crop-margin is {side}, but a side of an image has {side} pixels"):
        asked(side)


def test_the_crop_margin_follows_the_image_loss(toy_catalog: Catalog) -> None:
    def margin(**given: object) -> int | None:
        return resolve({f.replace("_", "-"): v for f, v in given.items()}, toy_catalog).settings.crop_margin

    assert margin(image_loss="cv") == 12
    assert margin(image_loss="recon") == 0
    assert margin(image_loss="recon", proprio_loss="cv") == 0, "a vector is never cropped"
    assert margin(image_loss="cv", crop_margin=4) == 4
    assert margin(image_loss="cv", crop_margin=None) == 12


def test_a_component_must_take_its_sensor(toy_catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="'conv' does not take vector") as caught:
        resolve({"proprio-encoder": "conv"}, toy_catalog)
    assert caught.value.hint == "Those that do: mlp."


@pytest.mark.parametrize(
    ("flag", "hint"),
    [
        ("image-loss.temperature", "It belongs to byol: add --image-loss byol."),
        ("image-loss.weigth", "Did you mean --image-loss.weight?"),
        ("image-encoder.hidden", "Its options: depth."),
        ("lidar-loss", "Its sensors: image, proprio."),
        ("stepz", "Did you mean --steps?"),
        ("scale-lr", "Did you mean --image-loss.scale-lr?"),
        ("qqqqq", "`--help` lists them."),
    ],
)
def test_unknown_flags_are_explained(flag: str, hint: str, toy_catalog: Catalog) -> None:
    with pytest.raises(UsageError) as caught:
        resolve({flag: 1}, toy_catalog)
    assert caught.value.hint == hint
    assert f"--{flag}" in caught.value.message


def test_values_are_checked(toy_catalog: Catalog) -> None:
    with pytest.raises(UsageError, match="at least 0"):
        resolve({"image-loss.weight": -1.0}, toy_catalog)
    with pytest.raises(UsageError, match="small"):
        resolve({"size": "small-ish"}, toy_catalog)


LINES = [
    "",
    "--method v-coral --size tiny --steps 100k --seed 3",
    "--size small --image-loss byol --image-loss.symmetric --image-loss.decay 0.9 --image-encoder vit",
    "--env.no-random-start --env.obstacles 4,5 --env.reward sparse",
    "--env.obstacles= --policy.target-entropy -7 --crop-margin 3 --device 'cuda:1'",
    "--env maze --camera-loss pack-b/twin --lidar-scan-loss cv --lidar-scan-encoder.hidden 5",
    "--image-loss cv --proprio-loss cpc --objective variational --objective.free-nats 3 --model-lr 1e-4",
]


@pytest.mark.parametrize("line", LINES)
def test_the_command_line_says_the_same_assembly(
    line: str, toy_catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = parsed(line, toy_catalog, monkeypatch)
    again = command_line(first, toy_catalog)
    assert parsed(again.removeprefix("coral train"), toy_catalog, monkeypatch) == first
    assert "--method" not in again
    assert "--size" not in again


def parsed(line: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Assembly:
    """The assembly that the real command line makes of ``line``."""
    requests = []
    monkeypatch.setattr("coral_cli.commands.train.run_session", lambda request: requests.append(request) or 0)
    command = get_command(application(catalog))
    assert command.main(["train", *shlex.split(line)], prog_name="coral", standalone_mode=False, obj=catalog) == 0
    return requests[0].assembly


def test_the_command_line_names_every_slot_and_only_what_differs(toy_catalog: Catalog) -> None:
    line = command_line(resolve({"rssm.gru": 64, "env.random-start": False}, toy_catalog), toy_catalog)
    assert line == (
        "coral train --env box-push --env.no-random-start --image-loss cpc --image-encoder conv --proprio-loss recon "
        "--proprio-encoder mlp --rssm gaussian --rssm.gru 64 --objective predictive --policy sac"
    )


def test_every_built_in_environment_has_a_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = discover(builtin, {"CORAL_PLUGINS": ""})
    assert {"box-push", "cartpole-swingup"} <= set(catalog.names("environment"))
    for name in catalog.names("environment"):
        first = resolve({"env": name, "size": "tiny", "method": "v-coral"}, catalog)
        line = command_line(first, catalog)
        assert parsed(line.removeprefix("coral train"), catalog, monkeypatch) == first


def test_an_assembly_survives_json(toy_catalog: Catalog) -> None:
    assembly = resolve({"size": "tiny", "env.obstacles": (7,)}, toy_catalog)
    assert Assembly.from_json(json.loads(json.dumps(assembly.to_json()))) == assembly


def test_a_missing_distribution_is_named(toy_catalog: Catalog) -> None:
    assembly = resolve({"image-loss": "byol"}, toy_catalog)
    without = Catalog([entry for entry in toy_catalog if entry.distribution != "coral-byol"])
    with pytest.raises(PluginError, match=r"coral-byol 2\.0") as caught:
        command_line(assembly, without)
    assert caught.value.exit_code == 3

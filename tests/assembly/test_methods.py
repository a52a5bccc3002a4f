"""Named methods, sensors and fusion: which assembly each stands for, and what wins over what."""

import json
import shlex

import pytest

from coral_cli import builtin
from coral_cli.app import main
from coral_cli.assembly.resolve import command_line, flags_of, resolve
from coral_cli.assembly.shorthands import METHODS, expand, recognised
from coral_cli.assembly.two_phase import scan
from coral_cli.policies.options import ImaginationOptions
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import values_of

# image loss, proprio loss (None: no such slot), objective, sensors, fusion
TABLE = {
    "v-coral": ("cv", "recon", "variational", ("image", "proprio"), "joint"),
    "p-coral": ("cpc", "recon", "predictive", ("image", "proprio"), "joint"),
    "u-coral": ("infonce", "recon", "unified", ("image", "proprio"), "joint"),
    "cv-same": ("cv", "cv", "variational", ("image", "proprio"), "joint"),
    "cpc-same": ("cpc", "cpc", "predictive", ("image", "proprio"), "joint"),
    "recon-same": ("recon", "recon", "variational", ("image", "proprio"), "joint"),
    "cv-concat": ("cv", None, "variational", ("image", "proprio"), "concat"),
    "cpc-concat": ("cpc", None, "predictive", ("image", "proprio"), "concat"),
    "recon-concat": ("recon", None, "variational", ("image", "proprio"), "concat"),
    "cv-image": ("cv", None, "variational", ("image",), "joint"),
    "cpc-image": ("cpc", None, "predictive", ("image",), "joint"),
    "recon-image": ("recon", None, "variational", ("image",), "joint"),
    "proprio-sac": (None, None, None, ("proprio",), "joint"),
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return discover(builtin, {"CORAL_PLUGINS": ""})


def test_every_method_is_in_the_table() -> None:
    assert METHODS.keys() == TABLE.keys()


@pytest.mark.parametrize("name", TABLE)
def test_a_method_is_what_the_paper_says(name: str, catalog: Catalog) -> None:
    assembly = resolve({"method": name, "env": "cartpole-swingup"}, catalog)
    components = {slot: choice.component for slot, choice in assembly.choices.items()}
    seen = components.get("image-loss"), components.get("proprio-loss"), components.get("objective")
    assert (*seen, assembly.sensors, assembly.settings.fusion) == TABLE[name]
    assert ("image-encoder" in components) == (TABLE[name][0] is not None)
    assert components["rssm"] == ("none" if name == "proprio-sac" else "gaussian")


@pytest.mark.parametrize("name", TABLE)
def test_a_method_is_recognised_by_its_flags(name: str, catalog: Catalog) -> None:
    assembly = resolve({"method": name, "env": "cartpole-swingup", "batch-size": 7}, catalog)
    flags = flags_of(assembly, catalog)
    sensors = catalog.get("environment", "cartpole-swingup").record.sensors
    found = recognised(json.loads(json.dumps(flags)), sensors)
    assert found["method"] == name and found["batch-size"] == 7
    assert not found.keys() & expand(METHODS[name].flags, sensors).keys()


def test_other_flags_are_no_method(catalog: Catalog) -> None:
    flags = flags_of(resolve({"image-loss": "infonce", "proprio-loss": "none"}, catalog), catalog)
    assert recognised(flags, {"image": "image", "proprio": "vector"}) == flags


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("env", ["box-push", "cartpole-swingup"])
def test_the_printed_command_line_says_the_same_in_full(name: str, env: str, catalog: Catalog) -> None:
    assembly = resolve({"method": name, "env": env, "size": "small", "seed": 3}, catalog)
    words = shlex.split(command_line(assembly, catalog))[2:]
    assert "--method" not in words and "--size" not in words
    given = {flag: _typed(value) for flag, value in scan(words).items()}
    assert resolve(given, catalog) == assembly


def _typed(value: str) -> object:
    """As the flags of these assemblies are written: numbers, names, lists of names."""
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            pass
    return tuple(value.split(",")) if value in ("image", "proprio", "image,proprio") else value


@pytest.mark.parametrize("name", ["v-coral", "cpc-concat", "recon-image"])
def test_a_method_speaks_of_the_environment_s_own_sensors(name: str, toy_catalog: Catalog) -> None:
    assembly = resolve({"method": name, "env": "maze"}, toy_catalog)
    losses = {slot: choice.component for slot, choice in assembly.choices.items() if slot.endswith("-loss")}
    assert (
        losses
        == {
            "v-coral": {"camera-loss": "cv", "lidar_scan-loss": "recon"},
            "cpc-concat": {"camera-loss": "cpc"},
            "recon-image": {"camera-loss": "recon"},
        }[name]
    )
    assert assembly.sensors == (("camera",) if name == "recon-image" else ("camera", "lidar_scan"))


def test_what_is_written_wins_over_the_method(catalog: Catalog) -> None:
    assembly = resolve({"method": "p-coral", "proprio-loss": "cpc", "env": "cheetah-run"}, catalog)
    assert assembly.choices["proprio-loss"].component == "cpc"
    both = resolve({"method": "cv-image", "sensors": ("proprio", "image"), "env": "cheetah-run"}, catalog)
    assert both.sensors == ("image", "proprio")  # the environment's order


def test_policy_suggestions_win_over_the_environment_s_and_sizes_only_shrink(catalog: Catalog) -> None:
    box = resolve({"env": "box-push"}, catalog)
    assert box.choices["rssm"].options["gru"] == 400 and box.choices["policy"].options["discount"] == 0.97
    assert box.choices["objective"].options["free_nats"] == 3.0
    assert box.choices["proprio-loss"].options["variance"] == 0.04
    learned = {"entropy_form": "exponential", "layers": 2, "lr": 1e-3, "initial_std": 0.0183, "critic_norm": True}
    assert learned.items() <= box.choices["policy"].options.items()
    assert (box.settings.random_episodes, box.settings.updates_per_step) == (20, 0.4)
    assert (
        box.settings.crop_margin == 6
        and resolve({"env": "box-push", "crop-margin": 3}, catalog).settings.crop_margin == 3
    )
    plain = resolve({"env": "box-push", "method": "recon-same"}, catalog)
    assert plain.settings.crop_margin == 0 and plain.settings.reward_weight == 10.0
    imagined = resolve({"env": "cartpole-swingup", "policy": "imagination"}, catalog)
    assert (imagined.settings.batch_size, imagined.settings.batch_length, imagined.settings.head_hidden) == (
        50,
        50,
        300,
    )
    assert imagined.settings.updates_per_step == 0.2 and imagined.choices["env"].options["action_repeat"] == 2
    pushed = resolve({"env": "box-push", "policy": "imagination"}, catalog)
    assert pushed.choices["policy"].options == values_of(ImaginationOptions())  # none of manipulation's with SAC
    small = resolve({"env": "box-push", "policy": "imagination", "size": "tiny", "batch-size": 9}, catalog)
    assert (small.settings.batch_size, small.settings.batch_length, small.settings.head_hidden) == (9, 16, 64)
    assert small.choices["rssm"].options["gru"] == 64
    assert (
        resolve({"env": "cartpole-swingup", "method": "proprio-sac"}, catalog).choices["policy"].options["lr"] == 3e-4
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sensors": ()}, "none of the sensors"),
        ({"sensors": ("touch",)}, "has no sensor 'touch'"),
        ({"rssm": "none"}, "nothing that could read sensor 'image'"),
        ({"fusion": "concat", "sensors": ("proprio",)}, "needs an image"),
        ({"fusion": "concat", "policy": "imagination"}, "--fusion concat excludes --policy imagination"),
        ({"method": "proprio-sac", "policy": "imagination"}, "--rssm none excludes --policy imagination"),
        ({"method": "cv-concat", "proprio-loss": "recon"}, "it goes straight to the policy"),
        ({"method": "cv-image", "proprio-encoder.hidden": 8}, "it is not in use"),
        ({"objective.open-loop": 32}, "sequences have only 25 steps"),
        ({"image-loss.horizon": 32}, "--image-loss.horizon is 32, but sequences have only 25 steps"),
        ({"method": "v-coral", "objective.open-loop": 2}, "prior samples, but their weight is 0"),
        ({"objective.prior-where": "hidden"}, "needs hidden images, but none are"),
        (
            {"method": "v-coral", "objective.hide": 0.5, "objective.prior-where": "hidden"},
            "of prior samples, but their weight is 0",
        ),
        (
            {"method": "v-coral", "objective.separate": True},
            "--objective.separate is for losses on posterior and prior",
        ),
        ({"method": "p-coral", "objective.balance": True}, "--objective.balance is for losses on posterior and prior"),
        ({"sensors": ("proprio",), "objective.hide": 0.5}, "hides images, but no image is encoded"),
        ({"objective.hide-longest": 8}, "--objective.hide-longest is of hidden images, but none are"),
        ({"objective.rate": 0.5}, "--objective.rate is below --objective.free-nats"),
        ({"image-size": (64, 64, 64)}, "one side, or a height and a width"),
        ({"image-size": (31,)}, "at least 32"),
        ({"freeze": ("eyes",)}, "cannot be 'eyes'"),
    ],
)
def test_what_does_not_go_together_is_said(given: dict[str, object], message: str, catalog: Catalog) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        resolve(given, catalog)


def test_images_can_be_hidden_and_a_rate_may_be_that_of_the_free_nats(catalog: Catalog) -> None:
    rate = {"objective.rate": 0.5, "objective.free-nats": 0.5}
    assert resolve(rate, catalog).choices["objective"].options["rate"] == 0.5
    hidden = resolve({"method": "cv-concat", "objective.hide": 0.5}, catalog)
    assert hidden.choices["objective"].options["hide"] == 0.5


def test_methods_as_a_document(capsys) -> None:
    import json

    assert main(["methods", "--json", "--env", "cartpole-swingup"]) == 0
    listed = {entry["name"]: entry["flags"] for entry in json.loads(capsys.readouterr().out)}
    assert listed.keys() == TABLE.keys()
    assert listed["cpc-image"] == {"image-loss": "cpc", "sensors": ["image"], "objective": "predictive"}

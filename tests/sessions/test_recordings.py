"""From recordings that no environment made to an agent in one: renamed, scaled, with or without rewards."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from coral_cli import builtin, load_agent
from coral_cli.app import main
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.discovery import discover
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics
from coral_cli.testing.toys import TOYS
from coral_cli.version import CORE

SIZES = ["--size", "tiny", "--rssm.gru", "8", "--batch-size", "2", "--batch-length", "4", "--image-size", "32"]
PRETRAIN = ["pretrain", *SIZES, "--method", "v-coral", "--updates", "2", "--quiet"]
RENAME = ["--rename", "front=image", "--rename", "state=proprio"]


@pytest.fixture(scope="module")
def catalog():
    own = discover(builtin, {"CORAL_PLUGINS": ""})
    return Catalog([*own, *(Entry(toy, CORE, "0.1.0") for toy in TOYS)], find=builtin.find)


def write(path, *, reward=True, side=(96, 128), **about):
    """A camera of another shape, and a vector of two; the left quarter of a picture is white, the rest is grey."""
    path.mkdir()
    random, episodes = np.random.default_rng(0), []
    for number, rows in enumerate((9, 7)):
        front = random.integers(60, 70, size=(rows, *side, 3), dtype=np.uint8)
        front[:, :, : side[1] // 4] = 255
        action = random.uniform(-1, 1, (rows, 2))
        action[0] = 0
        arrays = {
            "front": front,
            "state": random.normal(size=(rows, 2)),
            "action": action,
            "terminated": np.arange(rows) == rows - 1,
            "missing": np.zeros((rows, 2), bool),
        }
        paid = {"reward": np.arange(rows) / rows} if reward else {}
        name = f"episode-{number:06d}.npz"
        np.savez_compressed(path / name, **arrays, **paid)
        episodes.append({"file": name, "rows": rows})
    sensors = {"front": {"kind": "image", "shape": [*side, 3]}, "state": {"kind": "vector", "shape": [2]}}
    index = {"format": 1, "sensors": sensors, "action_size": 2, "episodes": episodes, "fps": 10, **about}
    (path / "dataset.json").write_text(json.dumps(index))
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write(tmp_path_factory.mktemp("recorded") / "data")


@pytest.fixture(scope="module")
def pretrained(data, catalog, tmp_path_factory):
    run = tmp_path_factory.mktemp("pretrained") / "run"
    assert main([*PRETRAIN, "--data", str(data), *RENAME, "--out", str(run)], catalog) == 0
    return run


def weights(run):
    return load(run / "checkpoints" / "latest.pt")[1]["agent"]["weights"]


def test_no_environment_is_needed(pretrained):
    metadata, _ = load(pretrained / "checkpoints" / "latest.pt")
    assert metadata["assembly"]["choices"]["env"]["component"] == "recording(image=image,proprio=vector)"
    assert metadata["sensors"]["image"]["shape"] == [44, 44, 3]  # 32 and 12 for random crops
    events = read_metrics(pretrained / "metrics.jsonl")
    assert events[-1].values["status"] == "done"
    told = [event.values["message"] for event in events if event.kind == "warning"]
    assert told == [
        "pictures of 'image' are 96x128, and are scaled by area to 44x44, between black bars. "
        "--image-size and --crop-margin say to what size."
    ]


def test_what_was_learned_is_taken_over_by_a_task_whose_sensors_are_called_so(pretrained, catalog, tmp_path):
    run = tmp_path / "run"
    pace = ["--random-episodes", "1", "--updates-per-step", "0.1", "--eval-every", "0", "--steps", "24", "--quiet"]
    words = ["--init-from", str(pretrained), "--init-parts", "encoders,rssm", "--freeze", "encoders,rssm"]
    assert (
        main(["train", "--env", "toy", "--method", "v-coral", *SIZES, *pace, *words, "--out", str(run)], catalog) == 0
    )
    before, after = weights(pretrained), weights(run)
    taken = [name for name in before if name.startswith(("encoders.", "rssm."))]
    assert taken and all(torch.equal(before[name], after[name]) for name in taken)


def test_it_goes_on_with_the_same_names(pretrained, data, catalog, tmp_path, capsys):
    run = tmp_path / "run"
    assert main([*PRETRAIN, "--data", str(data), *RENAME, "--updates", "1", "--out", str(run)], catalog) == 0
    again = ["pretrain", "--resume", str(run)]
    assert main([*again, "--updates", "2", "--rename", "front=eye"], catalog) == 2
    assert "--rename is front=eye, but the run was started with front=image,state=proprio" in capsys.readouterr().err
    assert main([*again, "--updates", "2", "--fit", "crop"], catalog) == 2
    assert "--fit is crop, but the run was started with pad" in capsys.readouterr().err
    assert main([*again, "--updates", "2", "--quiet"], catalog) == 0
    expected, resumed = weights(pretrained), weights(run)
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


def test_the_command_that_is_told_says_it_all(pretrained, data, catalog, tmp_path):
    metadata = json.loads((pretrained / "run.json").read_text())
    assert "--rename front=image,state=proprio" in metadata["command"] and "--env" not in metadata["command"]
    assert metadata["rename"] == ["front=image", "state=proprio"] and metadata["fit"] == "pad"


def replayed(run, shape):
    rows = 9 + 7
    return np.fromfile(run / "replay" / "image.bin", np.uint8, rows * shape[0] * shape[1] * 3).reshape(rows, *shape, 3)


@pytest.mark.parametrize(
    ("fit", "white", "black"),
    [
        ("crop", 5.5, 0),  # 16 of 96 columns are white, of 44 then 7.3; 128 columns lose 16 on either side, all white
        ("pad", 11, 11),  # 33 rows of 44 are left
        ("squeeze", 11, 0),
    ],
)
def test_pictures_are_scaled_by_area(data, catalog, tmp_path, fit, white, black):
    run = tmp_path / "run"
    words = ["--data", str(data), *RENAME, "--fit", fit, "--updates", "1", "--out", str(run)]
    assert main([*PRETRAIN, *words], catalog) == 0
    picture = replayed(run, (44, 44))[0, ..., 0].astype(int)
    middle = picture[22]
    assert abs((middle > 200).sum() - (7.3 if fit == "crop" else white)) < 1
    assert (picture[:, 40] == 0).sum() == black
    assert 60 <= middle[-5] <= 70


def test_without_rewards_there_is_no_reward_head(catalog, tmp_path, pretrained):
    data, run = write(tmp_path / "unpaid", reward=False), tmp_path / "run"
    index = json.loads((data / "dataset.json").read_text())
    (data / "dataset.json").write_text(json.dumps(index | {"reward": "absent"}))
    assert main([*PRETRAIN, "--data", str(data), *RENAME, "--out", str(run)], catalog) == 0
    heads = {name.split(".")[1] for name in weights(run) if name.startswith("heads.")}
    assert heads == {"continue"}
    assert "reward" in {name.split(".")[1] for name in weights(pretrained) if name.startswith("heads.")}
    updates = [event for event in read_metrics(run / "metrics.jsonl") if event.kind == "update"]
    assert updates and not any("reward" in name for name in updates[-1].values)
    agent = load_agent(run, "cpu")  # opens without the data
    assert agent is not None


def test_what_is_spoilt_is_refused_before_anything_is_left(catalog, tmp_path, capsys):
    data, run = write(tmp_path / "data"), tmp_path / "run"
    with np.load(data / "episode-000001.npz") as archive:
        held = dict(archive)
    held["action"] = held["action"] * 90
    np.savez_compressed(data / "episode-000001.npz", **held)
    assert main([*PRETRAIN, "--data", str(data), "--out", str(run)], catalog) == 4
    err = capsys.readouterr().err
    assert "actions lie outside [-1, 1]" in err and "(in 1 of 2 episodes)" in err and err.count("\n") == 2
    assert not run.exists()


def test_what_was_pretrained_on_a_recording_cannot_be_played(pretrained, catalog, tmp_path, capsys):
    for words in (["rollout", "--agent", str(pretrained), "--out", str(tmp_path / "d")], ["eval", str(pretrained)]):
        assert main(words, catalog) == 2
        assert "was pretrained" in capsys.readouterr().err
    assert main(["eval", str(pretrained), "--losses", "--episodes", "1"], catalog) == 2
    assert "it is known from a recording alone" in capsys.readouterr().err


def test_channels_that_stand_first_are_told_as_such(catalog, tmp_path, capsys):
    data = write(tmp_path / "data", side=(44, 44))
    for file in data.glob("*.npz"):
        with np.load(file) as archive:
            held = dict(archive)
        np.savez_compressed(file, **held | {"front": np.moveaxis(held["front"], -1, 1)})
    index = json.loads((data / "dataset.json").read_text())
    index["sensors"]["front"]["shape"] = [3, 44, 44]
    (data / "dataset.json").write_text(json.dumps(index))
    assert main([*PRETRAIN, "--data", str(data), "--out", str(tmp_path / "run")], catalog) == 4
    err = capsys.readouterr().err
    assert "the images of 'front' are 3x44x44: their channels stand first" in err and "np.moveaxis" in err


def test_a_run_is_named_after_the_data_and_a_spoilt_dataset_does_not_keep_it_from_going_on(
    catalog, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    data = write(tmp_path / "arm")
    assert main([*PRETRAIN, "--data", "arm", "--updates", "1"], catalog) == 0
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name == "pretrain-arm-cv-recon-seed0"
    with np.load(data / "episode-000000.npz") as archive:
        held = dict(archive)
    np.savez_compressed(data / "episode-000000.npz", **held | {"action": held["action"] + 1})
    assert main(["pretrain", "--resume", str(run), "--updates", "2", "--quiet"], catalog) == 0


def test_the_size_to_import_with_is_told_where_crops_have_no_room(catalog, tmp_path, capsys):
    data = write(tmp_path / "data", side=(32, 32), source={"format": "made-up"})
    assert main([*PRETRAIN, "--data", str(data), *RENAME, "--out", str(tmp_path / "run")], catalog) == 2
    assert "is 32x32, but 44x44 is needed" in (err := capsys.readouterr().err)
    assert "or import it anew with --size 44." in err


def test_an_environment_that_is_not_installed_can_be_left_out(catalog, tmp_path, capsys):
    env = {"kind": "environment", "component": "arm", "distribution": "robots", "version": "1", "options": {}}
    data = write(tmp_path / "data", env=env)
    assert main([*PRETRAIN, "--data", str(data), "--out", str(tmp_path / "run")], catalog) == 3
    err = capsys.readouterr().err
    assert "robots 1, which is not installed" in err and 'Or: Leave "env" out of dataset.json' in err

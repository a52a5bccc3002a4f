"""From recorded episodes to a pretrained representation, and on to an agent."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import coral_cli
from coral_cli.app import main
from coral_cli.commands import pretrain
from coral_cli.commands.pretrain import PretrainOptions
from coral_cli.registry.errors import CoralError
from coral_cli.runs.checkpoint import load, save
from coral_cli.runs.dataset import open_dataset
from coral_cli.runs.metrics import read_metrics

SIZES = ["--size", "tiny", "--image-encoder.depth", "2", "--rssm.gru", "8", "--batch-size", "2", "--batch-length", "4"]
BOX = ["--env", "box-push", "--env.action-repeat", "1", "--crop-margin", "12"]
PRETRAIN = ["pretrain", *SIZES, "--updates", "6", "--checkpoint-every", "2", "--quiet"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "box"
    assert main(["rollout", *BOX, "--episodes", "2", "--seed", "3", "--out", str(path), "--quiet"]) == 0
    return path


@pytest.fixture(scope="module")
def pretrained(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("pretrained") / "run"
    assert main([*PRETRAIN, "--data", str(data), "--method", "v-coral", "--out", str(path)]) == 0
    return path


def weights(run):
    return load(run / "checkpoints" / "latest.pt")[1]["agent"]["weights"]


def test_a_rollout_stores_every_sensor_and_can_be_repeated(data, tmp_path):
    dataset = open_dataset(data)
    assert {name: sensor.shape for name, sensor in dataset.sensors.items()} == {
        "image": (76, 76, 3),
        "wrist": (44, 44, 3),
        "proprio": (17,),
    }
    assert [entry["rows"] for entry in dataset.metadata["episodes"]] == [101, 101]
    assert dataset.metadata["env"]["component"] == "box-push" and dataset.metadata["actions"] == "random"
    again = tmp_path / "again"
    assert main(["rollout", *BOX, "--episodes", "1", "--seed", "3", "--out", str(again), "--quiet"]) == 0
    first, second = next(dataset.episodes()), next(open_dataset(again).episodes())
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_pretraining_trains_the_representation_and_says_so(pretrained, data):
    events = read_metrics(pretrained / "metrics.jsonl")
    assert events[0].values["unit"] == "updates" and events[0].values["budget"] == 6
    assert events[-1].values["status"] == "done" and events[-1].step == 6
    updates = [event for event in events if event.kind == "update"]
    assert {"loss/image", "loss/proprio", "loss/kl", "share/image", "share/kl"} <= updates[-1].values.keys()
    dataset = np.concatenate([episode["proprio"] for episode in open_dataset(data).episodes()])
    np.testing.assert_allclose(weights(pretrained)["normalization.proprio_mean"], dataset.mean(0), atol=1e-5)


def test_a_dry_run_tells_the_cost_and_writes_nothing(data, pretrained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [*PRETRAIN[:-1], "--data", str(data), "--method", "v-coral", "--dry-run"]
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sensors"] == {"image": [70, 70, 3], "wrist": [38, 38, 3], "proprio": [17]}
    assert report["replay_transitions"] == 202 and report["command"].startswith("coral pretrain --data ")
    assert report["replay_bytes"] == 202 * (70 * 70 * 3 + 38 * 38 * 3 + 4 * 17 + 4 * 2 + 4 + 1 + 3)
    learned = {name: value for name, value in weights(pretrained).items() if not name.startswith("normalization.")}
    assert report["parameters"]["total"] == sum(value.numel() for value in learned.values())
    assert report["eta_seconds"] == pytest.approx(6 * report["update_ms"] / 1e3)
    assert "step_ms" not in report and "renderer" not in report
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "202 transitions, 4 MB" in said and "time        update " in said and "when full" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_what_is_noted_of_the_data_and_refuses_what_training_would(data, tmp_path, capsys):
    words = [*PRETRAIN[:-1], "--data", str(data), "--dry-run"]
    assert main([*words, "--image-size", "32"]) == 0
    assert "data        pictures of " in capsys.readouterr().out
    assert main([*words, "--crop-margin", "30"]) == 2
    assert "is 76x76, but 94x94 is needed" in capsys.readouterr().err


def test_an_agent_takes_over_what_was_pretrained(pretrained, tmp_path):
    words = ["--init-from", str(pretrained), "--init-parts", "encoders,rssm", "--freeze", "encoders,rssm"]
    pace = ["--random-episodes", "1", "--updates-per-step", "0.02", "--eval-every", "0", "--steps", "200", "--quiet"]
    run = tmp_path / "run"
    assert main(["train", "--method", "v-coral", *SIZES, *pace, *words, "--out", str(run)]) == 0
    before, after = weights(pretrained), weights(run)
    taken = [name for name in before if name.startswith(("encoders.", "rssm."))]
    assert taken and all(torch.equal(before[name], after[name]) for name in taken)


@pytest.mark.parametrize("words", [[], ["--video", "film.mp4"], ["--json"]])
@pytest.mark.parametrize("lone", [True, False])
def test_a_pretrained_representation_has_no_policy_to_evaluate(words, lone, pretrained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    place = shutil.copy(pretrained / "checkpoints" / "latest.pt", tmp_path / "lone.pt") if lone else pretrained
    assert main(["eval", str(place), "--episodes", "1", *words]) == 2
    out, err = capsys.readouterr()
    assert not out and err.splitlines() == [
        f"error: {place} was pretrained: it has no policy that could be evaluated.",
        f"hint: Train one: coral train --init-from {place}, with the flags of its representation; or add --losses.",
    ]
    assert not Path("film.mp4").exists()


def test_a_run_that_was_pretrained_before_checkpoints_said_so_is_known_by_its_metadata(pretrained, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(pretrained, run)
    metadata, state = load(run / "checkpoints" / "latest.pt")
    save(run / "checkpoints" / "latest.pt", {k: v for k, v in metadata.items() if k != "pretrained"}, state)
    assert main(["eval", str(run), "--episodes", "1"]) == 2
    assert "was pretrained" in capsys.readouterr().err


def test_its_losses_on_new_episodes_are_told_without_scores(pretrained, capsys):
    assert main(["eval", str(pretrained), "--episodes", "1", "--losses"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "loss" and {"image", "proprio", "kl"} <= {line.split()[0] for line in lines[1:]}
    assert main(["eval", str(pretrained), "--episodes", "1", "--losses", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["statistics"] == {} and report["losses"]["here"]["loss/image"] > 0


def test_random_actions_are_not_recorded_under_the_name_of_what_was_pretrained(pretrained, tmp_path, capsys):
    assert main(["rollout", "--agent", str(pretrained), "--episodes", "1", "--out", str(tmp_path / "d")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"error: {pretrained} was pretrained: it has no policy that could act.",
        "hint: Random actions need no agent: --env box-push, without --agent.",
    ]
    assert not (tmp_path / "d").exists()


def test_load_agent_gives_what_it_represents_and_no_random_actions(pretrained):
    agent = coral_cli.load_agent(pretrained, device="cpu")
    seen = {
        name: np.zeros(sensor.shape, np.uint8 if sensor.kind == "image" else np.float32)
        for name, sensor in agent.sensors.items()
    }
    features, state = agent.features(seen)
    assert features.any()
    for explore in (False, True):
        with pytest.raises(CoralError, match="was pretrained: it has no policy that could act"):
            agent.act(seen, state, explore)


def test_steps_are_updates_here(data, capsys):
    assert main(["pretrain", "--data", str(data), "--steps", "5k"]) == 2
    assert capsys.readouterr().err == "error: there is no option --steps.\nhint: Here it is --updates.\n"


def test_interrupted_and_resumed_it_ends_as_if_it_had_never_stopped(pretrained, data, tmp_path):
    run = tmp_path / "run"
    assert main([*PRETRAIN, "--data", str(data), "--method", "v-coral", "--out", str(run), "--updates", "3"]) == 0
    assert main(["pretrain", "--resume", str(run), "--updates", "6", "--quiet"]) == 0
    expected, resumed = weights(pretrained), weights(run)
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


def test_a_resumed_run_heeds_what_is_written(data, pretrained, tmp_path, monkeypatch, capsys):
    run = tmp_path / "run"
    shutil.copytree(pretrained, run)
    shutil.copytree(data, tmp_path / "other")
    assert main(["pretrain", "--resume", str(run), "--data", str(tmp_path / "other")]) == 2
    assert "but the run was started with" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)  # the path in run.json does not depend on where one stands
    assert main(["pretrain", "--resume", "run", "--data", str(data), "--updates", "8", "--quiet"]) == 0
    assert load(run / "checkpoints" / "latest.pt")[1]["progress"]["updates"] == 8
    assert main(["pretrain", "--resume", "run", "--updates", "7"]) == 2
    assert "--updates is 7, but the run has done 8 already" in capsys.readouterr().err
    asked = []
    monkeypatch.setattr(pretrain, "run_session", lambda request: asked.append(request) or 0)
    defaults = PretrainOptions()
    words = ["--updates", str(defaults.updates), "--checkpoint-every", str(defaults.checkpoint_every)]
    assert main(["pretrain", "--resume", "run", *words]) == 0
    assert (asked[0].updates, asked[0].checkpoint_every) == (50_000, 2_000)  # the defaults, but written


def test_what_was_pretrained_is_not_trained_on(pretrained, capsys):
    before = (pretrained / "run.json").read_text()
    assert main(["train", "--resume", str(pretrained)]) == 2
    assert f"Go on with: coral pretrain --resume {pretrained}" in capsys.readouterr().err.replace("\n", " ")
    assert (pretrained / "run.json").read_text() == before


def test_ctrl_c_saves_and_says_how_to_go_on(data, tmp_path):
    words = [*PRETRAIN, "--updates", "100k", "--data", str(data), "--out", str(tmp_path / "run")]
    words.remove("--quiet")
    process = subprocess.Popen([sys.executable, "-m", "coral_cli", *words], stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run" / "metrics.jsonl"
    while not (metrics.exists() and '"update"' in metrics.read_text()):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=200)
    assert process.returncode == 130
    assert f"go on with: coral pretrain --resume {tmp_path / 'run'}" in err


def test_image_only_pretraining_ignores_the_other_sensors(data, tmp_path):
    run = tmp_path / "run"
    words = ["--method", "recon-image", "--image-loss.depth", "2", "--data", str(data), "--out", str(run)]
    assert main([*PRETRAIN, *words]) == 0
    metadata = load(run / "checkpoints" / "latest.pt")[0]
    assert metadata["sensors"] == {  # no margin is needed
        "image": {"kind": "image", "shape": [64, 64, 3]},
        "wrist": {"kind": "image", "shape": [32, 32, 3]},
    }


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["pretrain"], 2, "--data is missing"),
        (["pretrain", "--data", "nowhere"], 4, "nowhere is no dataset"),
        (["pretrain", "--resume", "nowhere"], 4, "nowhere does not exist"),
        (["rollout"], 2, "--out is missing"),
        (["rollout", "--explore", "--out", "x"], 2, "--explore needs --agent"),
        (
            ["rollout", "--agent", "y", "--image-size", "32", "--out", "x"],
            2,
            "--image-size cannot be combined with --agent",
        ),
        (["rollout", "--agent", "nowhere", "--out", "x"], 4, "nowhere does not exist"),
        (["rollout", "--policy", "sac", "--out", "x"], 2, "there is no option --policy"),
        (["pretrain", "--steps", "5"], 2, "there is no option --steps"),
    ],
)
def test_what_cannot_be_is_said(words, code, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words) == code
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_images_without_a_margin_are_refused_with_what_to_do(tmp_path, capsys):
    data = tmp_path / "data"
    words = ["--env", "cartpole-swingup", "--crop-margin", "0", "--episodes", "1"]
    assert main(["rollout", *words, "--out", str(data), "--quiet"]) == 0
    assert main([*PRETRAIN, "--data", str(data), "--out", str(tmp_path / "run")]) == 2
    assert "image in" in (message := capsys.readouterr().err) and "--crop-margin 0" in message
    assert main([*PRETRAIN, "--data", str(data), "--crop-margin", "0", "--out", str(tmp_path / "run")]) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["command"].startswith("coral pretrain --data")

"""``coral eval --losses``: the losses on the episodes evaluated, beside those of training."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from coral_cli import builtin
from coral_cli.app import main
from coral_cli.registry.discovery import discover
from coral_cli.registry.events import Event
from coral_cli.runs.metrics import to_line
from coral_cli.sessions.held_out import REPORTS, held_out
from coral_cli.sessions.saved import open_saved
from coral_cli.training.collection import Episode

SIZES = ["--size", "tiny", "--image-encoder.depth", "2", "--rssm.gru", "8", "--rssm.hidden", "8"]
QUICK = ["--random-episodes", "1", "--updates-per-step", "0.1", "--eval-every", "0", "--batch-size", "2"]
TASK = ["--env", "box-push", "--env.action-repeat", "10"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A finished run of two episodes, 10 actions each."""
    path = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", *TASK, *SIZES, *QUICK, "--steps", "200", "--out", str(path), "--quiet"]) == 0
    return path


def evaluated(capsys, *words: object) -> dict:
    assert main(["eval", *map(str, words), "--episodes", "2", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_loss_is_told_and_the_episodes_stay_the_same(run: Path, capsys) -> None:
    without, told = evaluated(capsys, run), evaluated(capsys, run, "--losses")
    assert without["losses"] is None and without["statistics"] == told["statistics"]
    here, training = told["losses"]["here"], told["losses"]["training"]
    assert set(here) == set(training) > {"loss/image", "loss/proprio", "loss/reward", "loss/kl", "metric/image/scale"}
    assert all(math.isfinite(value) for value in here.values())
    assert here == evaluated(capsys, run, "--losses")["losses"]["here"]


def test_filmed_episodes_have_the_same_losses(run: Path, capsys) -> None:
    filmed = evaluated(capsys, run, "--losses", "--video")
    assert filmed["losses"] == evaluated(capsys, run, "--losses")["losses"]
    assert Path(filmed["video"]).is_file()


def test_the_loss_of_rewards_that_are_known(run: Path) -> None:
    """A head that always says 0 has -log N(2; 0, 1) nats where each reward is 2."""
    saved = open_saved(run, discover(builtin))
    agent = saved.agent(torch.device("cpu"))
    for parameter in agent.representation.heads["reward"].parameters():
        parameter.data.zero_()
    steps = 7
    arrays = {name: np.zeros((steps, *sensor.shape), np.float32) for name, sensor in saved.sensors.items()}
    arrays["image"] = arrays["image"].astype(np.uint8)
    arrays |= {"action": np.zeros((steps, 2), np.float32), "reward": np.full(steps, 2, np.float32)}
    arrays |= {"terminated": np.zeros(steps, bool)}
    weights = {name: value.clone() for name, value in agent.weights().items()}
    losses = held_out(saved, agent, [Episode(0.0, steps - 1, {}, arrays)], seed=0)
    assert losses.here["loss/reward"] == pytest.approx(2 + 0.5 * math.log(2 * math.pi), rel=1e-3)
    assert all(torch.equal(value, weights[name]) for name, value in agent.weights().items())


def test_training_is_the_last_reports_before_the_checkpoint(run: Path, tmp_path: Path, capsys) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    steps = [*range(1, REPORTS + 2), 201]  # one too early to count, and one after the checkpoint
    values = [1e6, *[1.0, 3.0] * (REPORTS // 2), 1e6]
    events = [
        Event("update", step, 0.0, {"loss/kl": value, "loss/total": 1.0} | ({"loss/image": 1.0} if step < 9 else {}))
        for step, value in zip(steps, values, strict=True)
    ]
    (copy / "metrics.jsonl").write_text("".join(f"{to_line(event)}\n" for event in events))
    assert evaluated(capsys, copy, "--losses")["losses"]["training"] == {"loss/kl": 2.0}


def test_reports_that_were_not_finite_do_not_count(run: Path, tmp_path: Path, capsys) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    values = [(1.0, math.nan), (math.inf, math.nan), (3.0, math.nan)]
    events = [
        Event("update", step, 0.0, {"loss/kl": kl, "loss/reward": reward}) for step, (kl, reward) in enumerate(values)
    ]
    (copy / "metrics.jsonl").write_text("".join(f"{to_line(event)}\n" for event in events))
    assert evaluated(capsys, copy, "--losses")["losses"]["training"] == {"loss/kl": 2.0}


def test_a_lone_checkpoint_has_no_training_beside_it(run: Path, tmp_path: Path, capsys) -> None:
    lone = shutil.copy(run / "checkpoints" / "latest.pt", tmp_path / "lone.pt")
    assert evaluated(capsys, lone, "--losses")["losses"]["training"] == {}
    assert main(["eval", str(lone), "--episodes", "1", "--losses"]) == 0
    assert "in training" not in capsys.readouterr().out
    assert main(["eval", str(run), "--episodes", "1", "--losses"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "loss            these episodes  in training" in lines


def test_without_a_representation_there_are_none(tmp_path: Path, capsys) -> None:
    path = tmp_path / "run"
    words = ["--method", "proprio-sac", "--size", "tiny", *QUICK, "--steps", "100", "--out", str(path), "--quiet"]
    assert main(["train", *TASK, *words]) == 0
    assert main(["eval", str(path), "--losses"]) == 2
    assert capsys.readouterr().err.startswith("error: the agent learned no representation: there are no losses.")

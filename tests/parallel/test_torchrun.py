"""Two processes under torchrun: one run, one checkpoint, one that talks; and none left when it is over."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from coral_cli import builtin
from coral_cli.app import main
from coral_cli.assembly.resolve import resolve
from coral_cli.parallel.torchrun import Place, find_place, follows
from coral_cli.plugin import Sensor
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import UsageError
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.parallel import Start, updates_of
from coral_cli.training.replay import Replay

TOYS = Path(__file__).parents[1] / "environments"
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "coral_cli"]
ENV = ["--env", "vectorised_toys:Walk"]  # short episodes of unequal length, some of which terminate
AGENT = ["--sensors", "total", "--total-loss", "cpc", "--size", "tiny", "--batch-size", "4", "--batch-length", "4"]
PACE = ["--random-episodes", "2", "--eval-every", "2", "--eval-episodes", "1", "--checkpoint-every", "1"]


@pytest.fixture
def environ():
    paths = [str(TOYS), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def test_a_run_of_two_processes_is_one_run(tmp_path, environ, monkeypatch, capsys):
    words = ["train", *ENV, *AGENT, *PACE, "--steps", "60", "--out", "run", "--json"]
    done = subprocess.run([*TORCHRUN, *words], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["processes"] == 2
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["kind"] for event in events].count("start") == 1
    assert "2 processes, each with 2 of the 4 sequences" in events[1]["values"]["message"]
    assert events[-1]["values"]["status"] == "done"
    assert any("loss/total" in event["values"] for event in events)

    monkeypatch.syspath_prepend(str(TOYS))
    assert main(["eval", str(tmp_path / "run"), *ENV, "--episodes", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["statistics"]["episodes"] == 2


def test_a_process_that_follows_crops_as_the_first_one_does(tmp_path):
    """Of pictures of 76 pixels, 64 are learned from."""
    catalog = discover(builtin)
    assembly = resolve({"env": "cartpole-swingup", "size": "tiny", "batch-size": 2, "batch-length": 3}, catalog)
    sensors = {"image": Sensor("image", "image", (76, 76, 3)), "proprio": Sensor("proprio", "vector", (2,))}
    arrays = {"image": np.zeros((5, 76, 76, 3), np.uint8), "proprio": np.zeros((5, 2), np.float32)}
    arrays |= {
        "action": np.zeros((5, 1), np.float32),
        "reward": np.zeros(5, np.float32),
        "terminated": np.zeros(5, bool),
    }
    Replay(sensors, 1, 20, tmp_path).add(arrays)
    updates = updates_of(Start(sensors, 1, tmp_path, 20), Place(1, 2), assembly, catalog)
    batches = []
    updates.learner.update = lambda batch, shares: batches.append(batch) or {}
    updates.do_share(shares=False, steps=0)
    assert batches[0].observations["image"].shape == (2, 3, 64, 64, 3)


@pytest.mark.slow
def test_a_benchmark_tells_how_far_two_are_from_twice_as_fast(tmp_path, environ):
    words = ["bench", *ENV, *AGENT, "--repeats", "2", "--json", "--part"]
    done = subprocess.run(
        [*TORCHRUN, *words, "update"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    update = json.loads(done.stdout)["update"]
    assert update["processes"] == 2 and update["efficiency"] == pytest.approx(update["alone_ms"] / update["ms"] / 2)
    assert done.stderr.count("measuring: 2 updates") == 2 and not list(tmp_path.iterdir())


@pytest.mark.slow
def test_an_interruption_saves_and_leaves_nobody_behind(tmp_path, environ):
    run = tmp_path / "run"
    words = ["train", *ENV, *AGENT, *PACE, "--steps", "100k", "--out", str(run)]
    with subprocess.Popen([*TORCHRUN, *words], env=environ, stderr=subprocess.PIPE, text=True) as launcher:
        deadline = time.monotonic() + 250
        while not (run / "checkpoints" / "latest.pt").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        children = children_of(launcher.pid)
        launcher.send_signal(signal.SIGINT)
        _, errors = launcher.communicate(timeout=200)
    assert f"saved; go on with: coral train --resume {run}" in errors and "error:" not in errors
    last = read_metrics(run / "metrics.jsonl")[-1]
    assert last.values["status"] == "interrupted"
    assert load(run / "checkpoints" / "latest.pt")[1]["progress"]["steps"] == last.step
    assert len(children) == 2 and not any(Path(f"/proc/{child}").exists() for child in children)


def children_of(parent):
    return Path(f"/proc/{parent}/task/{parent}/children").read_text().split()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(["--batch-size", "5"], "5 sequences cannot be shared evenly by 2"), (["--device", "cuda:0"], "cuda:0")],
)
def test_what_two_processes_cannot_share_is_refused(words, complaint, monkeypatch, tmp_path, capsys):
    """The first process says so; the second does only if it is still there after a while."""
    monkeypatch.chdir(tmp_path)
    for rank in range(2):
        for name, value in launched(rank).items():
            monkeypatch.setenv(name, value)
        slept = []
        monkeypatch.setattr(time, "sleep", lambda _, slept=slept: slept.append(capsys.readouterr().err))
        assert main(["train", "--env", "cartpole-swingup", *words]) == 2
        assert slept == [""] * rank and complaint in capsys.readouterr().err
    for name, value in launched(0).items():
        monkeypatch.setenv(name, value)
    assert main(["bench", "--env", "cartpole-swingup"]) == 2 and "--part update" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def launched(rank, count=2, local=2):
    sizes = {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(local)}
    return {"TORCHELASTIC_RUN_ID": "x", "RANK": str(rank), **sizes}


def test_the_place_is_what_torchrun_says():
    assert find_place(launched(1)) == Place(1, 2) and follows(launched(1))
    assert find_place(launched(0)) == Place(0, 2) and not follows(launched(0))
    assert find_place(launched(0, 1, 1)) is None and not follows(launched(0, 1, 1))
    assert find_place({}) is None and not follows({})
    # Others than torchrun set these as well, and do not make coral's processes meet.
    assert find_place({"RANK": "1", "WORLD_SIZE": "2"}) is None and not follows({"RANK": "1"})
    with pytest.raises(UsageError, match="several machines"):
        find_place(launched(3, 4, 2))


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto", Place(1, 2)) == torch.device("cuda", 1)
    assert choose_device("cuda", Place(0, 2)) == torch.device("cuda", 0)
    assert choose_device("cpu", Place(1, 2)) == torch.device("cpu")
    assert choose_device("cuda") == torch.device("cuda") and choose_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(UsageError, match="2 processes cannot share cuda:1"):
        choose_device("cuda:1", Place(1, 2))
    with pytest.raises(UsageError, match="3 processes need a GPU each, but torch sees 2"):
        choose_device("auto", Place(0, 3))

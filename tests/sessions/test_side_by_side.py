"""``--envs N`` and ``--collect async``: episodes collected and evaluated side by side, or beside the updates."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics

TINY = ["--size", "tiny", "--image-encoder.depth", "2", "--rssm.gru", "8", "--batch-size", "2", "--batch-length", "4"]
PACE = ["--random-episodes", "3", "--updates-per-step", "0.2", "--eval-every", "5", "--eval-episodes", "3"]
TASK = ["--env", "cartpole-swingup", "--env.action-repeat", "50", "--renderer", "raycast", "--image-size", "32"]


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_copies(tmp_path):
    run = tmp_path / "run"
    assert main(["train", *TASK, *TINY, *PACE, "--steps", "1000", "--quiet", "--out", str(run)]) == 0
    assert main(["train", "--resume", str(run), "--steps", "5000", "--envs", "2", "--quiet"]) == 0
    events = read_metrics(run / "metrics.jsonl")
    episodes = [event for event in events if event.kind == "episode"]
    assert [event.values["random"] for event in episodes] == [True] * 3 + [False] * 2
    assert [event.step for event in episodes] == [1000, 2000, 3000, 4000, 5000]
    assert [event.values["episodes"] for event in events if event.kind == "evaluation"] == [3, 3]
    assert any(event.kind == "update" for event in events)


def test_episodes_are_collected_beside_the_updates(tmp_path):
    run = tmp_path / "run"
    flags = [*TASK, *TINY, *PACE, "--collect", "async", "--quiet"]
    assert main(["train", *flags, "--steps", "6000", "--out", str(run)]) == 0
    assert main(["train", "--resume", str(run), "--steps", "8000", "--quiet"]) == 0
    events = read_metrics(run / "metrics.jsonl")
    assert [event.step for event in events if event.kind == "episode"] == [1000 * n for n in range(1, 9)]
    assert [event.kind for event in events if event.kind in ("evaluation", "end")][-2:] == ["evaluation", "end"]


HANGING = """
import os
import time
import gymnasium
import numpy as np
from pathlib import Path


class Hanging(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    resets = 0

    def reset(self, *, seed=None, options=None):
        self.resets, self.left = self.resets + 1, 8
        return np.zeros(3, np.float32), {}

    def step(self, action):
        self.left -= 1
        if self.resets == 2 and not Path("mended").exists():
            Path(f"hangs{os.getpid()}").touch()
            time.sleep(600)
        return np.zeros(3, np.float32), 0.0, False, self.left == 0, {}
"""

HURRIED = ["--size", "tiny", "--batch-size", "2", "--batch-length", "4", "--updates-per-step", "0.1", "--quiet"]


@pytest.mark.slow
@pytest.mark.parametrize("collect", ["sync", pytest.param("async", marks=pytest.mark.slow)])
def test_a_signal_while_a_copy_hangs_saves_the_run_and_ends_it(tmp_path, monkeypatch, collect):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("hanging_env.py").write_text(HANGING)
    words = ["train", "--env", "hanging_env:Hanging", *HURRIED, "--random-episodes", "2", "--eval-every", "0"]
    words += ["--envs", "2", "--collect", collect, "--steps", "48", "--out", "run"]
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(
        [sys.executable, "-m", "coral_cli", *words], env=environment, stderr=subprocess.PIPE
    ) as child:
        while len(list(tmp_path.glob("hangs*"))) < 2:
            assert child.poll() is None
            time.sleep(0.05)
        child.terminate()
        _, err = child.communicate(timeout=300)  # --env-timeout is twice as long
    assert (child.returncode, err) == (
        143,
        b"saved; go on with: coral train --resume run --env hanging_env:Hanging\n",
    )
    assert load(Path("run/checkpoints/latest.pt"))[1]["progress"]["episodes"] == 2
    Path("mended").touch()
    assert main(["train", "--resume", "run", "--env", "hanging_env:Hanging", "--quiet"]) == 0
    assert load(Path("run/checkpoints/latest.pt"))[1]["progress"]["episodes"] == 6

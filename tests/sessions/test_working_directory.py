"""An environment that works in a folder of its own moves nothing: all paths are seen from where coral was started."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.environments.distractions.clips import find_clips
from coral_cli.registry.places import started
from coral_cli.runs.metrics import read_metrics

from .pace import PACE

TRAIN = f"{PACE} --steps 16"
ENV = "--env moving_env:Moving"

ENVIRONMENT = """
import os

import gymnasium
import numpy as np


class Moving(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}
    observation_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode
        os.makedirs("simulator", exist_ok=True)
        os.chdir("simulator")

    def reset(self, *, seed=None, options=None):
        self.left = 8
        return np.zeros(3, np.float32), {}

    def step(self, action):
        self.left -= 1
        return np.zeros(3, np.float32), 0.0, False, self.left == 0, {}

    def render(self):
        return np.full((64, 64, 3), 90, np.uint8)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "moving_env.py").write_text(ENVIRONMENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "moving_env", raising=False)
    return tmp_path


def left(here: Path) -> set[str]:
    """What lies where coral was started; checks that nothing but folders lies where the simulator went."""
    assert not [path for path in (here / "simulator").rglob("*") if path.is_file()]
    return {path.name for path in here.iterdir()} - {"moving_env.py", "simulator", "__pycache__"}


def again(here: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Another command, from where the first was started."""
    monkeypatch.chdir(here)
    assert main(words.split()) == 0


def test_a_run_and_what_follows_it_lie_where_they_were_wanted(here, monkeypatch, capsys) -> None:
    again(here, monkeypatch, f"train {ENV} {TRAIN} --out run")
    assert f"evaluate with: coral eval run --video {ENV}" in capsys.readouterr().err
    again(here, monkeypatch, f"train --resume run {ENV} --steps 24 --quiet")
    again(here, monkeypatch, f"train {ENV} {TRAIN} --init-from run --envs 2 --out two --quiet")
    assert "weights taken over from run/checkpoints/latest.pt" in (here / "two" / "metrics.jsonl").read_text()
    capsys.readouterr()
    again(here, monkeypatch, f"eval run {ENV} --episodes 1 --video films/film.mp4 --json")
    report = json.loads(capsys.readouterr().out)
    assert (report["checkpoint"], report["video"]) == ("run/checkpoints/latest.pt", "films/film.mp4")
    assert left(here) == {"run", "two", "films"} and (here / "films" / "film.mp4").is_file()
    events = read_metrics(here / "run" / "metrics.jsonl")
    assert {event.values["out"] for event in events if event.kind == "start"} == {"run"}
    paths = [event.values["path"] for event in events if event.kind == "checkpoint"]
    assert paths[-1] == "run/checkpoints/step-000000024.pt"


def test_a_run_without_a_place_lies_among_the_others(here, monkeypatch) -> None:
    again(here, monkeypatch, f"train {ENV} {TRAIN} --quiet")
    assert left(here) == {"runs"}
    (run,) = (here / "runs").iterdir()
    start = read_metrics(run / "metrics.jsonl")[0]
    assert start.values["out"] == f"runs/{run.name}"


def test_a_dataset_lies_where_it_was_wanted(here, monkeypatch, capsys) -> None:
    again(here, monkeypatch, f"rollout {ENV} --episodes 1 --out data --quiet")
    assert "1 episodes in data; train" in capsys.readouterr().out
    assert left(here) == {"data"} and (here / "data" / "episode-000000.npz").is_file()


def test_a_picture_lies_where_it_was_wanted(here, monkeypatch, capsys) -> None:
    again(here, monkeypatch, f"envs show {ENV} --image seen.png --frames 1")
    assert left(here) == {"seen.png"} and capsys.readouterr().out.splitlines()[-1].split() == ["image", "seen.png"]


def test_clips_are_sought_where_coral_was_started(here, monkeypatch) -> None:
    (here / "clips").mkdir()
    (here / "clips" / "film.mp4").touch()
    with started():
        monkeypatch.chdir("clips")
        assert [clip.name for clip in find_clips("clips")] == ["film.mp4"]


def test_errors_are_as_short_as_what_was_written(here, monkeypatch, capsys) -> None:
    again(here, monkeypatch, f"train {ENV} {TRAIN} --out run --quiet")
    monkeypatch.chdir(here)
    capsys.readouterr()
    assert main(f"train {ENV} {TRAIN} --out run --quiet".split()) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: run already holds a run.",
        "hint: Choose another --out, or go on with --resume run.",
    ]

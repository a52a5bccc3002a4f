"""Checkpoints and runs of earlier versions, whose metadata says less, or meant something else by the same words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from coral_cli.app import main
from coral_cli.runs.checkpoint import load, save

TRAIN = "train --env gym:Pendulum-v1 --sensors proprio --size tiny --batch-size 2 --batch-length 4 --eval-every 0 "
PACE = "--random-episodes 1 --updates-per-step 0.1 --env.max-steps 20 --steps 40 --quiet"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A run of two episodes that were cut off after 20 steps; their own limit is 200."""
    path = tmp_path_factory.mktemp("runs") / "run"
    assert main([*TRAIN.split(), *PACE.split(), "--out", str(path)]) == 0
    return path


@pytest.fixture
def run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(finished, "run"))


def rewrite(run: Path, change: Any) -> None:
    """Changes the metadata and the state of the latest checkpoint, and what run.json says of the assembly."""
    path = run / "checkpoints" / "latest.pt"
    metadata, state = load(path)
    change(metadata, state)
    save(path, metadata, state)
    about = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(about | {"assembly": metadata.get("assembly", {})}))


ROLLOUT = ["rollout", "--agent", "run", "--episodes", "1", "--out", "data"]
EVAL = ["eval", "run", "--episodes", "1"]
RESUME = ["train", "--resume", "run", "--steps", "60"]


@pytest.mark.parametrize("command", [ROLLOUT, EVAL, RESUME], ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("key", "code"), [("renderer", 0), ("coral", 0), ("assembly", 4), ("sensors", 4), ("action_size", 4)]
)
def test_a_checkpoint_that_does_not_say_something(run, key, code, command, capsys) -> None:
    rewrite(run, lambda metadata, _: metadata.pop(key))
    if command is RESUME and key in ("sensors", "action_size"):
        code = 1 if key == "sensors" else 0  # the environment says so, too
    assert main([*command, "--quiet"]) == code
    assert "unexpected" not in capsys.readouterr().err


def test_a_checkpoint_with_a_counter_of_another_version_is_unreadable(run, capsys) -> None:
    rewrite(run, lambda _, state: state["progress"].update(dreams=3))
    assert main([*RESUME, "--quiet"]) == 4
    assert "of another version of coral" in capsys.readouterr().err


def older(metadata: dict[str, Any], _: Any) -> None:
    options = metadata["assembly"]["choices"]["env"]["options"]
    del options["limit"], options["success"]


def length(capsys) -> float:
    assert main([*EVAL, "--json", "--quiet"]) == 0
    return float(json.loads(capsys.readouterr().out)["statistics"]["length/mean"])


def test_max_steps_of_a_foreign_environment_means_what_it_meant_when_it_was_saved(run, capsys) -> None:
    assert length(capsys) == 20
    rewrite(run, older)
    assert length(capsys) == 200  # its own limit: max-steps counted only where there was none
    assert main([*RESUME, "--quiet"]) == 0
    assert load(run / "checkpoints" / "latest.pt")[1]["progress"]["steps"] == 240

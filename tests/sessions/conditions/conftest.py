"""Runs to be evaluated under several conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from coral_cli.testing import run

from . import tolled
from .tolled import trained


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A folder: ``plain`` (seed 3) was trained without a distraction, ``taught`` (seed 4) with add, of 1."""
    folder = tmp_path_factory.mktemp("runs")
    trained(folder / "plain", "--seed 3 --env.bonus 5")
    trained(folder / "taught", "--seed 4 --distraction add --distraction.add.much 1")
    trained(folder / "elsewhere", env="other")
    return folder


@pytest.fixture(autouse=True)
def evaluation(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Distractions are asked for the split of evaluation, and paths are seen from the folder of runs."""
    monkeypatch.setattr(tolled, "evaluating", True)
    monkeypatch.chdir(runs)


@pytest.fixture(scope="module")
def seeing(tmp_path_factory) -> Path:
    """A run that sees images."""
    path = tmp_path_factory.mktemp("seeing") / "seeing"
    toys = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --image-loss infonce --batch-length 4"
    words = "--size tiny --random-episodes 1 --updates-per-step 0 --eval-every 0 --quiet --steps 12"
    assert run(f"train {toys} {words} --out {path}").code == 0
    return path

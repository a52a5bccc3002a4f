"""Whether agents still learn: short seeded trainings. Minutes each, run with -m learning."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from coral_cli.runs.metrics import read_metrics

pytestmark = [pytest.mark.learning, pytest.mark.timeout(3600)]

QUICK = (
    "--method v-coral --size small --image-encoder.depth 8 --batch-size 8 --updates-per-step 1 "
    "--eval-every 1000 "  # evaluated once, at the end
    "--precision fp32"
)


def trained(flags: str, run: Path) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Means of the last evaluation, and of the last update report, of `coral train` with ``flags``.

    One thread and one precision, so that a seed means the same on other machines.
    """
    command = [sys.executable, "-m", "coral_cli", "train", *QUICK.split(), *flags.split(), "--out", str(run), "--quiet"]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL)
    events = read_metrics(run / "metrics.jsonl")
    evaluation, update = (
        [event.values for event in events if event.kind == kind][-1] for kind in ("evaluation", "update")
    )
    return evaluation, update


def test_cartpole_swings_up(tmp_path):
    """A random policy returns 119 +- 6."""
    evaluation, update = trained(
        "--env cartpole-swingup --policy.target-decay 0.95 --steps 20k --eval-episodes 10", tmp_path / "run"
    )
    assert update["loss/image"] < 2.5  # nats, of 5.5 by chance
    assert update["metric/proprio/mse"] < 0.1  # of a variance of 1
    assert evaluation["return/mean"] > 160


def test_box_push_brings_the_tray_nearer(tmp_path):
    """Holding still returns -225 +- 8 and leaves the tray 0.47 +- 0.02 m away (40 episodes); random, -276 +- 9."""
    flags = (
        "--env box-push --env.action cartesian --env.action-repeat 4 --policy.discount 0.97 --policy.target-decay 0.98 "
        "--batch-length 25 --random-episodes 40 --steps 30k --eval-episodes 20"
    )
    evaluation, _ = trained(flags, tmp_path / "run")
    assert evaluation["return/mean"] > -210
    assert evaluation["distance/mean"] < 0.35

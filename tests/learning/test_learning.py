"""Whether agents still learn: short seeded trainings, and what holds without learning. Minutes each: -m learning."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from coral_cli.runs.metrics import read_metrics

pytestmark = [pytest.mark.learning, pytest.mark.timeout(1800)]

SMALL = "--method v-coral --size small --image-encoder.depth 8 --batch-size 8 --updates-per-step 1 --eval-episodes 10"


def trained(flags: str, run: Path) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Means of the last evaluation, and of the last update report, of `coral train` with ``flags``.

    One thread, so that a seed means the same on machines with more or fewer cores.
    """
    command = [sys.executable, "-m", "coral_cli", "train", *SMALL.split(), *flags.split(), "--out", str(run), "--quiet"]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL)
    events = read_metrics(run / "metrics.jsonl")
    return tuple([event.values for event in events if event.kind == kind][-1] for kind in ("evaluation", "update"))

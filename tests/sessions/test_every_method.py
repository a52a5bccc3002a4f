"""Every named method, RSSM and policy trains, saves and evaluates through flags alone."""

import math

import pytest

from coral_cli.app import main
from coral_cli.assembly.shorthands import METHODS
from coral_cli.runs.metrics import read_metrics

TINY = ["--size", "tiny", "--batch-size", "2", "--batch-length", "4", "--env.action-repeat", "40"]
PACE = [
    "--precision",
    "fp32",
    "--updates-per-step",
    "0.08",
    "--random-episodes",
    "1",
    "--eval-every",
    "0",
    "--steps",
    "1100",
    "--quiet",
    "--renderer",
    "raycast",
]
VARIANTS = {
    **{name: ["--method", name] for name in METHODS},
    "categorical": ["--method", "v-coral", "--rssm", "categorical"],
    "imagination": ["--method", "p-coral", "--policy", "imagination"],
    "imagination, reconstruction": ["--method", "recon-same", "--policy", "imagination"],
    "random": ["--method", "p-coral", "--policy", "random"],
    "no loss for one sensor": ["--proprio-loss", "none"],
    "everything else": [
        *("--method", "u-coral", "--objective.open-loop", "3", "--inverse-dynamics", "1", "--image-size", "48,70"),
        *("--image-loss.negatives", "other-sequences", "--image-loss.weight", "0.5"),
    ],
    "hidden images": ["--method", "v-coral", "--objective.hide", "1", "--objective.hide-longest", "2"],
    "all that moves weights": [
        *("--method", "u-coral", "--objective.hide", "0.5", "--objective.hide-longest", "2", "--objective.prior-where"),
        *(
            "hidden",
            "--objective.rate",
            "3",
            "--objective.balance",
            "--objective.separate",
            "--image-loss.moments",
            "8",
        ),
    ],
    "steps ahead": ["--image-loss", "cpc", "--image-loss.horizon", "3", "--image-loss.negatives", "same-sequence"],
}


@pytest.mark.parametrize("name", VARIANTS)
def test_it_trains_and_evaluates(name, tmp_path):
    run = tmp_path / "run"
    assert main(["train", "--env", "cartpole-swingup", *TINY, *PACE, *VARIANTS[name], "--out", str(run)]) == 0
    updates = [event.values for event in read_metrics(run / "metrics.jsonl") if event.kind == "update"]
    assert updates and all(math.isfinite(value) for values in updates for value in values.values())
    shares = {key: value for key, value in updates[0].items() if key.startswith("share/")}
    assert sum(shares.values()) == pytest.approx(0.0 if name == "proprio-sac" else 1.0)
    assert main(["eval", str(run), "--episodes", "1", "--json"]) == 0

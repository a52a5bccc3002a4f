"""A short training that must leave the random policy behind: `pytest -m learning`, about ten minutes on two cores."""

import pytest

from coral_cli.app import main
from coral_cli.runs.metrics import curve, read_metrics

FLAGS = ["--env", "cartpole-swingup", "--method", "v-coral", "--size", "small", "--steps", "40k", "--eval-every", "40"]
RANDOM_RETURN = 115  # mean over 100 seeds at action repeat 8, standard error 6


@pytest.mark.learning
@pytest.mark.timeout(3600)
def test_v_coral_learns_to_swing_up_the_pole(tmp_path):
    run = tmp_path / "run"
    assert main(["train", *FLAGS, "--out", str(run), "--quiet"]) == 0
    events = read_metrics(run / "metrics.jsonl")
    assert curve(events, "evaluation", "return/mean")[1][-1] > 1.5 * RANDOM_RETURN
    losses = {key: curve(events, "update", f"loss/{key}")[1] for key in ("image", "proprio", "reward")}
    for name, values in losses.items():
        assert values[-1] < values[0], name

"""A made-up run, as the trainer would tell it."""

from __future__ import annotations

import pytest

from coral_cli.registry.events import Event

UPDATE = {
    "updates": 5970,
    "loss/total": 4.76,
    "loss/image": 3.21,
    "loss/proprio": 0.52,
    "loss/kl": 1.03,
    "metric/image/accuracy": 0.81,
    "metric/overlap": 0.4,
    "policy/actor": -2.2,
    "policy/alpha": float("nan"),
    "gradient/model": 4.2,
    "updates_per_s": 4.1,
    "env_steps_per_s": 310.2,
    "seconds/collect": 0.3,
    "seconds/learn": 0.6,
    "seconds/evaluate": 0.05,
    "memory_mb": 2133.0,
}
EVALUATION = {"episodes": 20, "return/mean": 455.04, "return/stderr": 12.1, "success/mean": 0.35}


@pytest.fixture(autouse=True)
def _idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine is not busy, whatever else runs on it."""
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))


@pytest.fixture
def run() -> list[Event]:
    """100,000 steps of budget; 20,000 random ones in 10 s, then 4,000 in 100 s: 40 steps a second, 1,900 s to go."""
    start = {
        "name": "box-push-cpc-recon-seed0",
        "env": "box-push",
        "seed": 0,
        "device": "cpu",
        "renderer": "raycast",
        "budget": 100_000,
        "resumed": False,
        "replay_bytes": 1.23e9,
        "out": "runs/box-push-cpc-recon-seed0",
        "command": "coral train --env box-push --image-loss cpc",
    }
    return [
        Event("start", 0, 0.0, start),
        Event("episode", 20_000, 10.0, {"episode": 1, "return": 20.0, "length": 250, "random": True}),
        Event("update", 20_000, 10.0, UPDATE),
        Event("episode", 24_000, 110.0, {"episode": 2, "return": 431.2, "length": 250, "random": False}),
        Event("evaluation", 24_000, 110.0, EVALUATION),
        Event("checkpoint", 24_000, 110.0, {"path": "runs/box-push-cpc-recon-seed0/checkpoints/step-000024000.pt"}),
        Event("note", 24_000, 110.0, {"message": "reading the replay"}),
        Event("warning", 24_000, 110.0, {"message": "the gradient of the model was not finite and was skipped"}),
    ]


@pytest.fixture
def end() -> Event:
    values = {"status": "done", "seconds": 1870.0, "best_return": 455.04, "message": "evaluate with: coral eval runs/x"}
    return Event("end", 100_000, 1870.0, values)

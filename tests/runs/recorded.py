"""A dataset without a fault, small enough to be spoilt in many ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROWS = (6, 4, 5)
SENSORS = {"eye": {"kind": "image", "shape": [8, 8, 3]}, "skin": {"kind": "vector", "shape": [2]}}


def arrays(number: int, rows: int) -> dict[str, Any]:
    """One episode: the action led to the row, the vector is the sum of all, and the picture shows it."""
    random = np.random.default_rng(number)
    action = random.uniform(-1, 1, (rows, 2)).astype(np.float32)
    action[0] = 0
    skin = action.cumsum(0, dtype=np.float32)
    reward = np.linspace(0, 1, rows, dtype=np.float32)
    terminated = np.zeros(rows, bool)
    terminated[-1] = number == 1
    eye = random.integers(256, size=(rows, 8, 8, 3), dtype=np.uint8)
    missing = np.zeros((rows, 2), bool)
    return {"eye": eye, "skin": skin, "action": action, "reward": reward, "terminated": terminated, "missing": missing}


def record(path: Path, **about: Any) -> Path:
    """Write the dataset. It names no environment."""
    path.mkdir(parents=True)
    episodes = []
    for number, rows in enumerate(ROWS):
        name = f"episode-{number:06d}.npz"
        np.savez_compressed(path / name, **arrays(number, rows))
        episodes.append({"file": name, "rows": rows})
    index = {"format": 1, "image_size": [32], "sensors": SENSORS, "action_size": 2, "episodes": episodes, **about}
    (path / "dataset.json").write_text(json.dumps(index))
    return path


def spoil(path: Path, change: Callable[[dict[str, Any]], object], *numbers: int) -> None:
    """Change the arrays of some episodes, or of all."""
    for number in numbers or range(len(ROWS)):
        file = path / f"episode-{number:06d}.npz"
        with np.load(file) as archive:
            held = dict(archive)
        change(held)
        np.savez_compressed(file, **held)


def write_index(path: Path, **about: Any) -> None:
    """Change what dataset.json says; None removes it."""
    index = json.loads((path / "dataset.json").read_text()) | about
    (path / "dataset.json").write_text(json.dumps({key: value for key, value in index.items() if value is not None}))

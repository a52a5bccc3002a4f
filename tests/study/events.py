"""Runs as their files tell of them."""

from __future__ import annotations

import json
from pathlib import Path


def write(run: Path, *events: tuple[str, int, dict[str, object]]) -> None:
    """Write a run's events: kind, step, values."""
    run.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"kind": k, "step": s, "seconds": s / 10, "values": v}) + "\n" for k, s, v in events]
    with (run / "metrics.jsonl").open("a") as file:
        file.writelines(lines)

"""How long it takes to put an episode away: its steps one by one, and then into the replay.

python benchmarks/adding.py

Takes turns with a textbook's way, which keeps each step in lists, stacks them, and copies them into arrays in memory
that were made at the beginning: nothing of it is there after the process has ended. Prints the median of processor
milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from coral_cli.measuring.noise import noise
from coral_cli.registry.sensors import Sensor
from coral_cli.training.collection import Recording
from coral_cli.training.replay import Replay

ACTIONS = 6
Steps = list[dict[str, Any]]


class Textbook:
    """A ring of arrays in memory."""

    def __init__(self, step: dict[str, Any], capacity: int) -> None:
        self.arrays = {
            name: np.zeros((capacity, *np.shape(value)), np.asarray(value).dtype) for name, value in step.items()
        }
        self.capacity, self.cursor = capacity, 0

    def put(self, steps: Steps) -> None:
        lists: dict[str, list[Any]] = {name: [] for name in self.arrays}
        for step in steps:
            for name, value in step.items():
                lists[name].append(value)
        rows = (self.cursor + np.arange(len(steps))) % self.capacity
        for name, values in lists.items():
            self.arrays[name][rows] = np.stack(values)
        self.cursor = (self.cursor + len(steps)) % self.capacity


def put(replay: Replay, steps: Steps) -> None:
    recording = Recording()
    for step in steps:
        recording.add(step)
    replay.add(recording.arrays())


def episode(sensors: dict[str, Sensor], length: int) -> Steps:
    random = np.random.default_rng(0)
    values = {name: noise(sensor, length, random) for name, sensor in sensors.items()}
    values["action"] = random.uniform(-1, 1, (length, ACTIONS)).astype(np.float32)
    missing = [False] * len(sensors)
    rows = [{name: array[t] for name, array in values.items()} for t in range(length)]
    return [row | {"reward": 0.5, "terminated": False, "missing": missing} for row in rows]


def measured(ways: dict[str, Callable[[Steps], None]], steps: Steps, repeats: int) -> Iterator[tuple[str, float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            before = time.process_time()
            way(steps)
            times[name].append(time.process_time() - before)
    return ((name, 1e3 * statistics.median(values)) for name, values in times.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--side", type=int, default=64, help="of the image, in pixels")
    parser.add_argument("--capacity", type=int, default=50_000, help="of the replays, in steps")
    parser.add_argument("--held", type=int, default=0, help="episodes of one step that are there already")
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument(
        "--directory", type=Path, help="where the replay's files are made (default: for temporary files)"
    )
    args = parser.parse_args()
    shape = (args.side, args.side, 3)
    sensors = {"image": Sensor("image", "image", shape), "proprio": Sensor("proprio", "vector", (9,))}
    steps = episode(sensors, args.steps)
    with tempfile.TemporaryDirectory(dir=args.directory) as folder:
        disk = Replay(sensors, ACTIONS, args.capacity, Path(folder) / "replay")
        memory = Replay(sensors, ACTIONS, args.capacity)
        for _ in range(args.held):
            put(disk, steps[:1])
            put(memory, steps[:1])
        textbook = Textbook(steps[0], args.capacity)
        ways = {
            "textbook, in memory": textbook.put,
            "coral, in memory": lambda steps: put(memory, steps),
            "coral, in files": lambda steps: put(disk, steps),
        }
        for name, milliseconds in measured(ways, steps, args.repeats):
            print(f"{name:<24} {milliseconds:.2f}")


if __name__ == "__main__":
    main()

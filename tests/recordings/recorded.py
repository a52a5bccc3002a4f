"""Recordings made up for tests: two episodes of a camera, a hand and two actions."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from coral_cli.plugin import Reader, RecordedEpisode, Sensor

ACTIONS = [np.array([[-0.5, 2.0], [0.0, 4.0], [0.5, 3.0]]), np.array([[0.25, 2.5]])]
REWARDS = [np.array([0.5, 0.0, 1.0], np.float32), np.array([-1.0], np.float32)]
ENDS = [np.array([False, True, True]), np.array([False])]


def pictures(number: int, count: int) -> np.ndarray:
    """Pictures (count, 16, 24, 3), of which each has one value."""
    levels = 10 * number + np.arange(count)
    return np.broadcast_to(levels[:, None, None, None], (count, 16, 24, 3)).astype(np.uint8)


class Recorded:
    """What a reader opens. ``more`` observations follow the last action; ``given`` stands in for an attribute."""

    def __init__(self, more: int = 1, rewards: bool = True, **given) -> None:
        self.sensors = {"eye.rgb": Sensor("eye.rgb", "image", (16, 24, 3)), "hand": Sensor("hand", "vector", (2,))}
        self.action_size, self.episodes, self.bounds, self.fps, self.lossy, self.notes = (
            2,
            2,
            None,
            10.0,
            False,
            ["it was raining."],
        )
        self._more, self._rewards, self.closed, self.asked = more, rewards, 0, []
        vars(self).update(given)

    def episode(self, number: int, sensors: Collection[str]) -> RecordedEpisode:
        self.asked.append((number, tuple(sensors)))
        count = len(ACTIONS[number]) + self._more
        hand = np.arange(2 * count, dtype=np.float64).reshape(count, 2)
        seen = {"eye.rgb": iter(pictures(number, count)), "hand": hand}
        rewards = REWARDS[number] if self._rewards else None
        observations = {name: seen[name] for name in sensors}
        return RecordedEpisode(observations, ACTIONS[number], rewards, ENDS[number], {"success": float(number)})

    def close(self) -> None:
        self.closed += 1


def reader(**given) -> Reader:
    """Return a record that reads ``Recorded``, whatever the source."""
    return Reader("made-up", "Made up.", lambda options, source: Recorded(**given))

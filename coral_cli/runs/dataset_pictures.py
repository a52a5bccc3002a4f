"""Pictures of one episode of a dataset, from its beginning to its end."""

from __future__ import annotations

import numpy as np

from coral_cli.runs.dataset import Dataset
from coral_cli.runs.video import Frame


def strips(dataset: Dataset, episode: int, frames: int) -> dict[str, list[Frame]]:
    """Return at most ``frames`` pictures (H, W, C) of each image and depth sensor, evenly from first to last.

    Raises UnreadableError for an episode that cannot be read.
    """
    cameras = [name for name, sensor in dataset.sensors.items() if sensor.spatial]
    if not cameras:
        return {}
    arrays = dataset.read(episode, [name for name in dataset.sensors if name not in cameras])
    rows = len(arrays["action"])
    chosen = np.unique(np.linspace(0, rows - 1, min(frames, rows)).round().astype(int))
    return {name: [_picture(arrays[name][row]) for row in chosen] for name in cameras}


def _picture(values: np.ndarray) -> Frame:
    """Return a picture as it can be drawn, even where it is stored in a way that training refuses."""
    if values.shape[0] in (1, 3, 4) and values.shape[2] not in (1, 3, 4):
        return np.moveaxis(values, 0, -1)
    return values

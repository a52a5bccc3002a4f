"""Pictures of what an agent sees: rows of frames in one PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from coral_cli.runs.files import replacing
from coral_cli.runs.video import Frame, in_colours

GAP = 4
"""Pixels between frames."""


def sheet(rows: Sequence[Sequence[Frame]], height: int = 192) -> Frame:
    """Lay out frames (H, W, C) in rows on white, each enlarged by a whole number to at most ``height`` pixels."""
    lines = [_row([shown(frame, height) for frame in row]) for row in rows]
    width = max(line.shape[1] for line in lines)
    padded = [np.pad(line, ((0, GAP), (0, width - line.shape[1]), (0, 0)), constant_values=255) for line in lines]
    return np.concatenate(padded)[:-GAP]


def write_png(path: Path, frame: Frame) -> None:
    """Write a frame (H, W, 3) uint8. Raises CoralError when it cannot be written."""
    from PIL import Image

    with replacing(path) as partial:
        Image.fromarray(np.ascontiguousarray(frame)).save(partial, format="PNG")


def _row(frames: Sequence[Frame]) -> Frame:
    height = max(frame.shape[0] for frame in frames)
    padded = [np.pad(frame, ((0, height - frame.shape[0]), (0, GAP), (0, 0)), constant_values=255) for frame in frames]
    return np.concatenate(padded, 1)[:, :-GAP]


def shown(frame: Frame, height: int) -> Frame:
    """Return a frame (H, W, C) of any camera in colours, enlarged by a whole number to at most ``height`` pixels."""
    if frame.dtype != np.uint8:  # depth: near is bright
        frame = (255 * (1 - np.clip(frame / 4, 0, 1))).astype(np.uint8)
    frame = in_colours(frame)
    factor = max(height // frame.shape[0], 1)
    return frame.repeat(factor, 0).repeat(factor, 1)

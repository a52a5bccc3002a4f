"""What TensorBoard shows beside curves: films, as GIFs, and hyperparameters."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

FRAMES = 60
"""The most frames of a GIF: it is shown among many, and never compressed from frame to frame as a film is."""

SCORE = "evaluation/return/mean"
"""The scalar by which TensorBoard compares hyperparameters."""


def add_film(writer: SummaryWriter, tag: str, film: Path, step: int) -> None:
    """Write an mp4 as a GIF that lasts as long, of at most FRAMES frames."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        count, rate = max(stream.frames, 1), float(stream.average_rate or 30)
        every = -(-count // FRAMES)
        frames = [
            Image.fromarray(frame.to_ndarray(format="rgb24"))
            for number, frame in enumerate(container.decode(stream))
            if number % every == 0
        ]
    first, *rest = [frame.quantize(64, Image.Quantize.MEDIANCUT) for frame in frames]
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=max(round(1000 * every / rate), 20), loop=0)
    picture = Summary.Image(
        height=first.height, width=first.width, colorspace=3, encoded_image_string=buffer.getvalue()
    )
    _add(writer, Summary(value=[Summary.Value(tag=tag, image=picture)]), step)


def begin_flags(writer: SummaryWriter, flags: Mapping[str, Any]) -> None:
    """Tell the run's flags as hyperparameters, to be compared by SCORE."""
    named = {name: "none" if value is None else value for name, value in flags.items()}
    for summary in hparams(named, {SCORE: None})[:2]:
        _add(writer, summary)


def end_flags(writer: SummaryWriter) -> None:
    """Tell that the run with these flags has succeeded."""
    _add(writer, hparams({}, {})[2])


def _add(writer: SummaryWriter, summary: Summary, step: int | None = None) -> None:
    """Write a summary for which the writer has no method."""
    files: Any = writer.file_writer
    files.add_summary(summary, step)

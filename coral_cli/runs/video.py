"""Videos: what the agent's cameras see beside an outside view, as H.264 in an mp4 file that any browser plays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.errors import CoralError
from coral_cli.runs.files import replacing

if TYPE_CHECKING:
    from av.video.stream import VideoStream

Frame: TypeAlias = NDArray[np.uint8]
"""An RGB image (H, W, 3)."""

GAP, STRIP = 4, 16
"""Pixels between views, and above them for the labels."""


def write_video(path: Path, frames: Iterable[Frame], fps: float) -> None:
    """Encode frames of one size as they come; ``fps`` frames last one second.

    Real time is ``1 / (seconds of simulation per frame)``. An odd height or width is made even, which H.264
    needs, by repeating the last row or column. Raises CoralError when the video cannot be encoded or written,
    ValueError when there are no frames.
    """
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise ValueError("a video needs at least one frame")
    try:
        import av
    except ImportError as error:
        raise CoralError(f"there is no video encoder ({error}).", "pip install av") from error
    with replacing(path) as partial:
        try:
            with av.open(str(partial), "w", format="mp4", options={"movflags": "faststart"}) as container:
                stream = container.add_stream("h264", rate=Fraction(fps).limit_denominator(1000))
                _prepare(stream, first)
                for frame in chain([first], frames):
                    picture = av.VideoFrame.from_ndarray(_even(frame), format="rgb24")
                    container.mux(stream.encode(picture))
                container.mux(stream.encode(None))
        except (av.FFmpegError, av.codec.codec.UnknownCodecError) as error:
            if isinstance(error, OSError):
                raise  # the disk's fault, not the encoder's
            raise CoralError(
                f"the video {path} cannot be encoded ({error}).", "pip install --force-reinstall av"
            ) from error


def side_by_side(views: Mapping[str, Frame]) -> Frame:
    """Join labelled views to one frame, left to right, enlarged by whole numbers to the height of the last one."""
    last = list(views.values())[-1].shape[0]
    shown = {name: _enlarged(in_colours(view), last // view.shape[0]) for name, view in views.items()}
    height = max(view.shape[0] for view in shown.values())
    width = sum(view.shape[1] + GAP for view in shown.values()) - GAP
    frame, column = np.zeros((STRIP + height, width, 3), np.uint8), 0
    for name, view in shown.items():
        top, right = STRIP + (height - view.shape[0]) // 2, column + view.shape[1]
        frame[top : top + view.shape[0], column:right] = view
        label = _label(name)[:, : view.shape[1]]
        frame[:STRIP, column : column + label.shape[1]] = label
        column = right + GAP
    return frame


def in_colours(view: Frame) -> Frame:
    """Return (H, W, C) as (H, W, 3): of stacked pictures the last, a fourth channel left out, anything else as grey."""
    if view.shape[2] == 4:
        return view[..., :3]
    return view[..., -3:] if view.shape[2] % 3 == 0 else view[..., -1:].repeat(3, axis=2)


def _enlarged(view: Frame, factor: int) -> Frame:
    """Enlarge a view by its nearest pixels, so that one sees exactly the agent's."""
    return view.repeat(factor, axis=0).repeat(factor, axis=1) if factor > 1 else view


@cache
def _label(text: str) -> Frame:
    """Write a text in white on black, STRIP pixels high."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default()
    image = Image.new("RGB", (int(font.getlength(text)) + 8, STRIP))
    ImageDraw.Draw(image).text((4, STRIP // 2), text, fill="white", font=font, anchor="lm")
    return np.asarray(image)


def _prepare(stream: VideoStream, frame: Frame) -> None:
    height, width, _ = frame.shape
    stream.height, stream.width = height + height % 2, width + width % 2
    stream.pix_fmt = "yuv420p"
    stream.options = {"crf": "20", "preset": "veryfast"}


def _even(frame: Frame) -> Frame:
    height, width, _ = frame.shape
    if height % 2 or width % 2:
        frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(frame)

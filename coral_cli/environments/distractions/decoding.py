"""Clips as arrays of the agent's image size."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from itertools import islice

import av
import numpy as np
import PIL
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray
from PIL import Image, ImageOps

from coral_cli.environments.distractions.clips import Clip
from coral_cli.environments.distractions.upright import lies, of_frame, of_image, upright
from coral_cli.registry.terminal import say, sentence

DECODER = (3, av.__version__, PIL.__version__)
"""Changes when pictures may: raise its number when decoding here changes."""

UNTAGGED = 2
"""FFmpeg gives this number to the colour matrix of a video that names none."""
HD = 720
"""Such a video has the matrix of BT.709 from so many rows on, as players take it, and that of BT.601 below."""

Frames = NDArray[np.uint8]
"""Frames of a clip (N, H, W, 3)."""


class BrokenClipError(Exception):
    """A clip that cannot be read, and why."""


def decode(clip: Clip, height: int, width: int, max_frames: int) -> Frames:
    """Decode the first ``max_frames`` frames, scaled by area averages until they cover the image, cut to its centre.

    They are turned and mirrored as their files' headers say. A broken image among others is named and left out.
    Raises BrokenClipError when a video cannot be read to its end, or when there is no frame.
    """
    frames = _images(clip, height, width) if clip.images else _video(clip, height, width)
    try:
        decoded = list(islice(frames, max_frames))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BrokenClipError(str(error)) from error
    if not decoded:
        raise BrokenClipError("it has no frames")
    return np.stack(decoded)


def _images(clip: Clip, height: int, width: int) -> Iterator[NDArray[np.uint8]]:
    for path in clip.images:
        try:
            with Image.open(path) as image:
                placement = of_image(image)
                size = (height, width) if lies(placement) else (width, height)
                fitted = ImageOps.fit(_eight_bits(image), size, Image.Resampling.BOX)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # all are Pillow's
            name_broken(str(path), str(error))
            continue
        yield upright(np.asarray(fitted), placement)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an image in RGB. Pillow cuts off what is above 255 in grey images of 16 bits, its modes I and I;16."""
    if image.mode.startswith("I"):
        image = Image.fromarray(np.rint(np.asarray(image).clip(0, 65535) / 257).astype(np.uint8))
    return image.convert("RGB")


def _video(clip: Clip, height: int, width: int) -> Iterator[NDArray[np.uint8]]:
    reformatter = VideoReformatter()  # kept over all frames, for it prepares the scaling once
    with av.open(str(clip.path)) as container:
        if not container.streams.video:
            raise BrokenClipError("it has no video stream")
        for frame in container.decode(video=0):
            placement = of_frame(frame)
            size = (width, height) if lies(placement) else (height, width)
            yield upright(_fitted(frame, *size, reformatter), placement)


def _fitted(frame: VideoFrame, height: int, width: int, reformatter: VideoReformatter) -> NDArray[np.uint8]:
    """Return a frame as (height, width, 3), by the colour matrix and the range that the frame names, or that are usual.

    Frames are as large as they were stored, whichever way up they stand.
    """
    matrix = Colorspace.ITU709 if frame.colorspace == UNTAGGED and frame.height >= HD else None
    scale = max(height / frame.height, width / frame.width)
    rows, columns = max(height, round(frame.height * scale)), max(width, round(frame.width * scale))
    scaled = reformatter.reformat(
        frame, columns, rows, "rgb24", src_colorspace=matrix, interpolation=Interpolation.AREA
    )
    top, left = (rows - height) // 2, (columns - width) // 2
    return np.asarray(scaled.to_ndarray(), np.uint8)[top : top + height, left : left + width]


@functools.cache
def name_broken(path: str, reason: str) -> None:
    """Say on stderr that a file is left out, once per process."""
    say(sentence(f"coral: {path} cannot be read and is left out ({reason})."), file=sys.stderr)

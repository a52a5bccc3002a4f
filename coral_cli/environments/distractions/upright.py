"""Which way up a picture is shown: what the header of a video or a photograph says of it."""

from __future__ import annotations

import math
import struct
from typing import Any, TypeAlias

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import ExifTags, Image

Placement: TypeAlias = tuple[float, float, float, float]
"""(a, b, c, d): what is stored at column x and row y is shown at column a x + c y and row b x + d y,
but for a shift."""

AS_STORED: Placement = (1, 0, 0, 1)
ORIENTATIONS: dict[object, Placement] = {
    1: AS_STORED,
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}
"""What each of Exif's orientations asks for."""


def of_frame(frame: VideoFrame) -> Placement:
    """Return what the display matrix of a video says, as phones write it."""
    try:
        data: Any = frame.side_data  # PyAV's stub names one of its keys
        matrix = bytes(data["DISPLAYMATRIX"])
    except KeyError:
        return AS_STORED
    except ValueError:  # PyAV gives no side data where it does not know some of it; of this, then, the angle alone
        angle = math.radians(-frame.rotation)
        return math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle)
    a, b, _, c, d = struct.unpack("=5i", matrix[:20])
    return a, b, c, d


def of_image(image: Image.Image) -> Placement:
    """Return what Exif says. An entry that cannot be read says nothing, as to other programs."""
    try:
        return ORIENTATIONS.get(image.getexif().get(ExifTags.Base.Orientation), AS_STORED)
    except (OSError, ValueError, SyntaxError, TypeError, struct.error):
        return AS_STORED


def lies(placement: Placement) -> bool:
    """Tell whether what is stored as a row is shown as a column. Angles between are taken as the nearest right one."""
    a, b, c, d = placement
    return abs(b) + abs(c) > abs(a) + abs(d)


def upright(stored: NDArray[np.uint8], placement: Placement) -> NDArray[np.uint8]:
    """Turn a picture (H, W, 3), or (W, H, 3) where it ``lies``, to how it is shown: (H, W, 3)."""
    a, b, c, d = placement
    turned = lies(placement)
    right, down = (c, b) if turned else (a, d)
    shown = stored.swapaxes(0, 1) if turned else stored
    return shown[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1]

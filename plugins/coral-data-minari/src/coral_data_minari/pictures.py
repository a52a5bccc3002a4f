"""Pictures that Minari has stored as JPEG."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def jpegs(encoded: Iterable[Any]) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures (H, W, 3) or (H, W), decoded one by one."""
    for one in encoded:
        content = one if isinstance(one, bytes) else np.asarray(one, np.uint8).tobytes()
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            yield np.asarray(image)

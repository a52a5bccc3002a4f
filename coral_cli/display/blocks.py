"""Pictures in a terminal: each character is two pixels, one above the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS = 24
"""The width of a picture, in characters."""
HALF = "▀"
"""Its upper half has the colour of what is written, its lower that of what is behind."""


def can_show(console: Console) -> bool:
    """Return whether a terminal has the colours for pictures."""
    return console.is_terminal and console.color_system in ("256", "truecolor") and not console.options.ascii_only


def rows(pictures: Sequence[NDArray[np.uint8]], width: int) -> Iterator[Text]:
    """Yield the lines of as many pictures (H, W, 3) side by side as fit into ``width`` columns, at least one."""
    columns = min(COLUMNS, width)
    fitting = max(1, (width + 1) // (columns + 1))
    chosen = np.unique(np.linspace(0, len(pictures) - 1, min(fitting, len(pictures))).round().astype(int))
    small = [_small(pictures[index], columns) for index in chosen]
    for row in range(0, small[0].shape[0], 2):
        line = Text(" ").join(_line(picture[row], picture[row + 1]) for picture in small)
        line.no_wrap = True
        yield line


def _line(above: NDArray[np.uint8], below: NDArray[np.uint8]) -> Text:
    line = Text()
    for upper, lower in zip(above.tolist(), below.tolist(), strict=True):
        line.append(HALF, Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)))
    return line


def _small(picture: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Return a picture of so many columns and an even number of rows, each pixel the mean of those that it covers."""
    height, width = picture.shape[:2]
    lines = max(2, 2 * round(columns * height / width / 2))
    out = picture.astype(np.float64)
    for axis, (had, wanted) in enumerate(((height, lines), (width, columns))):
        starts = np.arange(wanted) * had // wanted
        counts = np.maximum(np.diff(np.append(starts, had)), 1)
        sums = np.add.reduceat(out, starts, axis)
        out = sums / counts.reshape([-1 if index == axis else 1 for index in range(3)])
    return out.round().astype(np.uint8)

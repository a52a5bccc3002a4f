"""A film and a sheet of what episodes look like from inside, for one agent or several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from coral_cli.inside.views import AHEAD, Views
from coral_cli.runs.pictures import GAP, shown
from coral_cli.runs.video import Frame, side_by_side

SEEN, CLEAN, DECODED, SALIENT = "the agent sees", "undistracted", "decoded from the latent", "saliency"
FILM_HEIGHT, SHEET_HEIGHT = 192, 128
"""The height of a picture in a film and on a sheet, in pixels, where the camera's own goes into it."""
COLUMNS, MARGIN, LINE = 8, 132, 22
"""Pictures in a row of a sheet; pixels left of it, and of a line of words."""
FONT_SIZE = 14


def film(agents: Mapping[str, Views]) -> Iterator[Frame]:
    """Yield the frames, an agent below the other. A shorter episode stands still at its end."""
    for step in range(max(len(views.seen) for views in agents.values())):
        rows = []
        for name, views in agents.items():
            row = side_by_side({label: shown(view, FILM_HEIGHT) for label, view in _moment(views, step).items()})
            rows += [caption(name, row.shape[1], LINE, dark=True), row] if len(agents) > 1 else [row]
        yield _stacked(rows, 0)


def _moment(views: Views, step: int) -> dict[str, Frame]:
    step = min(step, len(views.seen) - 1)
    ahead = (step - 1) % AHEAD + 1 if step else 0
    pictures = {SEEN: views.seen, CLEAN: views.clean, DECODED: views.decoded}
    pictures |= {f"foreseen {ahead} step{'s' if ahead != 1 else ''} before": views.ahead, SALIENT: views.salient}
    return {label: each[step] for label, each in pictures.items() if each is not None}


def sheet(agents: Mapping[str, Views]) -> Frame:
    """Return moments of an episode, then what was foreseen from one of them beside what came, for each agent."""
    lines = []
    for name, views in agents.items():
        if len(agents) > 1:
            lines.append(caption(name, _width(views), 2 * LINE))
        lines += _rows(views)
    return _stacked(lines, 255)


def _rows(views: Views) -> list[Frame]:
    length = len(views.seen) - 1
    moments = np.unique(np.linspace(0, length, COLUMNS).astype(int))
    start = max(length // 2, 0) // AHEAD * AHEAD
    later = np.unique(np.linspace(start, min(start + AHEAD, length), COLUMNS).astype(int))
    came = views.seen if views.clean is None else views.clean
    pictures = {SEEN: views.seen, CLEAN: views.clean, DECODED: views.decoded, SALIENT: views.salient}
    return [
        _heads([f"step {moment}" for moment in moments], views),
        *(_row(label, each[moments]) for label, each in pictures.items() if each is not None),
        _heads([f"step {start}", *(f"+{moment - start}" for moment in later[1:])], views),
        _row("what came", came[later]),
        _row(f"foreseen at step {start}", np.concatenate([views.decoded[later[:1]], views.ahead[later[1:]]])),
    ]


def _row(label: str, pictures: Any) -> Frame:
    enlarged = [shown(picture, SHEET_HEIGHT) for picture in pictures]
    height = enlarged[0].shape[0]
    gap = np.full((height, GAP, 3), 255, np.uint8)
    parts = [caption(label, MARGIN, height), *(part for picture in enlarged for part in (gap, picture))]
    return _stacked([np.concatenate(parts, 1), np.full((GAP, 1, 3), 255, np.uint8)], 255)


def _heads(words: Sequence[str], views: Views) -> Frame:
    side = shown(views.seen[0], SHEET_HEIGHT).shape[1]
    return np.concatenate([caption("", MARGIN + GAP, LINE), *(caption(word, side + GAP, LINE) for word in words)], 1)


def _width(views: Views) -> int:
    side: int = shown(views.seen[0], SHEET_HEIGHT).shape[1]
    return MARGIN + COLUMNS * (side + GAP)


def _stacked(lines: Sequence[Frame], empty: int) -> Frame:
    """Put lines (H, W, 3) below one another, the rest of short ones ``empty``."""
    width = max(line.shape[1] for line in lines)
    return np.concatenate(
        [np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)), constant_values=empty) for line in lines]
    )


@cache
def caption(text: str, width: int, height: int, dark: bool = False) -> Frame:
    """Write ``text`` black on white, or the reverse, in lines that fit ``width``; what does not is cut off."""
    from PIL import Image, ImageDraw, ImageFont

    try:
        font = ImageFont.load_default(FONT_SIZE)
    except TypeError:  # Pillow before 10.1 has one size
        font = ImageFont.load_default()
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width - 8:
            lines[-1] = longer
        else:
            lines.append(word)
    image = Image.new("RGB", (width, height), "black" if dark else "white")
    draw = ImageDraw.Draw(image)
    top = max((height - len(lines) * (FONT_SIZE + 3)) // 2, 0)
    for index, line in enumerate(lines):
        draw.text((4, top + index * (FONT_SIZE + 3)), line, fill="white" if dark else "black", font=font)
    return np.asarray(image)

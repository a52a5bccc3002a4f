"""Pictures out of videos, decoded once and in order: many episodes share a file, and seeking for each costs more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from coral_cli.plugin import UnreadableError


class Video:
    """The frames of a file, from ``start`` seconds on, each taken once and in order."""

    def __init__(self, path: Path, start: float) -> None:
        self.path = path
        self._container = av.open(str(path))
        if not self._container.streams.video:
            raise UnreadableError(f"{path} holds no video.")
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        if start > 0 and stream.time_base:  # to the key frame at or before it
            self._container.seek(max(0, int(start / stream.time_base) - 1), stream=stream)
        self._frames = self._container.decode(stream)
        self._held: list[Any] = []
        """The next frame, and what follows it, as far as they had to be looked at."""

    def at(self, times: NDArray[np.float64], slack: float, form: str) -> Iterator[NDArray[Any]]:
        """Yield the frame nearest each of ``times`` in seconds, which ascend, each within ``slack``.

        ``form`` is FFmpeg's name of its pixels: (H, W, 3) for rgb24. Raises UnreadableError where there is none.
        """
        for time in times:
            while self._fill() > 1 and abs(self._held[1].time - time) <= abs(self._held[0].time - time):
                self._held.pop(0)
            if not self._held or abs(self._held[0].time - time) > slack:
                raise UnreadableError(f"{self.path} holds no frame at {time:.3f} seconds.", "Was it fetched whole?")
            yield self._held[0].to_ndarray(format=form)

    def _fill(self) -> int:
        """Hold two frames, and return how many there are."""
        while len(self._held) < 2 and (frame := next(self._frames, None)) is not None:
            if frame.pts is not None:
                self._held.append(frame)
        return len(self._held)

    @property
    def time(self) -> float:
        """The seconds at which the next frame is shown."""
        return float(self._held[0].time) if self._held else 0.0

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()


class Videos:
    """The videos that are open: one for each camera."""

    def __init__(self) -> None:
        self._open: dict[str, Video] = {}

    def at(
        self, key: str, path: Path, times: NDArray[np.float64], slack: float, form: str = "rgb24"
    ) -> Iterator[NDArray[Any]]:
        """Yield frames of a camera as ``Video.at`` does, going on in its file where that is the same."""
        video = self._open.get(key)
        if video is None or video.path != path or video.time > times[0] + slack:
            if video is not None:
                video.close()
            video = self._open[key] = Video(path, float(times[0]))
        yield from video.at(times, slack, form)

    def close(self) -> None:
        """Let go of all files."""
        for video in self._open.values():
            video.close()

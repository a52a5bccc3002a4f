"""Clips from a folder as a moving background."""

from __future__ import annotations

import numpy as np

from coral_cli.environments.distractions.backgrounds import Frame
from coral_cli.environments.distractions.clip_cache import frames_of
from coral_cli.environments.distractions.clips import Clip, clips_of, find_clips, half_of
from coral_cli.environments.distractions.color import LUMA
from coral_cli.environments.distractions.decoding import BrokenClipError, Frames, name_broken
from coral_cli.plugin import Split
from coral_cli.registry.errors import CoralError, UsageError


class Video:
    """A source that plays a random clip per episode, from a random frame on, one a step, and from its end backwards.

    Training and evaluation have different clips or, where there is only one, different halves of it. With ``single``
    the first clip by name plays in every episode of both, as in papers that use one clip for everything. ``size`` is
    the image's (H, W). Broken clips are named on stderr and left out. Raises UsageError when no clip can be read.
    """

    def __init__(
        self, folder: str, size: tuple[int, int], split: Split, *, single: bool, gray: bool, max_frames: int
    ) -> None:
        clips = find_clips(folder)
        self._size, self._max_frames, self._gray = size, max_frames, gray
        self._half = split if len(clips) == 1 and not single else None
        self._clips = clips if single else clips_of(clips, split)
        first = self._first_readable(folder, split)
        if single:
            self._clips = (first,)

    def begin(self, random: np.random.Generator) -> None:
        """Draw until a clip can be read: which one it is depends on ``random`` alone, not on earlier episodes.

        Raises CoralError when there is none any more.
        """
        frames: Frames | None = None
        tried: set[int] = set()
        while frames is None:
            if len(tried) == len(self._clips):
                raise CoralError("none of the clips can be read any more.", "Is their folder still there?")
            chosen = int(random.integers(len(self._clips)))
            frames = self._frames(self._clips[chosen])
            tried.add(chosen)
        self._playing, self._steps = frames, int(random.integers(len(frames)))

    def frame(self) -> Frame:
        frame = self._playing[there_and_back(self._steps, len(self._playing))]
        self._steps += 1
        return _gray(frame) if self._gray else frame

    def _first_readable(self, folder: str, split: Split) -> Clip:
        for clip in self._clips:
            if self._frames(clip) is not None:
                return clip
        raise UsageError(
            f"none of the clips for {split} in {folder} can be read ({len(self._clips)} tried).",
            "Add clips that play, or use --distraction procedural, which needs no files.",
        )

    def _frames(self, clip: Clip) -> Frames | None:
        """Return the clip's frames; None when it cannot be read."""
        try:
            frames = frames_of(clip, *self._size, self._max_frames)
        except BrokenClipError as error:
            name_broken(str(clip.path), str(error))
            return None
        if self._half is None:
            return frames
        if len(frames) < 2:
            raise UsageError(
                f"{clip.path} is the only clip and has one frame, but training and evaluation must differ.",
                "Add another clip, or choose --distraction.video.clips single.",
            )
        return frames[half_of(len(frames), self._half)]


def there_and_back(step: int, count: int) -> int:
    """Return the frame of ``count`` at ``step``: 0, 1, .., count - 1, count - 2, .., 1, 0, 1, .."""
    position = step % max(1, 2 * (count - 1))
    return min(position, 2 * (count - 1) - position)


def _gray(frame: Frame) -> Frame:
    brightness = np.rint(frame @ LUMA.astype(np.float32)).astype(np.uint8)
    return brightness[..., None].repeat(3, axis=-1)

"""The clips of a folder, and which of them belong to training and to evaluation."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coral_cli.plugin import Split
from coral_cli.registry.errors import UsageError
from coral_cli.registry.places import absolute

VIDEOS = frozenset({".mp4", ".webm", ".avi", ".gif", ".mov", ".mkv"})
IMAGES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
EVALUATION_SHARE = 5
"""One clip in this many is kept for evaluation."""


@dataclass(frozen=True)
class Clip:
    """A video file, or a folder whose ``images`` are its frames. ``name`` is its path inside the folder of clips."""

    name: str
    path: Path
    images: tuple[Path, ...] = ()


def find_clips(folder: str) -> tuple[Clip, ...]:
    """Return all clips in ``folder`` and the folders in it, by name; hidden files are left out.

    Every file with an ending of VIDEOS is a clip, and so is every folder with files of IMAGES, in the order of their
    names, numbers in them by value. Raises UsageError when there is none.
    """
    root = absolute(folder)
    if not root.is_dir():
        raise UsageError(f"there is no folder {folder}.", "--distraction.video.folder needs a folder of clips.")
    clips, images = [], defaultdict(list)
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if any(part.startswith(".") for part in path.relative_to(root).parts) or path.is_dir():
            continue
        if path.suffix.lower() in VIDEOS:
            clips.append(Clip(name, path))
        elif path.suffix.lower() in IMAGES:
            images[path.parent].append(path)
    for place, frames in images.items():
        clips.append(Clip(place.relative_to(root).as_posix(), place, tuple(sorted(frames, key=_numbered))))
    if not clips:
        raise UsageError(
            f"there are no clips in {folder}.", f"It needs files that end in {', '.join(sorted(VIDEOS | IMAGES))}."
        )
    return tuple(sorted(clips, key=lambda clip: clip.name))


def _numbered(path: Path) -> tuple[list[str | int], str]:
    """Return a key that sorts ``frame_2`` before ``frame_10``."""
    parts = re.split("([0-9]+)", path.name)
    return [int(part) if part.isdecimal() and part.isascii() else part for part in parts], path.name


def clips_of(clips: Sequence[Clip], split: Split) -> tuple[Clip, ...]:
    """Return the clips of one split, at least one for each of two or more; a single clip belongs to both, half each.

    They are dealt out in the order of a checksum of their names: every machine deals alike, and a clip more or less
    hardly moves the others.
    """
    if len(clips) == 1:
        return tuple(clips)
    count = max(1, round(len(clips) / EVALUATION_SHARE))
    dealt = sorted(clips, key=lambda clip: (zlib.crc32(clip.name.encode()), clip.name))
    chosen = dealt[:count] if split == "evaluation" else dealt[count:]
    return tuple(sorted(chosen, key=lambda clip: clip.name))


def half_of(frames: int, split: Split) -> slice:
    """Return which frames of a single clip belong to ``split``: training has the first half."""
    middle = (frames + 1) // 2
    return slice(0, middle) if split == "training" else slice(middle, frames)

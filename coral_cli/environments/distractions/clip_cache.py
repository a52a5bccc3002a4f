"""Decoded clips on the disk, so that each is decoded once and all processes share its memory.

They lie in ``$XDG_CACHE_HOME/coral/clips``, else ``~/.cache/coral/clips``, as one ``.npy`` file per clip and image
size: 17 kB a frame at 76x76. Nothing is ever deleted there; the folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np

from coral_cli.environments.distractions.clips import Clip
from coral_cli.environments.distractions.decoding import DECODER, BrokenClipError, Frames, decode
from coral_cli.registry.errors import CoralError


def frames_of(clip: Clip, height: int, width: int, max_frames: int) -> Frames:
    """Return the frames of ``decode``, mapped into memory from the cache, which is filled when need be.

    Raises BrokenClipError when the clip cannot be read, CoralError when the cache cannot be written.
    """
    path = _folder() / f"{_key(clip, height, width, max_frames)}.npy"
    try:
        return _mapped(path, height, width)
    except (OSError, ValueError, EOFError):  # not there yet, or damaged
        pass
    try:
        _write(path, decode(clip, height, width, max_frames))
    except OSError as error:
        raise CoralError(
            f"decoded clips cannot be written to {path.parent} ({error.strerror or error}).",
            "Set XDG_CACHE_HOME to a directory with room that you may write to.",
        ) from error
    return _mapped(path, height, width)


def _folder() -> Path:
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "coral" / "clips"
    except RuntimeError as error:  # there is no home
        raise CoralError("there is no place for decoded clips.", "Set XDG_CACHE_HOME to a directory.") from error


def _key(clip: Clip, height: int, width: int, max_frames: int) -> str:
    """Return a name that changes with the files, their order, the size and number of frames and what decodes them."""
    parts: list[object] = [DECODER, height, width, max_frames]
    try:
        for path in clip.images or (clip.path,):
            found = path.stat()
            parts += [str(path.resolve()), found.st_mtime_ns, found.st_size]
    except OSError as error:
        raise BrokenClipError(str(error)) from error
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _mapped(path: Path, height: int, width: int) -> Frames:
    frames: Frames = np.load(path, mmap_mode="r")
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != (height, width, 3) or not len(frames):
        raise ValueError("it holds something else")
    return frames


def _write(path: Path, frames: Frames) -> None:
    """Write the file complete or not at all, also when several processes write the same clip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(".partial", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.save(file, frames)
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise

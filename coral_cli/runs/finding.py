"""Runs on the disk: those below a folder, the one that a word names, and the room that one takes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.nearest import meant
from coral_cli.registry.places import absolute
from coral_cli.runs.directory import RUNS, RunDirectory

BLOCK = 512
"""Bytes of a block, as ``stat`` counts them."""


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the runs among ``paths`` and in the folders among them, each once.

    Raises UnreadableError for a path that neither is a run nor holds one.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        runs = list(below(path)) if path.is_dir() else [RunDirectory.open(path).path]  # which says why not
        if not runs:
            raise UnreadableError(f"{path} holds no runs.", "Give run directories, or folders of them.")
        for run in runs:
            found.setdefault(run.resolve(), run)
    return list(found.values())


def agents_in(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return ``paths``, each once, and in place of a folder that holds runs and is none itself, those runs."""
    return tuple(dict.fromkeys(run for path in paths for run in list(below(path)) or [path]))


def below(path: Path) -> Iterator[Path]:
    """Yield ``path`` itself where it is a run, or else the runs in it and in its folders. Links are not followed."""
    for folder, names, files in os.walk(path):
        names.sort()
        if "run.json" in files:
            names.clear()  # a run holds no other
            yield Path(folder)


def named(text: str) -> RunDirectory:
    """Return the run that ``text`` names: a path, or else the name of one in the folder of runs.

    Raises UnreadableError where there is none.
    """
    path, inside = absolute(text), absolute(RUNS / text)
    if not RunDirectory(path).metadata.is_file() and RunDirectory(inside).metadata.is_file():
        return RunDirectory(inside)
    if not path.exists():
        known = [run.relative_to(absolute(RUNS)).as_posix() for run in below(absolute(RUNS))]
        raise UnreadableError(
            f"there is no run {text!r}.", meant(text, known, "`coral runs` lists those that there are.")
        )
    return RunDirectory.open(path)


def disk_space(path: Path) -> int:
    """Return the bytes that a folder takes on the disk, a file of several names once. Links are not followed.

    What cannot be looked at, or goes away meanwhile, takes none.
    """
    blocks: dict[tuple[int, int], int] = {}
    folders = [str(path)]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    about = entry.stat(follow_symlinks=False)
                    blocks[about.st_dev, about.st_ino] = about.st_blocks
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
    return BLOCK * sum(blocks.values())

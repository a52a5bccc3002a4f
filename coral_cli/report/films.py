"""The films of runs, where a page finds them: linked as they lie, or copied beside a page that is written elsewhere."""

from __future__ import annotations

import math
import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from coral_cli.registry.places import as_written
from coral_cli.report.reading import Run
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.files import writing

FILM, PICTURE = ".mp4", ".png"
"""A picture belongs to the film of the same name."""

LARGEST_COPY = 20_000_000
"""The size in bytes of a film or a picture beyond which it is not copied."""
LARGEST_COPIES = 200_000_000
"""The size of all copies together, in bytes."""


@dataclass(frozen=True)
class Film:
    """A film of one run, or a picture without one. What is None is not there, or too large to be copied."""

    name: str
    said: str
    """The film's size, and why it is not shown, if so."""
    film: str | None
    """The film's relative URL."""
    picture: str | None


@dataclass(frozen=True)
class Films:
    """The newest film of a run, which the page plays, and the others, which it names."""

    run: str
    shown: Film
    others: Sequence[Film]


def films(runs: Sequence[Run], page: Path) -> list[Films]:
    """Return the films in the ``videos/`` of ``runs``, as ``page`` reaches them.

    Those of runs in or below the page's folder are linked, so that the folder can be moved as a whole. Of other runs
    the newest is copied, up to LARGEST_COPY, into the folder NAME_films beside the page. Raises CoralError when that
    cannot be written.
    """
    place = _Place(page)
    found = []
    for number, run in enumerate(runs):
        folder = None if place.holds(run) else f"{number:02d}"
        if files := _files(run):
            others = [Film(film.name, _size(film), None if folder else place.linked(film), None) for film in files[1:]]
            found.append(Films(as_written(run.path), place.film(files[0], folder), others))
    return found


class _Place:
    """The folder of a page, and what may still be copied into it."""

    def __init__(self, page: Path) -> None:
        self._folder, self._copies = Path(os.path.realpath(page.parent)), page.with_name(f"{page.stem}_films")
        self._left = LARGEST_COPIES

    def holds(self, run: Run) -> bool:
        return run.path.resolve().is_relative_to(self._folder)

    def linked(self, file: Path) -> str:
        return _url(os.path.relpath(file.resolve(), self._folder))

    def film(self, film: Path, folder: str | None) -> Film:
        """Return ``film`` with its picture: linked, or copied into ``folder``."""
        picture = film.with_suffix(PICTURE)
        get = self.linked if folder is None else lambda file: self._copied(file, folder)
        url = get(film)
        seen = get(picture) if _is_plain(picture) else None
        missing = "" if url else f"; too large to be copied here: {as_written(film)}"
        return Film(film.name, _size(film) + missing, url, seen)

    def _copied(self, file: Path, folder: str) -> str | None:
        size = file.stat().st_size
        if size > min(LARGEST_COPY, self._left):
            return None
        self._left -= size
        copy = self._copies / folder / file.name
        with writing(copy):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        return _url(os.path.join(self._copies.name, folder, file.name))


def _files(run: Run) -> list[Path]:
    """Return the films of a run, the newest first; nothing that lies elsewhere, whatever a link says."""
    folder = RunDirectory(run.path).videos
    if folder.is_symlink() or not folder.is_dir():
        return []
    found = [file for file in folder.iterdir() if file.suffix == FILM and file.name[0] != "." and _is_plain(file)]
    return sorted(found, key=lambda file: (file.stat().st_mtime, file.name), reverse=True)


def _is_plain(file: Path) -> bool:
    try:
        return stat.S_ISREG(file.lstat().st_mode)
    except OSError:
        return False


def _size(file: Path) -> str:
    size = file.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{math.ceil(size / 1e3)} kB"


def _url(relative: str) -> str:
    return quote(os.fsencode(relative.replace(os.sep, "/")))

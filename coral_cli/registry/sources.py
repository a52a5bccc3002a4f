"""Where plugins come from: what is installed, and what ``--plugin PATH`` names without being installed."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from coral_cli.registry.errors import UsageError
from coral_cli.registry.hooks import PROJECT
from coral_cli.version import CORE, FORMER

UNKNOWN = "0"
"""The version of what does not say its own."""


@dataclass(frozen=True)
class Source:
    """One entry point, not loaded yet. ``requires`` are the requirements of its distribution, as they are written.

    ``path`` is what ``--plugin`` named, as an absolute path; "" for what is installed.
    """

    name: str
    distribution: str
    version: str
    requires: tuple[str, ...]
    load: Callable[[], object]
    path: str = ""


def installed() -> Iterator[Source]:
    """Yield every entry point of the group ``coral``, once.

    A distribution that cannot be read may hold one, too: it gives a source that raises the error when it is loaded.
    """
    seen = set()
    for distribution in metadata.distributions():
        for source in _of_distribution(distribution):
            key = (source.distribution, source.name)
            if key not in seen:  # an editable install can be listed twice
                seen.add(key)
                yield source


def at(path: Path) -> Iterable[Source]:
    """Return the plugins of a package's directory, read off its ``pyproject.toml``, or of a single ``.py`` file.

    Raises UsageError when there is none.
    """
    place = Path(os.path.realpath(path.expanduser()))
    if place.suffix == ".py" and place.is_file():
        return [Source(place.stem, place.stem, UNKNOWN, (), lambda: _run(place), str(place))]
    project = place / "pyproject.toml"
    if not project.is_file():
        what = "is no package" if place.exists() else "does not exist"
        what = f"holds no {project.name}" if place.is_dir() else what
        hint = "Name the directory of a package, or a .py file."
        raise UsageError(f"{path} {what}.", hint)
    return _of_package(place, project)


def canonical(distribution: str) -> str:
    """Return the name by which two spellings of a distribution are the same."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def current(name: str) -> str:
    """Return a distribution, or ``DISTRIBUTION/NAME``, as it is called today: coral's own once had another name."""
    owner, slash, rest = name.partition("/")
    return f"{CORE}{slash}{rest}" if canonical(owner) in (CORE, FORMER) else name


def required(line: str) -> str:
    """Return the distribution that a requirement is about, by its canonical name; "" where it begins with no name."""
    return canonical(re.split(r"[^\w.-]", line.strip(), maxsplit=1)[0])


def _of_distribution(distribution: metadata.Distribution) -> list[Source]:
    try:
        points = distribution.entry_points.select(group=PROJECT)
        if not points:
            return []
        about = distribution.metadata
        if about is None or "Name" not in about or "Version" not in about:
            raise ValueError("its METADATA is missing")
        name, version = about["Name"], about["Version"]
        requires = tuple(about.get_all("Requires-Dist") or distribution.requires or ())
        return [Source(point.name, name, version, requires, point.load) for point in points]
    except Exception as error:  # its files are whatever somebody installed
        return [_unreadable(distribution, error)]


def _unreadable(distribution: metadata.Distribution, error: Exception) -> Source:
    """Make a source for a distribution of which nothing is known but where it lies: ``NAME-VERSION.dist-info``."""

    def load() -> object:
        raise error

    name, _, version = Path(str(getattr(distribution, "_path", "unknown"))).stem.partition("-")
    return Source(canonical(name), canonical(name), version or UNKNOWN, (), load)


def _of_package(place: Path, project: Path) -> list[Source]:
    import tomli

    try:
        about: dict[str, Any] = tomli.loads(project.read_text(encoding="utf-8"))["project"]
        points = about.get("entry-points", {}).get(PROJECT, {})
        identity = (about["name"], about.get("version", UNKNOWN), tuple(about.get("dependencies", ())))
        if not all(isinstance(word, str) for word in (*identity[:2], *identity[2], *points, *points.values())):
            raise TypeError("name, version, dependencies and entry points must be text")
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(f"{project} cannot be read as a package's ({error}).") from error
    if not points:
        raise UsageError(
            f"{project} names no plugin.", f'Add [project.entry-points.{PROJECT}] with NAME = "package.module".'
        )
    return [Source(name, *identity, _loading(place, name, target), str(place)) for name, target in points.items()]


def _loading(place: Path, name: str, target: str) -> Callable[[], object]:
    folder = place / "src" if (place / "src").is_dir() else place

    def load() -> object:
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))  # and stays there: components import their parts when they are built
        importlib.invalidate_caches()
        _forget_others(re.split(r"[.:]", target)[0], folder)
        return metadata.EntryPoint(name, target, PROJECT).load()

    return load


def _forget_others(package: str, folder: Path) -> None:
    """Make room for ``package`` in ``folder``: forget another copy already imported, such as the installed one."""
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        file = getattr(sys.modules[name], "__file__", None)
        if file and not Path(file).is_relative_to(folder):
            del sys.modules[name]


def _run(file: Path) -> object:
    spec = importlib.util.spec_from_file_location(f"coral_plugin_{file.stem}", file)
    assert spec is not None and spec.loader is not None  # it is a .py file
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module

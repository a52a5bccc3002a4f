"""Places of the machine on which an agent was trained: a package that strangers read has their last names alone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coral_cli.registry.options import Json

_PLACE = re.compile(r"(?:^|(?<=[=,&])|(?<=:)(?!//))(?:~[^/,=&]*)?/[^,=&]*")
"""An absolute path, as a word or within one: behind the = of an option, the comma of a list."""


def nameless(command: str) -> str:
    """Return a command line whose absolute paths are their last names."""
    try:
        words = shlex.split(command)
    except ValueError:  # no shell would take it
        words = command.split()
    return shlex.join(map(last_names, words))


def last_names(word: str) -> str:
    """Return a word whose absolute paths are their last names: ``--plugin=/home/me/mine`` becomes ``--plugin=mine``."""
    return _PLACE.sub(lambda found: Path(found[0]).name or ".", word)


def without_places(metadata: Mapping[str, Json]) -> dict[str, Json]:
    """Return metadata of a checkpoint without places: of plugins, of weights that it began with, and of this home."""
    assembly = metadata["assembly"]
    choices = {
        slot: {key: last_names(value) if key == "path" else value for key, value in choice.items()}
        for slot, choice in assembly["choices"].items()
    }
    settings = {**assembly["settings"]}
    if settings.get("init_from"):
        settings["init_from"] = last_names(settings["init_from"])
    found: dict[str, Json] = _homeless({**metadata, "assembly": {"choices": choices, "settings": settings}})
    return found


def _homeless(value: Any) -> Any:
    """Return JSON in which whatever lies in the home directory has its last name alone."""
    if isinstance(value, Mapping):
        return {key: _homeless(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_homeless(each) for each in value]
    return last_names(value) if isinstance(value, str) and f"{Path.home()}/" in value else value

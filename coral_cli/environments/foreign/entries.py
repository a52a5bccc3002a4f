"""Which entries of a vector sensor an agent feels: a state often holds what only an image should show."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from coral_cli.environments.foreign.known import ALL
from coral_cli.environments.foreign.sensors import Reader
from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import meant

Convert: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]

_PART = re.compile(r"(\d+)(?:(:)(\d*))?")
_FORM = "Write 0:6,9 for the first six entries and the tenth, or with the sensor before it: 'proprio=0:6 goal=0:2'."


def vectors(readers: Mapping[str, Reader]) -> dict[str, Reader]:
    """Return those of ``readers`` that give a vector."""
    return {name: reader for name, reader in readers.items() if reader.kind == "vector"}


def with_entries(readers: Mapping[str, Reader], asked: str | None) -> dict[str, Reader]:
    """Return ``readers`` of which vectors have only the entries that ``asked`` keeps, in its order.

    ``asked`` is ``all``, ``0:6,9`` where there is one vector, or ``SENSOR=0:6,9`` for each, parted by spaces. Raises
    UsageError for other words, for sensors that are no vectors, and for entries that there are not.
    """
    names = list(vectors(readers))
    chosen = dict(readers)
    for word in () if asked == ALL else (asked or "").split():
        name, equals, parts = word.rpartition("=")
        if not equals:
            if len(names) != 1:
                raise UsageError(f"{word} is of no sensor, and there are {len(names)} vectors.", _FORM)
            name = names[0]
        if name not in names:
            raise UsageError(f"there is no vector {name!r}.", meant(name, names, f"There are: {', '.join(names)}."))
        chosen[name] = _only(readers[name], name, parts)
    return chosen


def _only(reader: Reader, name: str, parts: str) -> Reader:
    """Return a reader of the entries that ``parts`` names."""
    size = reader.space.shape[0]
    kept = [entry for part in parts.split(",") for entry in _entries(part, name, size)]
    if len(set(kept)) < len(kept):
        raise UsageError(f"{parts} has an entry of {name} twice.", _FORM)
    space = Box(reader.space.low[kept], reader.space.high[kept], dtype=np.float32)
    whole = math.prod(reader.values.shape) == size  # else they are choices, of several entries each
    values = reader.values.only(kept) if whole else reader.values
    return replace(reader, space=space, values=values, convert=partial(_picked, reader.convert, kept))


def _picked(convert: Convert, kept: Sequence[int], value: NDArray[Any]) -> NDArray[Any]:
    return convert(value)[kept]


def _entries(part: str, name: str, size: int) -> range:
    found = _PART.fullmatch(part)
    if found is None:
        raise UsageError(f"{part!r} names no entries of {name}.", _FORM)
    first, colon, last = found.groups()
    begin = int(first)
    end = begin + 1 if not colon else int(last) if last else size
    if not begin < end <= size:
        raise UsageError(f"{name} has {size} entries, and none at {part}.", _FORM)
    return range(begin, end)

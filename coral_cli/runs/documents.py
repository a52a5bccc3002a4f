"""JSON documents from files, which may be damaged or a stranger's: bounded in size, and checked before they are used.

What checks a value gives it back, or raises FormError. ``where`` is what a sentence calls the value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, get_args

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.options import LARGEST, Json
from coral_cli.registry.sensors import Backend, Sensor, SensorKind

DOCUMENT_BYTES = 1 << 22
"""A document has so many bytes at most: a run.json takes some ten thousand, and five hundred more a start."""
DEPTH = 32
SENSOR_SIZE = 1 << 28
"""Numbers that a sensor gives at a time, at most."""
ACTION_SIZE = 1 << 16
"""Numbers of an action, at most."""
DRAWERS = ("auto", *get_args(Backend))
SHOWN = 40
"""Letters of a wrong value that a sentence repeats."""

Check: TypeAlias = Callable[[Json, str], Any]


class FormError(ValueError):
    """A document is not of the form that coral writes; the message says where."""


def read(path: Path, most: int = DOCUMENT_BYTES) -> dict[str, Json]:
    """Return the JSON object in a file of at most ``most`` bytes. Raises UnreadableError."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise FormError(f"it has more than {most:,} bytes")
        return table(parsed(content), "it")
    except (OSError, FormError) as error:
        why = error.strerror or error if isinstance(error, OSError) else error
        raise UnreadableError(f"{path} cannot be read ({why}).") from error


def parsed(content: bytes | str) -> Json:
    """Return what JSON says. Raises FormError for what is none, or holds what no file of coral's does."""
    try:
        document = json.loads(content)
        escaped = "\\" in content if isinstance(content, str) else b"\\" in content
        _check([document], content.isascii() and not escaped)
    except FormError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormError(f"it is no JSON: {error}") from error
    return document


def _check(values: Iterable[Json], plain: bool, depth: int = 0) -> None:
    """Raise FormError where one of ``values``, or one inside of it, is what no file of coral's holds.

    ``plain``: they come from ASCII without escapes, so that no text has to be looked at.
    """
    if depth > DEPTH:
        raise FormError("it is nested too deeply")
    for value in values:
        kind = type(value)
        if kind is float or (plain and kind is str):
            continue
        if kind is dict:
            _check(value.values() if plain else [*value, *value.values()], plain, depth + 1)
        elif kind is list:
            _check(value, plain, depth + 1)
        elif kind is int and abs(value) > LARGEST:
            raise FormError("it holds a number of more than 64 bits")
        elif kind is str:
            _check_text(value)


def _check_text(text: str) -> None:
    try:
        text.isascii() or text.encode("utf-8", "surrogateescape")  # as undecodable names of files are
    except UnicodeEncodeError:
        raise FormError("it holds text that is none") from None
    if "\0" in text:
        raise FormError("it holds a zero byte")


def table(value: Json, where: str) -> dict[str, Json]:
    """Expect a JSON object."""
    if not isinstance(value, dict):
        raise _wrong(value, where, "an object")
    return value


def listed(value: Json, where: str) -> list[Json]:
    """Expect a JSON array."""
    if not isinstance(value, list):
        raise _wrong(value, where, "a list")
    return value


def text(value: Json, where: str) -> str:
    """Expect text."""
    if not isinstance(value, str):
        raise _wrong(value, where, "text")
    return value


def texts(value: Json, where: str) -> list[str]:
    """Expect a list of texts."""
    return [text(item, where) for item in listed(value, where)]


def flag(value: Json, where: str) -> bool:
    """Expect true or false."""
    if not isinstance(value, bool):
        raise _wrong(value, where, "true or false")
    return value


def whole(value: Json, where: str, least: int = 0, most: int = LARGEST) -> int:
    """Expect a whole number from ``least`` to ``most``."""
    if type(value) is not int or not least <= value <= most:
        raise _wrong(value, where, f"a whole number from {least} to {most}")
    return value


def count(value: Json, where: str) -> int:
    """Expect a whole number above 0."""
    return whole(value, where, 1)


def number(value: Json, where: str) -> float:
    """Expect a finite number."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise _wrong(value, where, "a number")
    return float(value)


def plain(value: Json, where: str) -> Json:
    """Expect what an option may hold: no object, and no list of lists."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict | list):
            raise _wrong(value, where, "an option's value")
    return value


def drawer(value: Json, where: str) -> str:
    """Expect the name of what draws, or ``auto``."""
    if value not in DRAWERS:
        raise _wrong(value, where, f"one of {', '.join(DRAWERS)}")
    return str(value)


def action_size(value: Json, where: str) -> int:
    """Expect the size of an action."""
    return whole(value, where, 1, ACTION_SIZE)


def sensors(value: Json, where: str) -> dict[str, Sensor]:
    """Return the sensors that ``{"NAME": {"kind": KIND, "shape": [N, ...]}}`` describes."""
    return {name: _sensor(name, about, f"{where}.{name}") for name, about in table(value, where).items()}


def _sensor(name: str, value: Json, where: str) -> Sensor:
    about = table(value, where)
    kind: Any = about.get("kind")
    shape = about.get("shape")
    if kind not in get_args(SensorKind):
        raise _wrong(kind, f"{where}.kind", f"one of {', '.join(get_args(SensorKind))}")
    sides = tuple(count(side, f"{where}.shape") for side in listed(shape, f"{where}.shape"))
    if len(sides) != (1 if kind == "vector" else 3) or (kind == "depth" and sides[2] != 1):
        raise _wrong(shape, f"{where}.shape", f"the shape of a sensor of kind {kind}")
    if math.prod(sides) > SENSOR_SIZE:
        raise _wrong(shape, f"{where}.shape", "of a size that sensors have")
    return Sensor(name, kind, sides)


def require(document: Mapping[str, Json], checks: Mapping[str, Check], needed: Iterable[str] = ()) -> None:
    """Hold entries of ``document`` to the ``checks`` by name. Raises FormError, too, where a ``needed`` one lacks."""
    for name in needed:
        if name not in document:
            raise FormError(f"{name} is missing")
    for name, check in checks.items():
        if name in document:
            check(document[name], name)


def _wrong(value: object, where: str, wanted: str) -> FormError:
    said = " ".join(repr(value).split())
    return FormError(f"{where} is {said if len(said) <= SHOWN else said[:SHOWN] + '...'}, not {wanted}")

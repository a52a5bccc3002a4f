"""Option values as they stand on the command line: text to value and back."""

from __future__ import annotations

import math
from dataclasses import replace

from coral_cli.registry.arguments import whole
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Field, Json, check


def parse(field: Field, text: str) -> Json:
    """Return the value that ``text`` stands for, checked; ``none`` for an optional field, ``1,2,3`` for a tuple.

    Raises UsageError, naming ``--FIELD``, when it does not fit.
    """
    if field.optional and text.lower() == "none":
        return None
    if field.optional and not text:  # a shell variable that is not set, where a path was meant
        raise UsageError(f"--{field.flag} is empty.", "Give it a value, or leave it out.")
    named = replace(field, name=f"--{field.name}")
    return check(named, _typed(named, text))


def _typed(field: Field, text: str) -> Json:
    if field.type is tuple:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return tuple(parts if field.item is str else (_count(field, part) for part in parts))
    if field.type is int:
        return _count(field, text)
    if field.type is float:
        return _number(field, text)
    return text


def _count(field: Field, text: str) -> int:
    """Return the whole number that ``1000``, ``1_000``, ``1e3``, ``1k`` or ``0.5M`` stands for."""
    number = whole(text)
    if number is not None:
        return number
    raise UsageError(f"{field.flag} is {text!r}, which is no whole number.", "Write 100000, 100_000, 1e5 or 100k.")


def _number(field: Field, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{field.flag} is {text!r}, which is no number.", "Write 0.001 or 1e-3.")
    return value


def text_of(value: Json) -> str:
    """Return what ``parse`` reads back as ``value`` (booleans are flags and have no text)."""
    if value is None:
        return "none"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value)


def negative(flag: str) -> str:
    """Return the flag that turns ``flag`` off: ``no-x``, ``slot.no-x``."""
    slot, dot, option = flag.rpartition(".")
    return f"{slot}{dot}no-{option}"

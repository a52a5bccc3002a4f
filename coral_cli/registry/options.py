"""Typed options: a frozen dataclass whose annotated fields become flags, help text and checkpoint entries.

The dataclass is the one place of a default. ``int``, ``float``, ``str``, ``bool``, ``Literal``
strings, their ``| None`` forms and tuples of ints or strings (``tuple[int, ...]``) are allowed, so every value is JSON.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from coral_cli.registry.errors import UsageError

Json = Any
"""A value that ``json.dumps`` accepts."""

LARGEST = 2**63 - 1
"""The largest whole number of an option: what 64 bits hold."""

Type: TypeAlias = type

T = TypeVar("T")


@dataclass(frozen=True)
class Help:
    """The meaning of an option in words, and its inclusive bounds.

    ``before`` is its value for what was saved before the option existed, where that is not its default.
    """

    text: str
    min: float | None = None
    max: float | None = None
    before: Json = None


@dataclass(frozen=True)
class NoOptions:
    """The options of components that have none."""


@dataclass(frozen=True)
class LossOptions:
    """Options of every loss: it has a weight, which the objective applies. Add fields by deriving from this class."""

    weight: Annotated[float, Help("Weight of this sensor's term in the objective.", min=0)] = 1.0


@dataclass(frozen=True)
class Field:
    """One option, read off an options dataclass."""

    name: str
    type: Type
    """``int``, ``float``, ``str``, ``bool`` or ``tuple``."""
    optional: bool
    choices: tuple[str, ...]
    help: Help
    default: Json
    item: Type = int
    """The type of a tuple's items: ``int`` or ``str``."""

    @property
    def flag(self) -> str:
        """The option's name as it stands on the command line."""
        return self.name.replace("_", "-")


def fields_of(options: object) -> tuple[Field, ...]:
    """Return the options of a dataclass instance; its values are the defaults.

    Raises TypeError when a field is not of an allowed type or has no ``Help``.
    """
    if not dataclasses.is_dataclass(options) or isinstance(options, type):
        raise TypeError(f"options must be a dataclass instance, not {options!r}")
    return tuple(
        Field(f.name, f.type, f.optional, f.choices, f.help, getattr(options, f.name), f.item)  # replace() is slow
        for f in _fields(type(options))
    )


@functools.cache
def _fields(kind: Type) -> tuple[Field, ...]:
    """Return a dataclass's options without defaults: many components share one class, and reading it is slow."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_field(f.name, hints[f.name]) for f in dataclasses.fields(kind))


def _field(name: str, hint: object) -> Field:
    base, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    help_ = next((extra for extra in extras if isinstance(extra, Help)), None)
    if help_ is None:
        raise TypeError(f"option {name!r} needs Annotated[..., Help('what it means')]")
    kinds = get_args(base) if get_origin(base) in (Union, types.UnionType) else ()
    optional = len(kinds) == 2 and type(None) in kinds
    if optional:
        base = next(kind for kind in kinds if kind is not type(None))
    several = get_origin(base) is tuple and get_args(base)[1:] == (...,)
    if several:
        base = get_args(base)[0]
    choices: tuple[str, ...] = ()
    if get_origin(base) is Literal:
        choices, base = get_args(base), str
    if base not in ((int, str) if several else (int, float, str, bool)):
        raise TypeError(f"option {name!r} has type {hint!r}; allowed: int, float, str, bool, Literal, tuple[int, ...]")
    return Field(name, tuple if several else base, optional, choices, help_, None, base if several else int)


def values_of(options: object) -> dict[str, Json]:
    """Return the options as JSON values."""
    return {
        f.name: list(f.default) if f.type is tuple and f.default is not None else f.default for f in fields_of(options)
    }


def with_values(options: T, values: Mapping[str, Json]) -> T:
    """Return a copy of ``options`` with ``values`` set and checked.

    Raises UsageError for an unknown name, a wrong type or a value out of bounds.
    """
    known = {f.name: f for f in fields_of(options)}
    checked = {}
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"there is no option {name!r}.", f"Options: {', '.join(known) or 'none'}.")
        checked[name] = check(known[name], value)
    return dataclasses.replace(options, **checked)  # type: ignore[type-var]


def with_saved(options: T, values: Mapping[str, Json]) -> T:
    """Return a copy of ``options`` with saved ``values`` set and checked; what it lacks is as it was ``before``.

    Raises UsageError as ``with_values`` does.
    """
    missing = {f.name: f.help.before for f in fields_of(options) if f.help.before is not None}
    return with_values(options, {**missing, **values})


def check(field: Field, value: Json) -> Json:
    """Return ``value`` as the field's type. Raises UsageError when it does not fit."""
    if value is None and field.optional:
        return None
    words = value if isinstance(value, (list, tuple)) else (value,)
    strange = [word for word in words if field.choices and word not in field.choices]
    if strange:
        raise UsageError(f"{field.flag} cannot be {strange[0]!r}.", f"Choose from: {', '.join(field.choices)}.")
    if field.type is tuple and isinstance(value, (list, tuple)) and all(type(v) is field.item for v in value):
        value = tuple(value)
        numbers = value if field.item is int else ()
    elif (field.type is float and type(value) in (int, float)) or (field.type is int and type(value) is int):
        numbers = (value,)
    elif field.type in (str, bool) and type(value) is field.type:
        numbers = ()
    else:
        raise UsageError(f"{field.flag} must be of type {field.type.__name__}, not {value!r}.")
    for number in numbers:
        _check_bounds(field, number)
    return float(value) if field.type is float else value


def _check_bounds(field: Field, number: float) -> None:
    low, high = field.help.min, field.help.max
    bounds = " and ".join(
        f"at {word} {_plain(bound)}" for word, bound in (("least", low), ("most", high)) if bound is not None
    )
    if type(number) is int and abs(number) > LARGEST:
        raise UsageError(f"{field.flag} is a number of more than 64 bits.")
    if not math.isfinite(number):
        raise UsageError(f"{field.flag} is {number:g}, which is no finite number.")
    if (low is not None and number < low) or (high is not None and number > high):
        raise UsageError(f"{field.flag} is {_plain(number)}, but must be {bounds}.")


def _plain(number: float) -> str:
    """Return a number as somebody would write it; 2**63 - 1 and the like as a power."""
    power = round(number).bit_length() if math.isfinite(number) and abs(number) >= 2**31 - 1 else 0
    if power and number + 1 == 2**power:
        return f"2**{power} - 1"
    return str(number) if isinstance(number, int) else f"{number:g}"

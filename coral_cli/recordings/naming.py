"""What sensors of a recording are called in a dataset, whose names become flags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import meant
from coral_cli.registry.sensors import RESERVED

_NAME = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
COMMON = frozenset({"observation", "observations", "obs", "images", "sensor", "sensor_data", "agent", "extra"})
"""Parts of a name that say no more than that it is a sensor."""


def chosen(wishes: Sequence[str], there: Iterable[str]) -> dict[str, str]:
    """Return the recording's names by those in the dataset: all that are ``there``, or those of the ``wishes``.

    A wish is ``NAME``, or ``NEW=NAME``. Raises UsageError for a sensor that there is not, for a name that no sensor can
    have, and for one that two would have.
    """
    names = list(there)
    if not wishes:
        return own_names(names)
    found: dict[str, str] = {}
    for wish in wishes:
        new, equals, old = wish.rpartition("=")
        source = _found(old, names)
        new = new if equals else own_names([source]).popitem()[0]
        if not _NAME.fullmatch(new) or _flag(new) in RESERVED:
            raise UsageError(
                f"no sensor can be called {new!r}.",
                f"Write --sensor NAME={source}, in small letters, digits, dashes; not {', '.join(sorted(RESERVED))}.",
            )
        if _flag(new) in map(_flag, found):
            raise UsageError(f"two sensors would be called {new!r}.", f"Write --sensor OTHER={source}.")
        found[new] = source
    return found


def own_names(names: Iterable[str]) -> dict[str, str]:
    """Return names of the recording by short ones of their own: ``front`` for ``observation.images.front``.

    Each is made of as many last parts as it takes to tell it from the others.
    """
    parts = {name: _telling(name) for name in names}
    found: dict[str, str] = {}
    for name, own in parts.items():
        others = [other for key, other in parts.items() if key != name]
        short = next((size for size in range(1, len(own)) if own[-size:] not in [o[-size:] for o in others]), len(own))
        found[_free("-".join(own[-short:]), found)] = name
    return found


def _telling(name: str) -> tuple[str, ...]:
    """Return the parts of a name that say which sensor it is."""
    parts = tuple(filter(None, map(_plain, re.split(r"[./]", name)))) or ("sensor",)
    return tuple(part for part in parts if part not in COMMON) or parts[-1:]


def _free(name: str, taken: Iterable[str]) -> str:
    """Return ``name``, with a number behind it where its flags would be another's."""
    flags = RESERVED | set(map(_flag, taken))
    tried = (name if number == 1 else f"{name}-{number}" for number in range(1, len(flags) + 2))
    return next(free for free in tried if _flag(free) not in flags)


def _found(wish: str, names: Sequence[str]) -> str:
    """Return the recording's sensor that a word names: in full, or as it would be called by itself."""
    if wish in names:
        return wish
    short: Mapping[str, str] = own_names(names)
    if wish in short:
        return short[wish]
    raise UsageError(f"the recordings have no sensor {wish!r}.", meant(wish, names, f"They have: {', '.join(names)}."))


def _plain(part: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", part.lower()).strip("-_")


def _flag(name: str) -> str:
    return name.replace("_", "-")

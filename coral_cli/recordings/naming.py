"""What sensors of a recording are called in a dataset, whose names become flags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from coral_cli.registry.errors import UsageError
from coral_cli.registry.nearest import meant
from coral_cli.registry.records import RESERVED

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
    """Return names of the recording by short ones of their own: ``front`` for ``observation.images.front``."""
    found: dict[str, str] = {}
    for name in names:
        parts = [_plain(part) for part in re.split(r"[./]", name)]
        telling = [part for part in parts if part and part not in COMMON] or ["sensor"]
        candidates = [telling[-1], "-".join(telling[-2:]), "-".join(telling)]
        candidates += [f"{candidates[0]}-{number}" for number in range(2, len(found) + 3)]
        flags = RESERVED | set(map(_flag, found))
        found[next(free for free in candidates if _flag(free) not in flags)] = name
    return found


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

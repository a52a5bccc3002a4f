"""What somebody may have meant: the nearest of the names there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the name among ``known`` that is most like ``name``; None when none is like it."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return found[0] if found else None


def meant(name: str, known: Iterable[str], otherwise: str, form: str = "{}", cutoff: float = 0.6) -> str:
    """Return a hint: ``Did you mean ...?`` with the nearest name as ``form`` has it, or else ``otherwise``."""
    near = nearest(name, known, cutoff)
    return one_of([near] if near else [], otherwise, form)


def one_of(names: Iterable[str], otherwise: str, form: str = "{}") -> str:
    """Return a hint: ``Did you mean ... or ...?`` with all ``names``, or else ``otherwise``."""
    said = " or ".join(map(form.format, names))
    return f"Did you mean {said}?" if said else otherwise

"""What to say of combinations that cannot be: which they are, why, and where a flag goes that fits only some."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from coral_cli.assembly.words import Word, joined
from coral_cli.registry.errors import CoralError
from coral_cli.study.grid import SEED, describe
from coral_cli.study.plan import Planned

NAMED = 3
"""Combinations that an error names, at most."""
UNKNOWN = "there is no option --"


def refusal(
    errors: Sequence[tuple[Planned, CoralError]], others: Sequence[Planned], fixed: Sequence[Word]
) -> CoralError:
    """Return the first of ``errors``, naming the combinations that have it; ``others`` are those that can be.

    What no combination can have is said without one. ``fixed`` are the flags that hold for every run.
    """
    first = errors[0][1]
    alike = _each(one for one, error in errors if error.message == first.message)
    rest = _each(one for one, error in errors if error.message != first.message)
    if not others and (not rest or first.message.startswith(UNKNOWN)):
        return first
    shared = _shared(alike, [*rest, *_each(others)])
    which = describe(shared) if shared else _listed(alike)
    more = f" ({len(rest)} more combination{'s' if len(rest) > 1 else ''} cannot be, either)" if rest else ""
    hint = _elsewhere(first, shared or alike[0], others, fixed) or first.hint
    return type(first)(f"{which}: {first.message.rstrip('.')}{more}.", hint)


def _each(runs: Iterable[Planned]) -> list[Mapping[str, str]]:
    """Return what tells each combination from the others, whatever its seeds."""
    found: list[Mapping[str, str]] = []
    for run in runs:
        own = {flag: text for flag, text in run.differs.items() if flag != SEED}
        found += [own] if own not in found else []
    return found


def _shared(alike: Sequence[Mapping[str, str]], others: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """Return the one value that all of some combinations and no other has; nothing where there is none."""
    for flag, text in alike[0].items():
        if all(own.get(flag) == text for own in alike) and not any(own.get(flag) == text for own in others):
            return {flag: text}
    return {}


def _listed(alike: Sequence[Mapping[str, str]]) -> str:
    more = [f"{len(alike) - NAMED} more"] if len(alike) > NAMED else []
    return "; ".join([*map(describe, alike[:NAMED]), *more])


def _elsewhere(error: CoralError, where: Mapping[str, str], others: Sequence[Planned], fixed: Sequence[Word]) -> str:
    """Say how a flag that stands behind the -- is given to those values alone that it fits; "" where it is no such."""
    at_fault = [word for word in fixed if {f"(--{name})" for name in (word[0], word[0].split(".")[0])} & _said(error)]
    for flag, text in where.items():
        fits = next((one.differs[flag] for one in others if one.differs.get(flag, text) != text), None)
        if at_fault and fits is not None:
            value = f"{fits} {shlex.join(joined(at_fault[:1]))}"
            return f"A flag in a value's quotes holds for that value alone: --{flag} {shlex.quote(value)}."
    return ""


def _said(error: CoralError) -> set[str]:
    return set(re.findall(r"\(--\S+\)", error.message))

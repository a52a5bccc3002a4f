"""Every combination of what a command line spans, and what its runs are called."""

from __future__ import annotations

import itertools
import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from coral_cli.assembly.slots import ENV, REPEATABLE
from coral_cli.assembly.words import Word, split
from coral_cli.registry.errors import UsageError

SEED = "seed"
NONE = "none"
"""What stands for no distraction, and for no observer."""
NEVER = {
    "out": "A sweep gives each run its directory; its own is named by --out before the --.",
    "resume": "A sweep goes on by itself with what was cut off.",
    "auto-resume": "A sweep goes on by itself with what was cut off.",
    **dict.fromkeys(("dry-run", "json", "quiet"), "Write it before the --."),
    "debug": "Each run has a log of what it prints.",
    "plugin": "Write it before the --: it holds for every run.",
}
"""Flags of `coral train` that no run of a sweep can be given, and what to do instead."""

LONGEST = 40
"""Letters of a value that a run's name shows: of a longer one the last, which tell paths apart."""

Point: TypeAlias = tuple[Word, ...]
"""One combination: a value on each axis."""


@dataclass(frozen=True)
class Axis:
    """A flag and the values that it takes, in their order; a value may bring flags along (``parted``)."""

    flag: str
    words: tuple[Word, ...]

    def label(self, text: str) -> str:
        """Return what tells a value from the others: the value by itself, unless another one begins like it."""
        alone = parted(text)[0]
        return alone if [parted(other or "")[0] for _, other in self.words].count(alone) == 1 else text


def parted(text: str) -> tuple[str, list[Word]]:
    """Return a value and the flags that stand behind it in the same quotes, and hold where it does.

    ``cv-image --image-encoder.depth 8`` is ``cv-image`` and one flag. Raises UsageError for quotes without an end.
    """
    value, mark, rest = text.partition(" --")
    if not mark:
        return text, []
    try:
        return value.strip(), split(shlex.split(f"--{rest}"))
    except ValueError as error:
        raise UsageError(f"{text!r} has quotes without an end.", "Write --method 'v-coral --rssm.gru 64'.") from error


def unfolded(words: Sequence[Word]) -> list[Word]:
    """Return the flags of a run, those that its values bring along among them."""
    found: list[Word] = []
    for name, text in words:
        value, own = parted(text or "")
        found += [(name, _plainly(name, value) if own else text), *own]
    return found


def _plainly(name: str, value: str) -> str:
    return "" if name in REPEATABLE and value == NONE else value


def axes(words: Sequence[Word]) -> list[Axis]:
    """Gather the values of each flag; ``--x`` and ``--no-x`` are those of one. Raises UsageError for one given twice.

    ``none`` is no distraction, and no observer.
    """
    found: dict[str, list[Word]] = {}
    for name, text in words:
        values = found.setdefault(_positive(name) if text is None else name, [])
        word = (name, text and _plainly(name, text))
        if word in values:
            raise UsageError(f"--{name} {text or ''}".rstrip() + " stands there twice.", "Write each value once.")
        values.append(word)
    return [Axis(flag, tuple(values)) for flag, values in found.items()]


def require_apart(spanned: Sequence[Axis], fixed: Sequence[Word]) -> None:
    """Raise UsageError for a flag that both spans an axis and holds for every run, or that no run can have."""
    behind = {_flag(word) for word in fixed}
    for axis in spanned:
        if axis.flag in behind:
            raise UsageError(
                f"--{axis.flag} stands before and behind the --.",
                "Before it, each value is a run of its own; behind it, one value holds for every run.",
            )
    inside = [(axis, _flag(word)) for axis in spanned for _, text in axis.words for word in parted(text or "")[1]]
    for axis, flag in inside:
        if flag in behind or any(flag in _flags(other) for other in spanned if other is not axis):
            hint = "Write it in one of the two places."
            raise UsageError(f"--{flag} stands inside a value of --{axis.flag}, and elsewhere, too.", hint)
    for flag in (*behind, *(axis.flag for axis in spanned), *(flag for _, flag in inside)):
        if flag in NEVER:
            raise UsageError(f"--{flag} is nothing that a run of a sweep can be given.", NEVER[flag])


def _flag(word: Word) -> str:
    name, text = word
    return _positive(name) if text is None else name


def _flags(axis: Axis) -> set[str]:
    """Return the flag of an axis, and those that its values bring along."""
    return {axis.flag, *(_flag(word) for _, text in axis.words for word in parted(text or "")[1])}


def points(spanned: Sequence[Axis]) -> list[Point]:
    """Return all combinations: seeds change last, so that a sweep that is cut off has some runs of everything."""
    last = [axis for axis in spanned if axis.flag == SEED]
    others = [axis for axis in spanned if axis.flag != SEED]
    if not last:
        return list(itertools.product(*(axis.words for axis in others)))
    return [(*point, seed) for seed in last[0].words for point in itertools.product(*(axis.words for axis in others))]


def differing(spanned: Sequence[Axis], point: Point) -> dict[str, str]:
    """Return what is a point's own, as text by flag: its place on every axis of several values, and its seed."""
    several = {axis.flag: axis for axis in spanned if len(axis.words) > 1 or axis.flag == SEED}
    own = {_flag(word): word for word in point}
    return {
        flag: _said(name, text and several[flag].label(text)) for flag, (name, text) in own.items() if flag in several
    }


def names(spanned: Sequence[Axis], fixed: Sequence[Word], found: Sequence[Point]) -> list[str]:
    """Name the run of each point by what is its own, such as ``cartpole-swingup-v-coral-seed0``."""
    env = dict(unfolded((*(found[0] if found else ()), *fixed))).get(ENV.flag) or ENV.default
    named = []
    for point in found:
        own = differing(spanned, point)
        parts = [_part(flag, text) for flag, text in own.items()]
        named.append("-".join([*([plain(str(env))] if own.keys() <= {SEED} else []), *parts]))
    count = Counter(name.lower() for name in named)
    if max(count.values(), default=1) > 1 or max(map(len, named), default=0) > 5 * LONGEST:
        digits = len(str(len(named)))
        named = [f"{number:0{digits}}-{name[: 5 * LONGEST]}" for number, name in enumerate(named, start=1)]
    return named


def describe(own: Mapping[str, str]) -> str:
    """Say what tells a run from the others: ``method v-coral, image-loss.temperature 0.1``."""
    return ", ".join(f"{flag} {text}" for flag, text in own.items())


def _positive(name: str) -> str:
    """Return the flag that ``--no-x`` or ``--slot.no-x`` turns off."""
    slot, dot, option = name.rpartition(".")
    return f"{slot}{dot}{option.removeprefix('no-')}"


def _said(name: str, text: str | None) -> str:
    if text is None:
        return "on" if name == _positive(name) else "off"
    return text or NONE


def _part(flag: str, text: str) -> str:
    """Return a value as a part of a name: by itself where it is a word, behind the flag's last word where it is not."""
    word = flag.rpartition(".")[2]
    if text in ("on", "off"):
        return word if text == "on" else f"no-{word}"
    if text == NONE:
        return f"no-{word}"
    return word + plain(text) if re.match(r"[+-]?\.?\d", text) else plain(text)


def plain(text: str) -> str:
    """Return ``text`` with only what any file system has in names."""
    return re.sub(r"[^\w.,+-]+(--)?", "-", text[-LONGEST:], flags=re.ASCII).strip("-.,") or "value"

"""Whether a dataset is as its format asks, and what of it would be learned: findings, the same for all who read it."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from coral_cli.registry.errors import UnreadableError
from coral_cli.registry.sensors import RESERVED, Fit, Sensor
from coral_cli.runs.dataset import Dataset
from coral_cli.runs.dataset_rules import (
    ActionRange,
    Arrays,
    Constant,
    Dark,
    Depth,
    EndInside,
    Finding,
    FirstRow,
    Nothing,
    OneRow,
    Rule,
)
from coral_cli.runs.picture_size import Scaling

CHANNELS = (1, 3, 4)
"""Numbers of a pixel, by which channels that stand first are told."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
Part: TypeAlias = Literal["all", "numbers", "pictures"]
"""What of an episode is looked at: all of it, all but images and depth, or these alone."""


class Look:
    """A look at ``part`` of the episodes of a dataset, one after the other, at the sensors ``used`` alone."""

    def __init__(self, dataset: Dataset, used: Collection[str], part: Part = "all") -> None:
        self._dataset, self._used = dataset, used
        sensors = {name: sensor for name, sensor in dataset.sensors.items() if name in used}
        read = {name: one for name, one in sensors.items() if part == "all" or one.spatial == (part == "pictures")}
        numbers: list[Rule] = [ActionRange(), FirstRow(), EndInside(), OneRow(), Nothing()]
        self._rules: list[Rule] = [
            *(numbers if part != "pictures" else []),
            Depth(sensors),
            Dark(read),
            Constant(read),
        ]
        self._odd: Counter[tuple[str, str]] = Counter()
        self._unread: list[UnreadableError] = []
        self._looked = False

    def at(self, arrays: Arrays) -> None:
        """Look at the arrays of the next episode."""
        for name, odd in self._dataset.odd(arrays):
            if name in self._used or name not in self._dataset.sensors:
                self._odd[name, odd] += 1
        self._looked = True
        there = self._dataset.there(arrays)
        for rule in self._rules:
            rule.look(there)

    def unreadable(self, error: UnreadableError) -> None:
        """Take note of an episode that cannot be read."""
        self._unread.append(error)

    def findings(self) -> Iterator[Finding]:
        """Yield what was found."""
        if self._unread:
            first = self._unread[0]
            yield Finding("unreadable", True, first.message.rstrip("."), first.hint, len(self._unread))
        for (name, odd), count in self._odd.items():
            hint = "Multiply pictures from 0 to 1 by 255, and make bytes of them: .astype(np.uint8)."
            kind = "image-type" if "uint8" in odd else "not-finite"
            if kind == "not-finite":
                hint = "Mark a sensor's rows as `missing`, or leave the episodes out."
            yield Finding(kind, True, f"{name!r} {odd}", hint, count)
        for rule in self._rules if self._looked else ():
            yield from rule.findings()


def look_over(
    dataset: Dataset, used: Collection[str], part: Part, tell: Callable[[int], None] = lambda number: None
) -> list[Finding]:
    """Read ``part`` of every episode, and return what is wrong with it.

    ``tell`` hears how many episodes were looked at after each.
    """
    look = Look(dataset, used, part)
    leave = [name for name, sensor in dataset.sensors.items() if sensor.spatial] if part == "numbers" else ()
    for number in range(len(dataset.metadata["episodes"])):
        try:
            look.at(dataset.read(number, leave))
        except UnreadableError as error:
            look.unreadable(error)
        tell(number + 1)
    return list(look.findings())


def named(sensors: Iterable[str], of_torch: Callable[[str], bool]) -> Iterator[Finding]:
    """Yield the names that no sensor can have; ``of_torch`` tells those that torch has taken."""
    flags: set[str] = set()
    for name in sensors:
        flag = name.replace("_", "-")
        what = ""
        if not NAME.fullmatch(name):
            what = "has another character than letters, digits, _ and -"
        elif name in RESERVED or of_torch(name) or flag in flags:
            what = "is taken"
        flags.add(flag)
        if what:
            yield Finding("name", True, f"no sensor can be called {name!r}: it {what}", _otherwise(name, of_torch))


def _otherwise(name: str, of_torch: Callable[[str], bool]) -> str:
    """Say what to call a sensor instead: by the last part of its name."""
    new = re.sub(r"[^A-Za-z0-9]+", "_", name.rpartition(".")[2]).strip("_") or "sensor"
    if new == name or new in RESERVED or of_torch(new):
        new = f"{new}_sensor"
    return f"Call it otherwise: coral pretrain --rename {shlex.quote(f'{name}={new}')}."


def shaped(sensors: Mapping[str, Sensor], scalings: Mapping[str, Scaling], fit: Fit) -> Iterator[Finding]:
    """Yield the images whose channels stand first, and the pictures that ``scalings`` and ``fit`` make smaller."""
    alike: dict[tuple[Scaling, tuple[int, ...]], list[str]] = {}
    for name, sensor in sensors.items():
        if sensor.kind == "image" and sensor.shape[0] in CHANNELS and sensor.shape[2] not in CHANNELS:
            shape = "x".join(map(str, sensor.shape))
            message = f"the images of {name!r} are {shape}: their channels stand first, but have to stand last"
            hint = 'Store np.moveaxis(images, 1, -1), and its shape in "sensors".'
            yield Finding("channels-first", True, message, hint)
        elif name in scalings and scalings[name].scales and not _small(sensor, scalings[name]):
            alike.setdefault((scalings[name], sensor.shape[:2]), []).append(name)
    for (scaling, stored), names in alike.items():
        yield _scaled(names, stored, scaling, fit)


def _scaled(names: Sequence[str], stored: Sequence[int], scaling: Scaling, fit: Fit) -> Finding:
    sizes = [f"{height}x{width}" for height, width in (stored, scaling.target)]
    message = f"pictures of {_listed(names)} are {sizes[0]}, and are scaled by area to {sizes[1]}"
    seen = scaling.seen(fit)
    if seen < 0.995:
        message += f"; {100 * (1 - seen):.0f} % of each is cut off at its sides"
    elif fit == "squeeze":
        message += ", whatever their shape"
    elif fit == "pad" and scaling.seen("crop") < 0.995:
        message += ", between black bars"
    hint = (
        "--fit pad keeps all of it, with black bars."
        if seen < 0.995
        else "--image-size and --crop-margin say to what size."
    )
    return Finding("scaled", False, message, hint)


def cramped(sensors: Mapping[str, Sensor], scalings: Mapping[str, Scaling]) -> Iterator[Finding]:
    """Yield which pictures are smaller than ``scalings`` with a margin for random crops ask for: all in one finding."""
    alike: dict[tuple[tuple[int, ...], tuple[int, ...]], list[str]] = {}
    for name, scaling in scalings.items():
        if _small(sensors[name], scaling):
            alike.setdefault((sensors[name].shape[:2], scaling.target), []).append(name)
    parts = [(_listed(names), *(f"{high}x{wide}" for high, wide in sizes)) for sizes, names in alike.items()]
    if parts:
        (names, had, wanted), *others = parts
        message = f"pictures of {names} are {had}, and random crops, which contrastive losses need, take {wanted}"
        message += "".join(f"; those of {names} are {had}, and crops take {wanted}" for names, had, wanted in others)
        yield Finding("no-margin", False, message, "Pretrain with --crop-margin 0, or a smaller --image-size.")


def _small(sensor: Sensor, scaling: Scaling) -> bool:
    """Whether pictures are smaller than what they are to become."""
    return any(side < wanted for side, wanted in zip(sensor.shape[:2], scaling.target, strict=True))


def _listed(names: Sequence[str]) -> str:
    *others, last = map(repr, names)
    return f"{', '.join(others)} and {last}" if others else last


def in_words(finding: Finding, dataset: Dataset) -> str:
    """Return a finding as a sentence without its full stop, with how many of the episodes it is about."""
    total = len(dataset.metadata["episodes"])
    if not finding.episodes:
        return finding.message
    which = f"{finding.episodes:,} of {total:,} episodes" if finding.episodes < total else f"all {total:,} episodes"
    return f"{finding.message} (in {which if total > 1 else 'its only episode'})"


def refuse(findings: Sequence[Finding], dataset: Dataset) -> None:
    """Raise UnreadableError where something of this cannot be learned from."""
    refused = [found for found in findings if found.refused]
    if refused:
        more = f", and {len(refused) - 1} more: see `coral data check`" if len(refused) > 1 else ""
        said = in_words(refused[0], dataset)
        where = "" if str(dataset.path) in said else f"{dataset.path}: "
        raise UnreadableError(f"{where}{said}{more}.", refused[0].hint)

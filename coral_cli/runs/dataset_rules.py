"""What can be wrong with the episodes of a dataset: one rule each, which looks at every episode and then says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.sensors import Sensor

Arrays = Mapping[str, NDArray[Any]]
"""The arrays of an episode (L, ...), those of sensors without the rows in which they were missing."""

SLACK = 1e-6
"""How far an action may leave [-1, 1] by rounding."""
FAR = 100.0
"""Metres that are hardly the usual depth of a picture; millimetres are."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong in so many ``episodes`` (0: with the dataset as a whole).

    ``refused`` says that nothing can be learned from it as it is; the others are told. ``kind`` is its name for
    programs.
    """

    kind: str
    refused: bool
    message: str
    hint: str
    episodes: int = 0


class Rule(Protocol):
    """What looks at one episode after the other, and then says what it has found."""

    def look(self, arrays: Arrays) -> None:
        """Look at the next episode."""

    def findings(self) -> Iterator[Finding]:
        """Yield what was found."""


class ActionRange:
    """Actions are in [-1, 1]."""

    def __init__(self) -> None:
        self._low, self._high, self._episodes = 0.0, 0.0, 0

    def look(self, arrays: Arrays) -> None:
        action = arrays["action"][np.isfinite(arrays["action"])]
        if action.size and np.abs(action).max() > 1 + SLACK:
            self._low, self._high = min(self._low, float(action.min())), max(self._high, float(action.max()))
            self._episodes += 1

    def findings(self) -> Iterator[Finding]:
        if self._episodes:
            message = f"actions lie outside [-1, 1]: they go from {self._low:.4g} to {self._high:.4g}"
            hint = "Scale each number by its bounds, and keep the bounds for whoever acts."
            yield Finding("action-range", True, message, hint, self._episodes)


class FirstRow:
    """Nothing has led to the first observation: no action, and no reward."""

    def __init__(self) -> None:
        self._actions = self._rewards = self._early = 0

    def look(self, arrays: Arrays) -> None:
        action = arrays["action"]
        self._actions += bool(action[0].any())
        self._early += bool(action[0].any() and not action[-1].any())
        self._rewards += "reward" in arrays and bool(arrays["reward"][0])

    def findings(self) -> Iterator[Finding]:
        if self._actions and self._early == self._actions:
            message = "row 0 holds an action and the last row none: actions stand a row early, beside what they were "
            message += "chosen from"
            hint = "Row t holds the action that led to observation t: move all actions and rewards one row down."
            yield Finding("first-action", True, message, hint, self._actions)
        elif self._actions:
            message = "row 0 holds an action, but none has led to the first observation"
            hint = "Put 0 there. Where each action stands beside what it was chosen from, move all one row down, and "
            hint += "add a row for the last one, with its observation or `missing`."
            yield Finding("first-action", True, message, hint, self._actions)
        elif self._rewards:
            message = "row 0 holds a reward, but no action has led to the first observation"
            hint = "Row t holds the reward of the action that led to observation t: move all rewards one row down."
            yield Finding("first-reward", True, message, hint, self._rewards)


class EndInside:
    """An episode ends in its last row, if anywhere."""

    def __init__(self) -> None:
        self._episodes = 0

    def look(self, arrays: Arrays) -> None:
        self._episodes += bool(arrays["terminated"][:-1].any())

    def findings(self) -> Iterator[Finding]:
        if self._episodes:
            message = "an episode goes on after a row in which it is `terminated`"
            hint = "Split it there; where it only reached a goal and went on, write false."
            yield Finding("end-inside", True, message, hint, self._episodes)


class OneRow:
    """An episode has an action."""

    def __init__(self) -> None:
        self._episodes = 0

    def look(self, arrays: Arrays) -> None:
        self._episodes += len(arrays["action"]) < 2

    def findings(self) -> Iterator[Finding]:
        if self._episodes:
            message = "an episode of one row has no action, and tells nothing of what actions do"
            yield Finding("one-row", False, message, "Leave it out.", self._episodes)


class Depth:
    """Depth is in metres."""

    def __init__(self, sensors: Mapping[str, Sensor]) -> None:
        self._names = [name for name, sensor in sensors.items() if sensor.kind == "depth"]
        self._episodes: Counter[str] = Counter()
        self._whole: dict[str, str] = {}

    def look(self, arrays: Arrays) -> None:
        for name in self._names:
            values = arrays[name]
            if values.dtype.kind in "iu":
                self._whole[name] = f"is {values.dtype}, as millimetres are"
            self._episodes[name] += name in self._whole or bool(values.size and np.median(values) > FAR)

    def findings(self) -> Iterator[Finding]:
        for name in self._names:
            if self._episodes[name]:
                seems = self._whole.get(name, f"is mostly above {FAR:g}, as millimetres are")
                message = f"{name!r} {seems}, but depth is float32, in metres"
                hint = "If it is in millimetres, store (values / 1000).astype(np.float32)."
                yield Finding("depth-unit", True, message, hint, self._episodes[name])


class Dark:
    """Images use the bytes from 0 to 255."""

    def __init__(self, sensors: Mapping[str, Sensor]) -> None:
        self._brightest = {name: -1 for name, sensor in sensors.items() if sensor.kind == "image"}

    def look(self, arrays: Arrays) -> None:
        for name in self._brightest:
            values = arrays[name]
            if values.size and values.dtype == np.uint8 and self._brightest[name] <= 1:
                self._brightest[name] = max(self._brightest[name], int(values.max()))

    def findings(self) -> Iterator[Finding]:
        for name, value in self._brightest.items():
            if value == 1:
                message = f"no pixel of {name!r} is above 1: pictures from 0 to 1 seem to have become bytes"
                yield Finding("dark", False, message, "Multiply by 255 before they do.")


class Constant:
    """A sensor tells something: its values change, in a camera's case within each episode."""

    def __init__(self, sensors: Mapping[str, Sensor]) -> None:
        self._sensors = sensors
        self._first: dict[str, NDArray[Any]] = {}
        self._changes: set[str] = set()
        self._frozen: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()

    def look(self, arrays: Arrays) -> None:
        for name, sensor in self._sensors.items():
            values = arrays[name]
            if not len(values):
                continue
            self._rows[name] += len(values)
            first = self._first.setdefault(name, values[0].copy())
            frozen = bool((values == values[0]).all())
            self._frozen[name] += frozen and len(values) > 1 and sensor.spatial
            if not frozen or (values[0] != first).any():
                self._changes.add(name)

    def findings(self) -> Iterator[Finding]:
        for name in self._sensors:
            hint = "Leave it out with --sensors, or look at how it was recorded."
            if not self._rows[name]:
                yield Finding("missing", False, f"{name!r} is missing in every row", hint)
            elif self._rows[name] > 1 and name not in self._changes:
                yield Finding("constant", False, f"{name!r} never changes", hint)
            elif self._frozen[name]:
                message = f"{name!r} shows the same picture from an episode's beginning to its end"
                hint = "Mark its rows as `missing`, or leave the episodes out."
                yield Finding("frozen", False, message, hint, self._frozen[name])


class Nothing:
    """Something is done, and paid for."""

    def __init__(self) -> None:
        self._acts = self._paid = self._has_rewards = False

    def look(self, arrays: Arrays) -> None:
        self._acts = self._acts or bool(arrays["action"].any())
        self._has_rewards = "reward" in arrays
        self._paid = self._paid or (self._has_rewards and bool(arrays["reward"].any()))

    def findings(self) -> Iterator[Finding]:
        if not self._acts:
            yield Finding("no-actions", False, "every action is 0", "Nothing can be learned of what actions do.")
        if self._has_rewards and not self._paid:
            hint = 'Write "reward": "absent" into dataset.json, and no reward head is trained.'
            yield Finding("no-rewards", False, "every reward is 0", hint)

"""What a display knows of a run: the events so far, reduced to what is shown."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from coral_cli.display.curves import Curve
from coral_cli.registry.events import Event

WINDOW = 600.0
"""Seconds of training over which the speed for the ETA is measured."""


class Progress:
    """A listener whose attributes are ready to be shown."""

    def __init__(self) -> None:
        self.start: Mapping[str, Any] = {}
        self.update: Mapping[str, Any] = {}
        self.evaluation: Event | None = None
        self.end: Event | None = None
        self.step = 0
        self.seconds = 0.0
        self.episode: Mapping[str, Any] = {}
        self.returns: deque[float] = deque(maxlen=10)
        self.best_return: float | None = None
        self.note = ""
        self.warning = ""
        self.checkpoint = ""
        self.curves: defaultdict[str, Curve] = defaultdict(Curve)
        self._marks: deque[tuple[float, int]] = deque()

    def __call__(self, event: Event) -> None:
        """Take in the next event."""
        self.step, self.seconds = event.step, event.seconds
        values = event.values
        if event.kind == "start":
            self.start = values
        elif event.kind == "episode":
            self._episode(values)
        elif event.kind == "update":
            self._update(values)
        elif event.kind == "evaluation":
            self.evaluation = event
            self.curves["evaluation"].add(values.get("return/mean"))
        elif event.kind == "checkpoint":
            self.checkpoint = str(values["path"])
        elif event.kind == "note":
            self.note = str(values["message"])
        elif event.kind == "warning":
            self.warning = str(values["message"])
        elif event.kind == "end":
            self.end = event
        self._mark()

    @property
    def budget(self) -> int:
        """The steps (in ``unit``) to train for; 0 before the start."""
        return int(self.start.get("budget") or 0)

    @property
    def unit(self) -> str:
        """The word for what the budget counts."""
        return str(self.start.get("unit", "steps"))

    @property
    def fraction(self) -> float:
        """The share of the budget that is spent."""
        return min(1.0, self.step / self.budget) if self.budget else 0.0

    @property
    def mean_return(self) -> float | None:
        """The mean return of the last ten training episodes."""
        return sum(self.returns) / len(self.returns) if self.returns else None

    @property
    def steps_per_second(self) -> float | None:
        """The environment steps per second of the last ten minutes, with evaluations; None before learning starts."""
        if not self._marks:
            return None
        (first, first_step), (last, last_step) = self._marks[0], self._marks[-1]
        return (last_step - first_step) / (last - first) if last > first and last_step > first_step else None

    @property
    def eta(self) -> float | None:
        """The seconds until the budget is spent; None while nothing is known of the speed."""
        speed = self.steps_per_second
        return max(0, self.budget - self.step) / speed if speed and self.budget else None

    def values(self, prefix: str) -> dict[str, float | None]:
        """Return the last update's values under ``prefix/``, by the rest of their name."""
        start = prefix + "/"
        return {key.removeprefix(start): value for key, value in self.update.items() if key.startswith(start)}

    def _episode(self, values: Mapping[str, Any]) -> None:
        self.episode = values
        if values.get("random"):
            self._marks.clear()  # nothing is learned yet, so the speed tells nothing
        self.returns.append(values["return"])
        self.best_return = max(values["return"], self.best_return if self.best_return is not None else values["return"])
        self.curves["return"].add(values["return"])

    def _update(self, values: Mapping[str, Any]) -> None:
        self.update = values
        for key, value in values.items():
            if key.startswith("loss/"):
                self.curves[key].add(value)

    def _mark(self) -> None:
        self._marks.append((self.seconds, self.step))
        while len(self._marks) > 2 and self._marks[1][0] < self.seconds - WINDOW:
            self._marks.popleft()

"""What a display knows of a run: the events so far, reduced to what is shown. Of a resumed run, those before, too."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

from coral_cli.display.curves import Curve
from coral_cli.display.estimates import Range, around
from coral_cli.registry.events import Event
from coral_cli.registry.places import absolute
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.history import history

WINDOW = 600.0
"""Seconds of training over which the speed of this moment is measured."""


PACE = ("updates_per_s", "env_steps_per_s", "memory_mb", "seconds/")
"""How values of an update begin that tell of the process that did it, and not of the run."""


class Progress:
    """A listener whose attributes are ready to be shown; ``here`` says that this process is the one that trains."""

    def __init__(self, here: bool = True) -> None:
        self.here = here
        self.start: Mapping[str, Any] = {}
        self.update: Mapping[str, Any] = {}
        self.evaluation: Event | None = None
        self.end: Event | None = None
        self.step = 0
        self.seconds = 0.0
        self.pending = 0
        self.episode: Mapping[str, Any] = {}
        self.returns: deque[float] = deque(maxlen=10)
        self.best_return: float | None = None
        self.note = ""
        self.warning = ""
        self.checkpoint = ""
        self.curves: defaultdict[str, Curve] = defaultdict(Curve)
        self._first: tuple[float, float] | None = None
        self._marks: deque[tuple[float, float]] = deque()

    def __call__(self, event: Event) -> None:
        """Take in the next event; with the start of a resumed run, also what its ``metrics.jsonl`` holds."""
        if event.kind == "start" and event.values.get("resumed") and event.values.get("out"):
            self.recall([*history(RunDirectory(absolute(event.values["out"])).metrics), event])
        else:
            self._take(event)

    def recall(self, events: Sequence[Event]) -> None:
        """Take in what has happened, in the order in which it went; no file is read for that."""
        self.start = next((event.values for event in reversed(events) if event.kind == "start"), self.start)
        for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        self.step, self.seconds = event.step, event.seconds
        values = event.values
        self.pending = int(values.get("pending", self.pending))
        if event.kind == "start":
            self.start = values
            self.update = {name: value for name, value in self.update.items() if not name.startswith(PACE)}
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
    def spent(self) -> bool:
        """Whether all steps are done; updates may still be due."""
        return 0 < self.budget <= self.step

    @property
    def learned(self) -> float:
        """The steps with all the updates that they bring; those that are still due count for some of the last ones."""
        each = self.start.get("updates_per_env_step")
        return max(0.0, self.step - self.pending / each) if self.pending and each else float(self.step)

    @property
    def left(self) -> float:
        """The steps that are still to do, or to learn from. An episode may end beyond the budget."""
        return max(self.budget, self.step) - self.learned

    @property
    def fraction(self) -> float:
        """The share of what is to do that is done, 0 to 1."""
        return self.learned / max(self.budget, self.step) if self.budget else 0.0

    @property
    def mean_return(self) -> float | None:
        """The mean return of the last ten training episodes."""
        return sum(self.returns) / len(self.returns) if self.returns else None

    @property
    def steps_per_second(self) -> float | None:
        """The steps learned from per second of the last ten minutes, with evaluations; None before learning starts."""
        return _speed(self._marks[0], self._marks[-1]) if self._marks else None

    @property
    def eta(self) -> Range | None:
        """The seconds until all is done, at least and at most; None while the speed is not known, or nothing is left.

        They follow from the speed of the last ten minutes and that of all the time of learning, and are wider the more
        of that time is still to come.
        """
        if not (self.left and self.budget and self._first):
            return None
        speeds = [speed for speed in (self.steps_per_second, _speed(self._first, self._marks[-1])) if speed]
        if not speeds:
            return None
        past, rest = self._marks[-1][0] - self._first[0], self.left / speeds[0]
        return around((self.left / speed for speed in speeds), rest / (past + rest))

    def values(self, prefix: str) -> dict[str, float | None]:
        """Return the last update's values under ``prefix/``, by the rest of their name."""
        start = prefix + "/"
        return {key.removeprefix(start): value for key, value in self.update.items() if key.startswith(start)}

    def _episode(self, values: Mapping[str, Any]) -> None:
        self.episode = values
        if values.get("random"):
            self._marks.clear()  # nothing is learned yet, so the speed tells nothing
            self._first = None
        self.curves["return"].add(value := values.get("return"))
        if value is not None:
            self.returns.append(value)
            self.best_return = max(value, self.best_return if self.best_return is not None else value)

    def _update(self, values: Mapping[str, Any]) -> None:
        self.update = values
        for key, value in values.items():
            if key.startswith("loss/"):
                self.curves[key].add(value)

    def _mark(self) -> None:
        self._marks.append((self.seconds, self.learned))
        self._first = self._first or self._marks[-1]
        while len(self._marks) > 2 and self._marks[1][0] < self.seconds - WINDOW:
            self._marks.popleft()


def _speed(first: tuple[float, float], last: tuple[float, float]) -> float | None:
    """Return the steps per second between two marks; None where there were none."""
    (began, before), (ended, after) = first, last
    return (after - before) / (ended - began) if ended > began and after > before else None

"""The training loop: random episodes, then in turn N gradient updates and one new episode."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium

from coral_cli.environments.vectorised import Vectorised
from coral_cli.parallel.crew import Crew
from coral_cli.registry.events import Event, EventKind, Listener
from coral_cli.training.agent import Agent
from coral_cli.training.batches import Batching
from coral_cli.training.collection import Episode, episode_seed
from coral_cli.training.collection_async import Ahead
from coral_cli.training.collectors import collector_of
from coral_cli.training.evaluation import evaluation_episodes, statistics
from coral_cli.training.interruption import Interruption
from coral_cli.training.learner import Learner, fit_normalization
from coral_cli.training.measurement import Measurement
from coral_cli.training.replay import Replay


@dataclass(frozen=True)
class Schedule(Batching):
    """How long and how often. ``steps`` are environment steps, the ``*_every`` are episodes (0: never)."""

    steps: int
    random_episodes: int
    updates_per_step: float
    eval_every: int
    eval_episodes: int
    checkpoint_every: int


@dataclass
class Progress:
    """The counters of a run; a checkpoint holds them, so that a resumed run goes on with them."""

    steps: int = 0
    episodes: int = 0
    updates: int = 0
    pending: int = 0
    """Updates still to do before the next episode."""
    evaluated: int = 0
    """Episodes at the last evaluation."""
    seconds: float = 0.0
    best_return: float | None = None


class Trainer:
    """Trains ``agent`` in ``env``. ``save(state, is_best)`` keeps a checkpoint and returns its path.

    With an ``actor`` of its own, the next episodes are collected while the updates are done (see ``Ahead``).
    """

    def __init__(
        self,
        agent: Agent,
        env: gymnasium.Env | Vectorised,
        eval_env: gymnasium.Env | Vectorised,
        replay: Replay,
        schedule: Schedule,
        emit: Listener,
        save: Callable[[Mapping[str, Any], bool], str],
        interruption: Interruption,
        crew: Crew | None = None,
        actor: Agent | None = None,
    ) -> None:
        self.agent, self.replay = agent, replay
        self._collector, self._evaluator = collector_of(env), collector_of(eval_env)
        self._ahead = actor and Ahead(self._collector, actor, interruption.__bool__)
        self.schedule, self.interruption = schedule, interruption
        self.progress = Progress()
        self._learner = Learner(agent, replay, schedule, crew)
        self._emit, self._save = emit, save
        self._saved = self._first_step = self._lost = 0
        self._started = self._began = time.monotonic()

    def begin(self, **values: Any) -> None:
        """Starts the clock and emits the start event with ``values``."""
        self._started = time.monotonic() - self.progress.seconds
        self.emit("start", **values)
        if self._lost > 0:
            message = f"{self._lost:,} transitions are gone: newer ones took their place after the checkpoint."
            self.emit("warning", message=message)

    def run(self) -> None:
        """Until the budget is used up or an interruption came; saves a checkpoint at the end either way."""
        self._learner.measurement = Measurement()  # the clock starts now
        self._saved, self._first_step, self._began = self.progress.episodes, self.progress.steps, time.monotonic()
        try:
            while not self.interruption and not self._finished:
                self._advance()
        finally:
            if self._ahead:
                self._ahead.close()
        self._report()
        self.checkpoint()

    def _advance(self) -> None:
        """The next thing to do follows from the counters alone, so that a resumed run goes on in the same way."""
        if self.progress.pending:
            self._update()
        elif self._evaluation_due:
            self._evaluate()
        elif self.progress.episodes - self._saved >= self.schedule.checkpoint_every:
            self.checkpoint()
        else:
            self._collect()

    @property
    def _finished(self) -> bool:
        return self._spent and not self.progress.pending and not self._evaluation_due

    @property
    def _spent(self) -> bool:
        return self.progress.steps >= self.schedule.steps

    @property
    def _evaluation_due(self) -> bool:
        """Every ``eval_every`` episodes, and once more at the end."""
        every, since = self.schedule.eval_every, self.progress.episodes - self.progress.evaluated
        return every > 0 and (since >= every or (self._spent and since > 0))

    def _update(self) -> None:
        self._learner.update()
        self.progress.pending -= 1
        self.progress.updates += 1
        # Also at a block's end: what is no number any more must neither act nor be saved.
        if self._learner.report_due or not self.progress.pending:
            self._report()

    def _collect(self) -> None:
        """As many episodes as run side by side; the random ones, which fill the replay, come first.

        When an interruption cuts one off, none of them counts, nor what was drawn for them, so that a resumed run plays
        the same.
        """
        left = self.schedule.random_episodes - self.progress.episodes
        seeds = self._seeds(min(self._collector.count, left) if left > 0 else self._collector.count)
        before = self._learner.random_state()
        with self._learner.measurement.timing("collect"):
            episodes = list(self._by_chance(seeds) if left > 0 else self._by_agent(seeds))
        if len(episodes) < len(seeds):
            self._learner.set_random_state(before)
            return
        for episode in episodes:
            self._take(episode, by_chance=left > 0)
        if self._ahead and self.progress.pending and not self._spent:
            self._ahead.begin(self.agent, self._seeds(self._collector.count))

    def _seeds(self, count: int) -> list[int]:
        """Of the next episodes."""
        first = self.progress.episodes
        return [episode_seed(self.schedule.seed, "training", first + index) for index in range(count)]

    def _by_chance(self, seeds: list[int]) -> Iterator[Episode]:
        return self._collector.by_chance(seeds, tuple(self.agent.sensors), self.interruption.__bool__)

    def _by_agent(self, seeds: list[int]) -> Iterable[Episode]:
        """Those that were begun while the agent learned, if any."""
        begun = self._ahead.finish() if self._ahead else None
        if begun is not None:
            return begun
        return self._collector.by_agent(self.agent, seeds, self.interruption.__bool__)

    def _take(self, episode: Episode, by_chance: bool) -> None:
        """Stores a new episode and plans the updates that follow from it."""
        progress, schedule = self.progress, self.schedule
        assert episode.arrays is not None
        self.replay.add(episode.arrays)
        progress.episodes += 1
        progress.steps += episode.length * self._collector.action_repeat
        if progress.episodes == schedule.random_episodes:
            fit_normalization(self.agent, self.replay)
        if progress.episodes >= schedule.random_episodes:
            progress.pending += math.ceil(episode.length * schedule.updates_per_step)
        elif self._spent:
            self.emit("warning", message="the budget ends with the random episodes: nothing is learned.")
        self.emit(
            "episode",
            episode=progress.episodes,
            **{"return": episode.total, "length": episode.length, "random": by_chance},
            **{f"metrics/{name}": value for name, value in episode.metrics.items()},
        )

    def _evaluate(self) -> None:
        schedule, progress = self.schedule, self.progress
        if self._ahead:
            self._ahead.wait()  # it draws from the same random stream
        with self._learner.measurement.timing("evaluate"):
            episodes = list(
                evaluation_episodes(
                    self.agent,
                    self._evaluator,
                    schedule.seed,
                    schedule.eval_episodes,
                    self.interruption.__bool__,
                )
            )
        if self.interruption:
            return
        values = statistics(episodes)
        progress.evaluated = progress.episodes
        self.emit("evaluation", **values)
        if progress.best_return is None or values["return/mean"] > progress.best_return:
            progress.best_return = values["return/mean"]
            self.checkpoint(best=True)

    def _report(self) -> None:
        values = self._learner.report(self.progress.updates)
        if not values:
            return
        speed = (self.progress.steps - self._first_step) / (time.monotonic() - self._began)
        self.emit("update", updates=self.progress.updates, env_steps_per_s=speed, **values)

    def emit(self, kind: EventKind, **values: Any) -> None:
        """Tells the listeners, with the counters of this moment."""
        self.progress.seconds = time.monotonic() - self._started
        self._emit(Event(kind, self.progress.steps, self.progress.seconds, values))

    def checkpoint(self, best: bool = False) -> None:
        """Saves everything that a resumed run needs."""
        self.progress.seconds = time.monotonic() - self._started
        self.replay.flush()
        path = self._save(self.state_dict(), best)
        self._saved = self.progress.episodes
        self.emit("checkpoint", path=path)

    def state_dict(self) -> dict[str, Any]:
        """Agent, counters, random streams and the length of the replay."""
        return {"progress": dataclasses.asdict(self.progress), **self._learner.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what ``state_dict`` gave."""
        self._learner.load_state_dict(state)
        self._lost = state["replay"].get("size", 0) - self.replay.size  # older checkpoints do not say it
        self.progress = Progress(**state["progress"])

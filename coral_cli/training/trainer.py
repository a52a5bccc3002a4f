"""The training loop: random episodes, then in turn N gradient updates and one new episode."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coral_cli.registry.errors import CoralError, described
from coral_cli.training.batches import Batching
from coral_cli.training.collection import Episode, episode_seed
from coral_cli.training.collection_async import AsyncCollection
from coral_cli.training.collectors import Collector
from coral_cli.training.evaluation import evaluation_episodes, statistics
from coral_cli.training.filming import Filming
from coral_cli.training.measurement import Measurement
from coral_cli.training.progress import Journal, Progress, Supervisor
from coral_cli.training.updates import Updates


@dataclass(frozen=True)
class Schedule(Batching):
    """A plan of how long and how often. ``steps`` are environment steps, the ``*_every`` are episodes (0: never)."""

    steps: int
    random_episodes: int
    updates_per_step: float
    eval_every: int
    eval_episodes: int
    checkpoint_every: int
    film_every: int

    def evaluation_due(self, progress: Progress) -> bool:
        """Whether to evaluate: every ``eval_every`` episodes, and once more at the end."""
        since = progress.episodes - progress.evaluated
        return self.eval_every > 0 and (since >= self.eval_every or (progress.steps >= self.steps and since > 0))

    def over(self, progress: Progress) -> bool:
        """Whether there is nothing left to do."""
        return progress.steps >= self.steps and not progress.pending and not self.evaluation_due(progress)


class Trainer:
    """A loop that collects episodes with ``collector``, does ``updates`` in between, and evaluates with ``evaluator``.

    With an ``async_collection``, the next episodes are collected during the updates. ``filming`` films evaluations.
    """

    def __init__(
        self,
        updates: Updates,
        collector: Collector,
        evaluator: Collector,
        schedule: Schedule,
        supervisor: Supervisor,
        async_collection: AsyncCollection | None = None,
        filming: Filming | None = None,
    ) -> None:
        self.agent, self.replay = updates.agent, updates.replay
        self.schedule, self.interruption = schedule, supervisor.interruption
        self.journal = Journal(supervisor)
        self._updates, self._collector, self._evaluator, self._async = updates, collector, evaluator, async_collection
        self._filming = filming
        self._saved = self._lost = 0

    @property
    def progress(self) -> Progress:
        """The counters of the run."""
        return self.journal.progress

    @property
    def remark(self) -> str:
        """A sentence on what a run that goes on has lost, if anything."""
        if self._lost <= 0:
            return ""
        return f"{self._lost:,} transitions are gone: newer ones took their place after the checkpoint."

    def run(self) -> None:
        """Train until the budget is used up or an interruption came; save a checkpoint at the end either way."""
        self._updates.measurement = Measurement()  # the clock starts now
        self._saved = self.progress.episodes
        try:
            while not self.interruption and not self.schedule.over(self.progress):
                self._advance()
                self._tell_of_losses()
        except CoralError:
            self._tell_of_losses()  # which led to it, perhaps
            raise
        finally:
            if self._async:
                self._async.close()
        self._report()
        self.checkpoint()

    def _advance(self) -> None:
        """Do the next thing, which follows from the counters alone, so that a resumed run goes on in the same way."""
        if self.progress.pending:
            self._update()
        elif self.schedule.evaluation_due(self.progress):
            self._evaluate()
        elif self.progress.episodes - self._saved >= self.schedule.checkpoint_every:
            self.checkpoint()
        else:
            self._collect()

    @property
    def _spent(self) -> bool:
        return self.progress.steps >= self.schedule.steps

    def _tell_of_losses(self) -> None:
        for remarks in (self._collector.remarks, self._evaluator.remarks):
            while remarks:
                self.journal.emit("warning", message=remarks.pop(0))

    @property
    def _film_due(self) -> bool:
        """Whether to film: every ``film_every`` episodes with the next evaluation, and with the one at the end."""
        every, since = self.schedule.film_every, self.progress.episodes - self.progress.filmed
        return self._filming is not None and every > 0 and (since >= every or self._spent)

    def _update(self) -> None:
        self._updates.do(self.progress.steps)
        self.progress.pending -= 1
        self.progress.updates += 1
        # Also at a block's end: what is no number any more must neither act nor be saved.
        if self._updates.report_due or not self.progress.pending:
            self._report()

    def _collect(self) -> None:
        """Collect as many episodes as run side by side; the random ones, which fill the replay, come first.

        When an interruption cuts one off, none of them counts, nor what was drawn for them, so that a resumed run plays
        the same.
        """
        left = self.schedule.random_episodes - self.progress.episodes
        seeds = self._seeds(min(self._collector.count, left) if left > 0 else self._collector.count)
        before = self._updates.random_state()
        episodes: list[Episode] = []
        try:
            with self._updates.measurement.timing("collect"):
                episodes += self._random_episodes(seeds) if left > 0 else self._exploring_episodes(seeds)
        finally:
            if len(episodes) < len(seeds):  # an error leaves no trace, either
                self._updates.set_random_state(before)
        if len(episodes) < len(seeds):
            return
        for episode in episodes:
            self._take(episode, random=left > 0)
        if self._async and self.progress.pending and not self._spent:
            self._async.begin(self.agent, self._seeds(self._collector.count))

    def _seeds(self, count: int) -> list[int]:
        """Return the seeds of the next episodes."""
        first = self.progress.episodes
        return [episode_seed(self.schedule.seed, "training", first + index) for index in range(count)]

    def _random_episodes(self, seeds: list[int]) -> Iterator[Episode]:
        return self._collector.random_episodes(seeds, tuple(self.agent.sensors), self.interruption.__bool__)

    def _exploring_episodes(self, seeds: list[int]) -> Iterable[Episode]:
        """Return the episodes that were begun while the agent learned; if there are none, play some."""
        begun = self._async.finish() if self._async else None
        if begun is not None:
            return begun
        return self._collector.exploring_episodes(self.agent, seeds, self.interruption.__bool__)

    def _take(self, episode: Episode, random: bool) -> None:
        """Store a new episode and plan the updates that follow from it."""
        progress, schedule = self.progress, self.schedule
        assert episode.arrays is not None
        self.replay.add(episode.arrays)
        progress.episodes += 1
        self._count(episode.length * self._collector.action_repeat)
        if progress.episodes == schedule.random_episodes:
            self._updates.fit_normalization()
        if progress.episodes >= schedule.random_episodes:
            progress.pending += math.ceil(episode.length * schedule.updates_per_step)
        elif self._spent:
            self.journal.emit("warning", message="the budget ends with the random episodes: nothing is learned.")
        self.journal.emit(
            "episode",
            episode=progress.episodes,
            **{"return": episode.total, "length": episode.length, "random": random, "pending": progress.pending},
            **{f"metrics/{name}": value for name, value in episode.metrics.items()},
        )

    def _count(self, steps: int) -> None:
        """Count new environment steps, and tell when learning rates fall with them."""
        rates, before = self._updates.learner.rates, self.progress.steps
        self.progress.steps += steps
        if rates.scale(self.progress.steps) != rates.scale(before):
            scale = rates.scale(self.progress.steps)
            self.journal.emit("note", message=f"all learning rates are {scale:.3g} times the first ones from here on.")

    def _evaluate(self) -> None:
        schedule, progress, film = self.schedule, self.progress, self._film_due
        if self._async:
            self._async.wait()  # it draws from the same random stream
        with self._updates.measurement.timing("evaluate"):
            episodes = list(
                evaluation_episodes(
                    self.agent,
                    self._evaluator,
                    schedule.seed,
                    schedule.eval_episodes,
                    self.interruption.__bool__,
                    keep=int(film),
                )
            )
        if self.interruption:
            return
        values = statistics(episodes)
        progress.evaluated = progress.episodes
        self.journal.emit("evaluation", **values)
        if film:
            self._film(episodes[0])
        mean = values["return/mean"]
        if mean is not None and (progress.best_return is None or mean > progress.best_return):
            progress.best_return = mean
            self.checkpoint(best=True)

    def _film(self, episode: Episode) -> None:
        """Keep an episode as a film. Training goes on without films where that fails."""
        assert self._filming is not None
        try:
            with self._updates.measurement.timing("evaluate"):
                values = self._filming(self.agent, episode, self.progress.steps)
        except Exception as error:
            self._filming = None
            said = error.message if isinstance(error, CoralError) else described(error).splitlines()[0]
            self.journal.emit("warning", message=f"evaluations are filmed no more: {said}")
            return
        self.progress.filmed = self.progress.episodes
        self.journal.emit("film", **values)

    def _report(self) -> None:
        updates, pending = self.progress.updates, self.progress.pending
        values = self._updates.report(updates)
        if values:
            speed = self.journal.steps_per_second
            self.journal.emit("update", updates=updates, pending=pending, env_steps_per_s=speed, **values)

    def checkpoint(self, best: bool = False) -> None:
        """Save everything that a resumed run needs."""
        self.replay.flush()
        self.journal.checkpoint(self.state_dict(), best)
        self._saved = self.progress.episodes

    def state_dict(self) -> dict[str, Any]:
        """Return what was learned, the random streams and the length of the replay."""
        return self._updates.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds."""
        self._updates.load_state_dict(state)
        self._lost = state["replay"].get("size", 0) - self.replay.size  # older checkpoints do not say it
        self.journal.progress = Progress.of(state["progress"])

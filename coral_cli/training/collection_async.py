"""Episodes collected while the updates on those before are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor

from coral_cli.training.agent import Agent
from coral_cli.training.collection import Episode
from coral_cli.training.collectors import Collector


class AsyncCollection:
    """A collector in a thread of its own, with ``actor``, which takes over the learning agent's weights each time.

    Its environments must be in other processes, and ``actor`` an agent of its own. ``close`` it in the end.
    """

    def __init__(self, collector: Collector, actor: Agent, stop: Callable[[], bool]) -> None:
        self._collector, self._actor, self._stop = collector, actor, stop
        self._thread = ThreadPoolExecutor(1, "collecting")
        self._episodes: Future[list[Episode]] | None = None
        self._closing = False

    def begin(self, agent: Agent, seeds: Sequence[int]) -> None:
        """Start an episode for each seed, with the weights of this moment."""
        self._actor.load_weights(agent.weights())
        self._episodes = self._thread.submit(self._collected, seeds)

    def wait(self) -> None:
        """Wait until what was begun is over, whatever became of it."""
        if self._episodes is not None:
            futures.wait([self._episodes])

    def finish(self) -> list[Episode] | None:
        """Wait for the episodes that were begun, and return them; None if none were. Raises what went wrong in them."""
        episodes, self._episodes = self._episodes, None
        return None if episodes is None else episodes.result()

    def close(self) -> None:
        """Give up what is under way."""
        self._closing = True
        self._thread.shutdown()

    def _collected(self, seeds: Sequence[int]) -> list[Episode]:
        return list(self._collector.exploring_episodes(self._actor, seeds, lambda: self._closing or self._stop()))

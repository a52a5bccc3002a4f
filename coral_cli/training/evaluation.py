"""Evaluation: episodes with the mean action, and their statistics."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from coral_cli.training.agent import Agent
from coral_cli.training.collection import Episode, episode_seed
from coral_cli.training.collectors import Collector, Stop


def evaluation_episodes(
    agent: Agent, collector: Collector, seed: int, count: int, stop: Stop = lambda: False, keep: int = 0
) -> Iterator[Episode]:
    """Run ``count`` episodes, the first ``keep`` of them with their steps; fewer when ``stop`` becomes true.

    The caller's random streams stay as they are.
    """
    seeds = [episode_seed(seed, "evaluation", index) for index in range(count)]
    yield from collector.evaluated(agent, seeds, stop, keep)


def statistics(episodes: Sequence[Episode]) -> dict[str, float | None]:
    """Return ``NAME/mean`` and ``NAME/stderr`` of return, length and the environment's metrics; best and worst return.

    A metric that only some episodes have is that of those, but for ``success``, which the others lack. The standard
    error of one episode is None: nobody knows it.
    """
    columns = {
        "return": [episode.total for episode in episodes],
        "length": [float(episode.length) for episode in episodes],
    }
    for name in dict.fromkeys(name for episode in episodes for name in episode.metrics):
        default = {"success": 0.0} if name == "success" else {}
        known = [{**default, **episode.metrics} for episode in episodes]
        columns.setdefault(name, [metrics[name] for metrics in known if name in metrics])
    out: dict[str, float | None] = {"episodes": len(episodes)}
    for name, values in columns.items():
        out[f"{name}/mean"], error = mean_and_stderr(values)
        out[f"{name}/stderr"] = None if math.isnan(error) else error
    return out | {"return/max": max(columns["return"]), "return/min": min(columns["return"])}


def mean_and_stderr(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error, s / sqrt(n) with the sample deviation s (NaN for one value)."""
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return mean, math.nan
    return mean, math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)

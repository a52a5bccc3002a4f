"""What an agent costs: an update and the parts of it, a batch drawn from the replay, an action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from coral_cli.measuring.flops import Flops, counted
from coral_cli.measuring.noise import noise
from coral_cli.measuring.spans import shares
from coral_cli.measuring.timing import Timing, interleaved, seconds_of
from coral_cli.parallel import ranks
from coral_cli.registry.sensors import Sensor
from coral_cli.representation.batch import Batch
from coral_cli.training.agent import Agent
from coral_cli.training.batches import Batching, sample_batch
from coral_cli.training.collection import acting
from coral_cli.training.learner import Learner
from coral_cli.training.replay import Replay

ACTIONS = 100
WARM_UP = {"cpu": 2, "cuda": 5}
"""Updates that are not measured, by device; on a GPU the first ones lead to a graph of them."""
SPLITS = 5
"""Updates that are split into their parts, at most."""


@dataclass(frozen=True)
class Learning:
    """The time of an update, its counted operations, its labelled parts' shares, and one batch of ``batch_bytes``.

    ``processes`` is how many take part in every update.
    """

    update: Timing
    sample: Timing
    shares: Mapping[str, float]
    flops: Flops
    batch_bytes: int
    processes: int


def learning(learner: Learner, replay: Replay, batching: Batching, repeats: int) -> Learning:
    """Have ``learner`` learn from batches of ``replay``, each as fresh as in training."""
    random, agent = np.random.default_rng(batching.seed), learner.agent
    drawn: list[Batch] = []

    def sample() -> None:
        drawn[:] = [sample_batch(replay, agent, batching, random, ranks.part(batching.batch_size))]

    def update() -> None:
        learner.update(drawn[0])

    def update_by_parts() -> None:
        learner.step_by_step(drawn[0])

    sample()
    flops = counted(update_by_parts)
    warm_up = WARM_UP[agent.device.type]
    rounds = [(seconds_of(sample, agent.device), seconds_of(update, agent.device)) for _ in range(warm_up + repeats)]
    sampled, updated = map(Timing.of, zip(*rounds[warm_up:], strict=True))
    parts = shares(update_by_parts, min(repeats, SPLITS), agent.device)
    return Learning(updated, sampled, parts, flops, _bytes(drawn[0]), ranks.count())


def acting_time(agent: Agent, sensors: Mapping[str, Sensor], seed: int) -> Timing:
    """Measure an action of an exploring agent for observations as ``sensors`` give them: encoders, RSSM, actor."""
    random = np.random.default_rng(seed)
    observation = {name: noise(sensor, 1, random)[0] for name, sensor in sensors.items()}
    choose = acting(agent, explore=True)
    return interleaved({"act": lambda: choose(observation)}, ACTIONS, agent.device, warm_up=5)["act"]


def _bytes(batch: Batch) -> int:
    tensors = (*batch.observations.values(), batch.actions, batch.rewards, batch.terminated)
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

"""The losses on episodes that were never learned from, beside those of training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from coral_cli.registry.errors import UsageError
from coral_cli.runs.checkpoint import load
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.metrics import read_metrics
from coral_cli.sessions.saved import Saved
from coral_cli.training.agent import Agent
from coral_cli.training.batches import Batching, sample_batch
from coral_cli.training.collection import Episode
from coral_cli.training.replay import Replay

KINDS = ("loss/", "metric/")
"""What is told of a representation begins so, here and in ``metrics.jsonl``."""
REPORTS = 20
"""So many reports of the run count, before the checkpoint was written; each is of the updates of about two seconds."""


@dataclass(frozen=True)
class HeldOut:
    """The means of losses and metrics, by their names in ``metrics.jsonl``.

    ``here`` over batches of the episodes; ``training`` over the run's last reports, empty for a lone checkpoint.
    """

    here: Mapping[str, float]
    training: Mapping[str, float]


def require_losses(agent: Agent) -> None:
    """Raise UsageError for an agent that only has a policy."""
    if not agent.representation.feature_size:
        raise UsageError("the agent learned no representation: there are no losses.", "Leave --losses out.")


def held_out(saved: Saved, agent: Agent, episodes: Sequence[Episode], seed: int) -> HeldOut:
    """Judge as many batches as the recorded ``episodes`` hold, drawn as in training; nothing is learned from them.

    Raises UnreadableError when the run's metrics are damaged.
    """
    settings = saved.assembly.settings
    batching = Batching(seed, settings.batch_size, settings.batch_length, settings.crop_margin or 0)
    replay = _replay(saved, agent, episodes)
    count = math.ceil(replay.size / (batching.batch_size * batching.batch_length))
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    learner = saved.assembler.learner(agent)
    batches = [learner.judge(sample_batch(replay, agent, batching, random)) for _ in range(count)]
    here = _means([{name: float(value) for name, value in batch.items()} for batch in batches])
    return HeldOut(here, {name: value for name, value in _means(_in_training(saved)).items() if name in here})


def _replay(saved: Saved, agent: Agent, episodes: Sequence[Episode]) -> Replay:
    recorded = [episode.arrays for episode in episodes if episode.arrays is not None]
    sensors = {name: saved.sensors[name] for name in agent.sensors}
    replay = Replay(sensors, agent.action_size, sum(len(arrays["reward"]) for arrays in recorded))
    for arrays in recorded:
        replay.add(arrays)
    return replay


def _in_training(saved: Saved) -> list[Mapping[str, float | None]]:
    """Return what the run said last before the checkpoint was written."""
    run = RunDirectory(saved.path.parent.parent)
    if not run.metrics.is_file():
        return []
    step = load(saved.path)[1]["progress"]["steps"]
    updates = [event.values for event in read_metrics(run.metrics) if event.kind == "update" and event.step <= step]
    return updates[-REPORTS:]


def _means(reports: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """Return means of what is told of a representation in every one of the ``reports``, over those that have a number.

    None stands for what was not finite.
    """
    told = reports[0] if reports else {}
    names = [name for name in told if name.startswith(KINDS) and all(name in report for report in reports)]
    columns = {name: [value for report in reports if (value := report[name]) is not None] for name in names}
    return {name: math.fsum(column) / len(column) for name, column in columns.items() if column}

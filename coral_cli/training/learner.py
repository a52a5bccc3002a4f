"""Learning from the replay: updates done and measured."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from coral_cli.parallel import ranks
from coral_cli.parallel.crew import Crew
from coral_cli.registry.errors import CoralError
from coral_cli.representation.direct import NoRepresentation
from coral_cli.training.agent import Agent
from coral_cli.training.batches import Batching, sample_batch
from coral_cli.training.collection import episode_seed
from coral_cli.training.measurement import Measurement
from coral_cli.training.replay import Replay
from coral_cli.training.replay_on_gpu import Resident

REPORT_SECONDS = 2.0
"""Time between update events."""


class Learner:
    """Updates ``agent`` on random batches of ``replay``, together with the ``crew``."""

    def __init__(self, agent: Agent, replay: Replay, batching: Batching, crew: Crew | None = None) -> None:
        self.agent, self.replay = agent, replay
        self._crew = crew or Crew()
        self.measurement = Measurement()
        self._batching = batching
        self._random = np.random.default_rng(episode_seed(batching.seed, "replay", 0))
        self._resident = self._moved_in()

    def update(self) -> None:
        """Draws one batch and learns from it; the first one after a report also measures the gradient's shares."""
        shares = not self.measurement.updates
        with self._crew.updating(self, shares):
            self.learn(shares)

    def learn(self, shares: bool) -> None:
        """One update, in step with all processes that learn together."""
        with self.measurement.timing("sample"):
            part = ranks.part(self._batching.batch_size)
            batch = sample_batch(self.replay, self.agent, self._batching, self._random, part, self._resident)
        with self.measurement.timing("learn"):
            self.measurement.add(ranks.averaged(self.agent.update(batch, shares)))

    def _moved_in(self) -> Resident | None:
        return Resident(self.replay, self.agent.device) if Resident.fits(self.replay, self.agent.device) else None

    @property
    def noise(self) -> int:
        """A number that is another one before every update, and again the same in a run that goes on."""
        return int(self._random.bit_generator.state["state"]["state"]) % 2**62

    @property
    def episodes(self) -> int:
        """How many episodes the replay has had."""
        return self.replay.next_serial

    @property
    def report_due(self) -> bool:
        """Whether it is time to tell how it goes."""
        return self.measurement.age > REPORT_SECONDS

    def report(self, updates: int) -> dict[str, float]:
        """The means since the last report, empty without updates.

        Raises CoralError, saying that it was after ``updates`` in all, when one is not finite any more.
        """
        if not self.measurement.updates:
            return {}
        values = self.measurement.report()
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            raise CoralError(
                f"{bad[0]} is not a finite number after {updates} updates.",
                "Go on from the last checkpoint, if there is one; or try a lower --model-lr or --precision fp32.",
            )
        return values

    def random_state(self) -> dict[str, Any]:
        """Where all random streams are."""
        return {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if self.agent.device.type == "cuda" else [],
            "numpy": json.dumps(self._random.bit_generator.state),  # 128-bit integers
        }

    def set_random_state(self, state: Mapping[str, Any]) -> None:
        """Goes on from what ``random_state`` gave, with as many GPUs as there are now."""
        torch.set_rng_state(state["torch"].cpu())
        if self.agent.device.type == "cuda":
            torch.cuda.set_rng_state_all([number.cpu() for number in state["cuda"][: torch.cuda.device_count()]])
        self._random.bit_generator.state = json.loads(state["numpy"])

    def state_dict(self) -> dict[str, Any]:
        """Agent, random streams and the length of the replay."""
        return {
            "agent": self.agent.state_dict(),
            "replay": {"next_serial": self.replay.next_serial, "size": self.replay.size},
            "random": self.random_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what ``state_dict`` gave."""
        self.agent.load_state_dict(state["agent"])
        self.replay.forget_after(state["replay"]["next_serial"])
        if self._resident is not None:  # makes room for the next one
            self._resident = None
            torch.cuda.empty_cache()
        self._resident = self._moved_in()
        self.set_random_state(state["random"])


def fit_normalization(agent: Agent, replay: Replay) -> None:
    """Takes each encoded vector's mean and deviation from the replay, unless the encoders stay as they came.

    Steps at which a sensor gave nothing do not count for it.
    """
    representation = agent.representation
    if "encoders" in agent.frozen or isinstance(representation, NoRepresentation):
        return
    there = ~replay.everything("missing")
    for index, (name, sensor) in enumerate(agent.sensors.items()):
        if sensor.kind == "vector" and name in representation.encoders and there[:, index].any():
            values = replay.everything(name)[there[:, index]]
            representation.normalization.fit(name, torch.from_numpy(values))

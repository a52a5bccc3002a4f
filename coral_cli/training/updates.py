"""Updates of a learner on batches of a replay, measured, in step with all processes that learn together."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import torch

from coral_cli.parallel import ranks
from coral_cli.parallel.followers import Followers
from coral_cli.registry.errors import NotFiniteError, UnreadableError
from coral_cli.representation.no_representation import NoRepresentation
from coral_cli.training.batches import Batches, Batching
from coral_cli.training.learner import Learner
from coral_cli.training.measurement import Measurement
from coral_cli.training.replay import Replay

REPORT_SECONDS = 2.0
"""The seconds between update events."""


class Updates:
    """What has ``learner`` learn from random batches of ``replay``, together with ``followers``, if there are any."""

    def __init__(
        self, learner: Learner, replay: Replay, batching: Batching, followers: Followers | None = None
    ) -> None:
        self.learner, self.agent, self.replay = learner, learner.agent, replay
        self.batching, self.measurement = batching, Measurement()
        self._followers = followers or Followers()
        self._batches = Batches(replay, learner.agent, batching)

    def do(self, steps: int = 0) -> None:
        """Do the next update after ``steps`` environment steps, on which the learning rates depend.

        The first one after a report also measures the gradient's shares.
        """
        shares = not self.measurement.updates
        with self._followers.updating(self, shares, steps):
            self.do_share(shares, steps)

    def do_share(self, shares: bool, steps: int) -> None:
        """Learn from this process's share of the next batch."""
        self.learner.set_rates(steps)
        with self.measurement.timing("sample"):
            batch = self._batches.draw()
        with self.measurement.timing("learn"):
            self.measurement.add(ranks.averaged(self.learner.update(batch, shares)))

    @property
    def processes(self) -> int:
        """The number of processes that learn together."""
        return self._followers.processes

    @property
    def noise(self) -> int:
        """A number that is another one before every update, and again the same in a run that goes on."""
        return int(self._batches.random.bit_generator.state["state"]["state"]) % 2**62

    @property
    def episodes(self) -> int:
        """The number of episodes that the replay has had."""
        return self.replay.next_serial

    @property
    def report_due(self) -> bool:
        """Whether it is time to tell how it goes."""
        return self.measurement.age > REPORT_SECONDS

    def report(self, updates: int) -> dict[str, float]:
        """Return the means since the last report; nothing without updates.

        Raises NotFiniteError, saying that it was after ``updates`` in all, when one is not finite any more.
        """
        if not self.measurement.updates:
            return {}
        values = self.measurement.report()
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            raise NotFiniteError(
                f"{bad[0]} is not a finite number after {updates} updates.",
                "Go on from the last checkpoint, if there is one; or try a lower --model-lr or --precision fp32.",
            )
        return values

    def fit_normalization(self) -> None:
        """Take each encoded vector's mean and deviation from the replay, unless the encoders stay as they came.

        Steps at which a sensor gave nothing do not count for it.
        """
        agent, replay = self.agent, self.replay
        representation = agent.representation
        if "encoders" in self.learner.frozen or isinstance(representation, NoRepresentation):
            return
        there = ~replay.everything("missing")
        for index, (name, sensor) in enumerate(agent.sensors.items()):
            if sensor.kind == "vector" and name in representation.encoders and there[:, index].any():
                values = replay.everything(name)[there[:, index]]
                representation.normalization.fit(name, torch.from_numpy(values))

    def random_state(self) -> dict[str, Any]:
        """Return the state of all random streams."""
        return {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if self.agent.device.type == "cuda" else [],
            "numpy": json.dumps(self._batches.random.bit_generator.state),  # 128-bit integers
        }

    def set_random_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``random_state`` gave, with as many GPUs as there are now. Raises UnreadableError."""
        try:
            torch.set_rng_state(state["torch"].cpu())
            if self.agent.device.type == "cuda":
                torch.cuda.set_rng_state_all([number.cpu() for number in state["cuda"][: torch.cuda.device_count()]])
            self._batches.random.bit_generator.state = json.loads(state["numpy"])
        except (RuntimeError, TypeError, ValueError, KeyError, OverflowError) as error:
            raise UnreadableError(f"the checkpoint's random streams are none ({error}).") from error

    def state_dict(self) -> dict[str, Any]:
        """Return the states of the learner and the random streams, and the length of the replay."""
        return {
            "agent": self.learner.state_dict(),
            "replay": {"next_serial": self.replay.next_serial, "size": self.replay.size},
            "random": self.random_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` gave."""
        self.learner.load_state_dict(state["agent"])
        self.set_random_state(state["random"])
        self.replay.forget_after(state["replay"]["next_serial"])
        self._batches.place()

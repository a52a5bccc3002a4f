"""The training loop: random episodes, then in turn N gradient updates and one new episode."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import torch

from coral_cli.registry.errors import CoralError
from coral_cli.representation.batch import Batch
from coral_cli.runs.events import Event, EventKind, Listener
from coral_cli.training.agent import Agent
from coral_cli.training.collection import acting, chance, episode_seed, run_episode
from coral_cli.training.evaluation import evaluation_episodes, statistics
from coral_cli.training.interruption import Interruption
from coral_cli.training.measurement import Measurement
from coral_cli.training.replay import Replay

REPORT_SECONDS = 2.0
"""Time between update events."""


@dataclass(frozen=True)
class Schedule:
    """How long and how often. ``steps`` are environment steps, the ``*_every`` are episodes (0: never)."""

    steps: int
    seed: int
    random_episodes: int
    updates_per_step: float
    batch_size: int
    batch_length: int
    eval_every: int
    eval_episodes: int
    checkpoint_every: int
    crop_margin: int


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
    """Trains ``agent`` in ``env``. ``save(state, is_best)`` keeps a checkpoint and returns its path."""

    def __init__(
        self,
        agent: Agent,
        env: gymnasium.Env,
        eval_env: gymnasium.Env,
        replay: Replay,
        schedule: Schedule,
        emit: Listener,
        save: Callable[[Mapping[str, Any], bool], str],
        interruption: Interruption,
    ) -> None:
        self.agent, self.env, self.eval_env, self.replay = agent, env, eval_env, replay
        self.schedule, self.interruption = schedule, interruption
        self.progress = Progress()
        self._emit, self._save = emit, save
        self._random = np.random.default_rng(episode_seed(schedule.seed, "replay", 0))
        self._action_repeat = action_repeat(env)
        self._measurement = Measurement()
        self._saved = self._first_step = 0
        self._started = self._began = time.monotonic()

    def begin(self, **values: Any) -> None:
        """Starts the clock and emits the start event with ``values``."""
        self._started = time.monotonic() - self.progress.seconds
        self.emit("start", **values)

    def run(self) -> None:
        """Until the budget is used up or an interruption came; saves a checkpoint at the end either way."""
        self._measurement = Measurement()
        self._saved, self._first_step, self._began = self.progress.episodes, self.progress.steps, time.monotonic()
        while not self.interruption and not self._finished:
            self._advance()
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
        with self._measurement.timing("sample"):
            batch = sample_batch(self.replay, self.agent, self.schedule, self._random)
        with self._measurement.timing("learn"):
            self._measurement.add(self.agent.update(batch, shares=not self._measurement.updates))
        self.progress.pending -= 1
        self.progress.updates += 1
        # Also at a block's end: what is no number any more must neither act nor be saved.
        if self._measurement.age > REPORT_SECONDS or not self.progress.pending:
            self._report()

    def _collect(self) -> None:
        progress, schedule = self.progress, self.schedule
        seed = episode_seed(schedule.seed, "training", progress.episodes)
        by_chance = progress.episodes < schedule.random_episodes
        with self._measurement.timing("collect"):
            episode = run_episode(
                self.env,
                seed,
                chance(self.env, seed) if by_chance else acting(self.agent, explore=True),
                tuple(self.agent.sensors),
                record=True,
                stop=lambda: bool(self.interruption),
            )
        if episode is None:
            return
        self.replay.add(episode.arrays)
        progress.episodes += 1
        progress.steps += episode.length * self._action_repeat
        if progress.episodes == schedule.random_episodes:
            self._fit_normalization()
        if progress.episodes >= schedule.random_episodes:
            progress.pending = math.ceil(episode.length * schedule.updates_per_step)
        elif self._spent:
            self.emit("warning", message="the budget ends with the random episodes: nothing is learned.")
        self.emit(
            "episode",
            episode=progress.episodes,
            **{"return": episode.total, "length": episode.length, "random": by_chance},
            **{f"metrics/{name}": value for name, value in episode.metrics.items()},
        )

    def _fit_normalization(self) -> None:
        """Takes each encoded vector's mean and deviation, unless its encoder came with its own and stays as it is."""
        if "encoders" in self.agent.frozen:
            return
        for name in self.agent.representation.encoders:
            if self.agent.sensors[name].kind == "vector":
                self.agent.representation.normalization.fit(name, torch.from_numpy(self.replay.everything(name)))

    def _evaluate(self) -> None:
        schedule, progress = self.schedule, self.progress
        with self._measurement.timing("evaluate"):
            episodes = list(
                evaluation_episodes(
                    self.agent,
                    self.eval_env,
                    schedule.seed,
                    schedule.eval_episodes,
                    stop=lambda: bool(self.interruption),
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
        """Emits the means since the last report. Raises CoralError when a loss is not finite any more."""
        if not self._measurement.updates:
            return
        values = self._measurement.report()
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            raise CoralError(
                f"{bad[0]} is not a finite number after {self.progress.updates} updates.",
                "The last good checkpoint is kept; try a lower --model-lr or --precision fp32.",
            )
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
        return {
            "agent": self.agent.state_dict(),
            "progress": dataclasses.asdict(self.progress),
            "replay": {"next_serial": self.replay.next_serial},
            "random": {
                "torch": torch.get_rng_state(),
                "cuda": torch.cuda.get_rng_state_all() if self.agent.device.type == "cuda" else [],
                "numpy": json.dumps(self._random.bit_generator.state),  # 128-bit integers
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what ``state_dict`` gave."""
        self.agent.load_state_dict(state["agent"])
        self.progress = Progress(**state["progress"])
        self.replay.forget_after(state["replay"]["next_serial"])
        torch.set_rng_state(state["random"]["torch"].cpu())
        if self.agent.device.type == "cuda" and state["random"]["cuda"]:
            torch.cuda.set_rng_state_all([number.cpu() for number in state["random"]["cuda"]])
        self._random.bit_generator.state = json.loads(state["random"]["numpy"])


def sample_batch(replay: Replay, agent: Agent, schedule: Schedule, random: np.random.Generator) -> Batch:
    """A batch of the replay on the agent's device."""
    arrays = replay.sample(schedule.batch_size, schedule.batch_length, random, schedule.crop_margin)
    missing = {name: arrays["missing"][..., index] for index, name in enumerate(agent.sensors)}
    arrays |= {f"missing/{name}": where for name, where in missing.items() if where.any()}
    tensors = {name: torch.from_numpy(array).to(agent.device) for name, array in arrays.items()}
    return Batch(
        {name: tensors[name] for name in agent.sensors},
        tensors["action"],
        tensors["reward"],
        tensors["terminated"],
        tensors.get("mask"),
        {name: tensors[f"missing/{name}"] for name in agent.sensors if f"missing/{name}" in tensors},
    )


def action_repeat(env: gymnasium.Env) -> int:
    """Environment steps per action."""
    return int(env.get_wrapper_attr("action_repeat")) if env.has_wrapper_attr("action_repeat") else 1

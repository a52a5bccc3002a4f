"""A rehearsal: one episode, two updates, one evaluation step, on a copy of the agent, to know what a run will cost."""

from __future__ import annotations

import copy
import math
import time
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from coral_cli.assembly.resolve import command_line
from coral_cli.assembly.settings import Settings
from coral_cli.assembly.slots import ENV
from coral_cli.display.estimates import around, hurry, span
from coral_cli.environments.action_repeat import action_repeat
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.measuring.timing import interleaved
from coral_cli.registry.options import values_of
from coral_cli.runs.machine import busy
from coral_cli.sessions.blame import naming
from coral_cli.sessions.building import Built, Trainee, build, schedule
from coral_cli.sessions.requests import TrainRequest
from coral_cli.training.batches import sample_batch
from coral_cli.training.collection import acting, random_policy, run_episode
from coral_cli.training.replay import Replay

LONGEST = 10.0
"""Seconds after which a rehearsed episode is cut off: where an action takes long, a few of them will do."""
SLOW = 0.1
"""Seconds of an action from which on an environment is said to be slow."""


@dataclass(frozen=True)
class Rehearsal:
    """The measured seconds per action of collection, per choice of the agent's, and per update.

    ``length`` are the actions of an episode.
    """

    step_seconds: float
    act_seconds: float
    update_seconds: float
    length: int

    def total(self, settings: Settings, repeat: int) -> float:
        """Return the seconds that all of ``settings.steps`` will take: updates, collection and evaluations.

        Every episode counts as long as this one, and whole. Random ones bring no updates, but for the last of them.
        """
        episodes = math.ceil(settings.steps / (self.length * repeat))
        exploring = max(0, episodes - settings.random_episodes)
        learning = max(0, episodes - settings.random_episodes + 1)
        evaluations = math.ceil(episodes / settings.eval_every) if settings.eval_every else 0
        evaluated = evaluations * settings.eval_episodes
        seconds = (episodes + evaluated) * self.step_seconds + (exploring + evaluated) * self.act_seconds
        updates = learning * math.ceil(self.length * settings.updates_per_step)
        return seconds * self.length + updates * self.update_seconds

    def share(self, settings: Settings, repeat: int) -> float:
        """Return the part of ``total`` that the environment takes, between 0 and 1."""
        alone = replace(self, act_seconds=0.0, update_seconds=0.0)
        return alone.total(settings, repeat) / self.total(settings, repeat)


def rehearse(built: Built, settings: Settings) -> Rehearsal:
    """Run every part once. Leave the agent, the random streams and the disk as they are."""
    with torch.random.fork_rng():
        learner, random = copy.deepcopy(built.learner), np.random.default_rng(settings.seed)
        agent = learner.agent
        start = time.perf_counter()
        episode = run_episode(
            built.env,
            settings.seed,
            random_policy(built.env, settings.seed),
            tuple(agent.sensors),
            keep=True,
            enough=lambda: time.perf_counter() - start > LONGEST,
        )
        assert episode is not None and episode.arrays is not None  # nothing stops it, and it records
        step_seconds = (time.perf_counter() - start) / episode.length
        replay = Replay(built.sensors, agent.action_size, episode.length + 1)
        replay.add(episode.arrays)
        batching = schedule(settings)
        observation, _ = built.eval_env.reset(seed=settings.seed)
        choose = acting(agent, explore=False)
        calls = {
            "act": lambda: choose(observation),
            "update": lambda: learner.update(sample_batch(replay, agent, batching, random)),
        }
        timings = interleaved(calls, 1, agent.device, warm_up=1)
        return Rehearsal(step_seconds, timings["act"].median, timings["update"].median, episode.length)


def notice(built: Built, request: TrainRequest) -> str:
    """Say how long the run will take here, and, at the paper's size, that there are smaller ones."""
    settings, repeat = request.assembly.settings, action_repeat(built.env)
    rehearsal = rehearse(built, settings)
    estimated = estimate(rehearsal.total(settings, repeat))
    choice = request.assembly.choices["rssm"]
    sizes = values_of(request.catalog.locate(*choice.identity).record.options)  # none without a representation
    paper = sizes and dict(choice.options) == sizes
    advice = " at the paper's size; --size small and --size tiny are faster" if paper else ""
    total, slowed = span(estimated["eta_range_seconds"]), hurry(estimated["busy"])
    said = f"{settings.steps:,} steps will take about {total} on this CPU{advice}{slowed}."
    return said + slowness(request.assembly.choices[ENV.name].component, rehearsal, settings, repeat)


def slowness(name: str, rehearsal: Rehearsal, settings: Settings, repeat: int) -> str:
    """Say how long an action takes in the environment ``name``, and its share of the time; "" unless that is long."""
    if rehearsal.step_seconds < SLOW:
        return ""
    share = rehearsal.share(settings, repeat)
    seconds = f"{rehearsal.step_seconds:.2g} s in {name}, {share:.0%} of the time"
    more = "" if settings.envs > 1 else "; --envs plays several side by side"
    return f" An action takes {seconds}{more}."


def estimate(seconds: float) -> dict[str, Any]:
    """Say how long a run will take: ``eta_seconds``, the range around them, and how ``busy`` the machine is."""
    return {"eta_seconds": seconds, "eta_range_seconds": around([seconds]), "busy": busy()}


def dry_run(request: TrainRequest) -> dict[str, Any]:
    """Build everything, rehearse, and report as one document; write nothing."""
    backend = select_backend(request.assembly.settings.renderer)
    with naming(request.assembly), closing(build(request, backend)) as built:
        rehearsal = rehearse(built, request.assembly.settings)
        assembly = {"command": command_line(request.assembly, request.catalog), **request.assembly.to_json()}
        return assembly | _costs(built, request.assembly.settings, rehearsal)


def _costs(built: Built, settings: Settings, rehearsal: Rehearsal) -> dict[str, Any]:
    return costs(built, built.replay_capacity) | {
        "renderer": built.backend,
        "action_repeat": action_repeat(built.env),
        "step_ms": 1e3 * rehearsal.step_seconds,
        "act_ms": 1e3 * rehearsal.act_seconds,
        "update_ms": 1e3 * rehearsal.update_seconds,
        **estimate(rehearsal.total(settings, action_repeat(built.env))),
    }


def costs(trainee: Trainee, transitions: int) -> dict[str, Any]:
    """Return what is known of a training before anything is timed, for a replay of so many ``transitions``."""
    counts = trainee.agent.parameter_counts()
    replay = Replay(trainee.sensors, trainee.agent.action_size, 1)
    return {
        "device": str(trainee.agent.device),
        "sensors": {name: list(sensor.shape) for name, sensor in trainee.sensors.items()},
        "action_size": trainee.agent.action_size,
        "parameters": counts | {"total": sum(counts.values())},
        "transfer": None if trainee.transfer is None else [trainee.transfer.summary, *trainee.transfer.remarks],
        "replay_transitions": transitions,
        "replay_bytes": replay.bytes * transitions,
    }

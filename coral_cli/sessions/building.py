"""What every session of training builds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import gymnasium
import torch

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.copies import copies_of
from coral_cli.assembly.settings import Settings
from coral_cli.assembly.slots import ENV
from coral_cli.environments.action_repeat import action_repeat
from coral_cli.environments.vectorised import Vectorised
from coral_cli.registry.places import absolute
from coral_cli.registry.records import Split
from coral_cli.registry.sensors import Backend, Sensor
from coral_cli.sessions.blame import name_of
from coral_cli.sessions.device import choose_device
from coral_cli.sessions.requests import PretrainRequest, TrainRequest
from coral_cli.sessions.transfer import Transfer, take_over
from coral_cli.training.agent import Agent
from coral_cli.training.hanging import WAIT
from coral_cli.training.learner import Learner
from coral_cli.training.trainer import Schedule

Copies: TypeAlias = gymnasium.Env[dict[str, Any], Any] | Vectorised


@dataclass(frozen=True)
class Trainee:
    """An agent that is to learn, and what trains it. ``sensors`` are as the environment, or a dataset, gives them."""

    assembler: Assembler
    sensors: Mapping[str, Sensor]
    agent: Agent
    learner: Learner
    transfer: Transfer | None


@dataclass(frozen=True)
class Built(Trainee):
    """A trainee with its environments and sizes. Where nothing is evaluated, ``eval_env`` is ``env``."""

    env: gymnasium.Env[dict[str, Any], Any]
    eval_env: gymnasium.Env[dict[str, Any], Any]
    backend: Backend
    replay_capacity: int

    def close(self) -> None:
        if not WAIT.given_up:  # what hangs may do so again
            self.env.close()
            self.eval_env.close()


@contextmanager
def several(request: TrainRequest, built: Built) -> Iterator[tuple[Copies, Copies]]:
    """Give what collects and what evaluates: the environments themselves, or copies of them in other processes."""
    settings = request.assembly.settings
    count = settings.envs
    if count == 1 and settings.collect == "sync":
        yield built.env, built.eval_env
        return
    name = name_of(request.assembly, ENV.name)

    def copies(split: Split) -> Vectorised:
        make = copies_of(request.assembly, request.catalog, built.backend, split)
        return Vectorised(make, count, name, settings.env_timeout)

    with closing(copies("training")) as training:
        if not settings.eval_every:
            yield training, training
            return
        with closing(copies("evaluation")) as evaluation:
            yield training, evaluation


def actor_of(request: TrainRequest, built: Built) -> Agent | None:
    """Make the agent that plays on the processor while the other one learns; None where they are the same."""
    if request.assembly.settings.collect == "sync":
        return None
    return Assembler(request.assembly, request.catalog).agent(
        built.sensors, built.agent.action_size, torch.device("cpu")
    )


def build(request: TrainRequest, backend: Backend) -> Built:
    """Build environments, agent and sizes; write nothing. What fails leaves no environment open."""
    settings = request.assembly.settings
    device = choose_device(settings.device)
    torch.manual_seed(settings.seed)
    assembler = Assembler(request.assembly, request.catalog)
    with ExitStack() as made:
        env = eval_env = made.enter_context(closing(assembler.environment(backend)))
        if settings.eval_every:
            eval_env = made.enter_context(closing(assembler.environment(backend, "evaluation")))
        action_size = math.prod(env.action_space.shape or ())
        trainee = trainee_of(request, assembler, assembler.sensors(env), action_size, device)
        made.pop_all()
    return Built(
        **vars(trainee),
        env=env,
        eval_env=eval_env,
        backend=backend,
        replay_capacity=_capacity(settings, action_repeat(env)),
    )


def trainee_of(
    request: TrainRequest | PretrainRequest,
    assembler: Assembler,
    sensors: Mapping[str, Sensor],
    action_size: int,
    device: torch.device,
) -> Trainee:
    """Build an agent and its learner; a new run's begins with the weights that it takes over, if any."""
    agent, source, transfer = assembler.agent(sensors, action_size, device), assembler.assembly.settings.init_from, None
    if source and not request.resume:
        transfer = take_over(agent, absolute(source), assembler.assembly, request.catalog)
    return Trainee(assembler, sensors, agent, assembler.learner(agent), transfer)


def _capacity(settings: Settings, repeat: int) -> int:
    """Return the budget's transitions, as far as the cap allows: each episode has one more, the last may overshoot.

    Where episodes have fewer than ten actions, the oldest may have to go.
    """
    policy_steps = math.ceil(settings.steps / repeat)
    return min(settings.replay_size, policy_steps + policy_steps // 10 + 2000)


def schedule(settings: Settings) -> Schedule:
    """Return the settings that the trainer needs."""
    return Schedule(**{field.name: getattr(settings, field.name) for field in dataclasses.fields(Schedule)})

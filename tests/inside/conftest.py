"""A toy agent that has learned nothing, and its episodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from coral_cli.environments.distractions.wrapper import Distracted
from coral_cli.inside.twins import Twins
from coral_cli.inside.watching import Watched, watch
from coral_cli.plugin import DistractionModule, Rendering, Sensor
from coral_cli.registry.objective_options import ObjectiveOptions
from coral_cli.registry.options import NoOptions
from coral_cli.representation.encoders.conv import ConvEncoder
from coral_cli.representation.encoders.mlp import MlpEncoder
from coral_cli.representation.heads import HeadSizes
from coral_cli.representation.losses.none import NoLoss
from coral_cli.representation.objective import Representation, Term
from coral_cli.testing.toys import ACTION, ToyEnvironment, toy_rssm
from coral_cli.training.agent import Agent

SIDE, MARGIN = 32, 4


class Pushing(torch.nn.Module):
    """A policy whose actions are the first features; exploring adds noise."""

    def act(self, features: torch.Tensor, explore: bool) -> torch.Tensor:
        noise = torch.randn(len(features), ACTION) if explore else 0.0
        return (3 * features[:, :ACTION] + noise).tanh()


@dataclass
class Brighter:
    """A distraction that adds a grey level that grows from step to step, and lets no picture through at one."""

    gap: int = -1

    def begin(self, random: np.random.Generator, scene: object) -> None:
        self.step = 0

    def change(self, value: np.ndarray, scene: object) -> np.ndarray | None:
        self.step += 1
        return None if self.step - 1 == self.gap else np.uint8(value // 2 + 8 * self.step)


def agent_with(camera: Sensor) -> Agent:
    """An agent whose sensor ``image`` is ``camera``."""
    torch.manual_seed(0)
    sensors = {"image": camera, "proprio": Sensor("proprio", "vector", (2,))}
    encoders = {"image": ConvEncoder(camera.shape, 2), "proprio": MlpEncoder(2, 4, 1)}
    rssm = toy_rssm(NoOptions(), sum(encoder.size for encoder in encoders.values()), ACTION)
    terms = {name: Term(NoLoss()) for name in encoders}
    model = Representation(sensors, encoders, rssm, terms, ObjectiveOptions(), HeadSizes(8, 1), ACTION)
    model.requires_grad_(False)
    return Agent(model, Pushing(), sensors, ACTION, torch.device("cpu"))


@pytest.fixture
def agent() -> Agent:
    """An agent with a camera."""
    return agent_with(Sensor("image", "image", (SIDE, SIDE, 3)))


@pytest.fixture
def deep() -> Agent:
    """An agent whose camera measures depth."""
    return agent_with(Sensor("image", "depth", (SIDE, SIDE, 1)))


@pytest.fixture
def toy() -> Callable[..., Twins]:
    """``toy(*modules)``: the toy environment with these distractions of its image, and its twin."""

    def make(*modules: DistractionModule) -> Twins:
        env = ToyEnvironment(Rendering(SIDE + MARGIN, SIDE + MARGIN))
        if not modules:
            return Twins(env, None)
        return Twins(Distracted(env, {"image": modules}), ToyEnvironment(Rendering(SIDE + MARGIN, SIDE + MARGIN)))

    return make


@pytest.fixture
def episodes(agent: Agent, toy: Callable[..., Twins]) -> Sequence[Watched]:
    """Four episodes, each picture of which is distracted but the third of all, which is not there."""
    env = toy(Brighter(gap=2))
    return [watch(agent, env, seed, lambda features: agent.policy.act(features, False)) for seed in range(4)]

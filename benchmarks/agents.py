"""Agents for an environment that exists only in name: any method and size, any number of cameras, batches of noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from coral_cli import builtin
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.resolve import resolve
from coral_cli.measuring.noise import noise_replay
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.discovery import discover
from coral_cli.registry.records import Environment
from coral_cli.registry.sensors import Sensor
from coral_cli.representation.batch import Batch
from coral_cli.training.agent import Agent
from coral_cli.training.batches import Batching, sample_batch
from coral_cli.training.learner import Learner
from coral_cli.version import CORE

PROPRIO, ACTIONS = 12, 6
"""Sizes of the proprioception and the actions."""


@dataclass(frozen=True)
class Subject:
    """What an agent learns with, and from."""

    assembly: Assembly
    learner: Learner
    batch: Batch

    @property
    def agent(self) -> Agent:
        return self.learner.agent

    def update(self) -> None:
        self.learner.update(self.batch)

    def update_step_by_step(self) -> None:
        self.learner.step_by_step(self.batch)


def subject(flags: Mapping[str, Any], device: torch.device, cameras: int = 1, seed: int = 0) -> Subject:
    """The agent of `coral train` with ``flags``, whose images (uint8, not cropped) come from ``cameras``."""
    names = ["image", *(f"image{number}" for number in range(2, cameras + 1))]
    catalog = _catalog(names)
    assembly = resolve({"env": "noise", "crop-margin": 0, **flags}, catalog)
    settings = assembly.settings
    every = {name: Sensor(name, "image", (*settings.image_shape, 3)) for name in names}
    every["proprio"] = Sensor("proprio", "vector", (PROPRIO,))
    sensors = {name: every[name] for name in assembly.sensors}
    torch.manual_seed(seed)
    assembler = Assembler(assembly, catalog)
    agent = assembler.agent(sensors, ACTIONS, device)
    batching = Batching(seed, settings.batch_size, settings.batch_length, 0)
    replay = noise_replay(sensors, ACTIONS, settings.batch_length, seed)
    return Subject(
        assembly, assembler.learner(agent), sample_batch(replay, agent, batching, np.random.default_rng(seed))
    )


def _catalog(cameras: list[str]) -> Catalog:
    """The built-in components, and the environment ``noise``, which is never built and never terminates."""

    def build(*_: Any) -> Any:
        raise NotImplementedError("this environment exists only in name")

    kinds = {**dict.fromkeys(cameras, "image"), "proprio": "vector"}
    noise = Environment("noise", "Nothing but noise.", build, sensors=kinds, terminates=False)
    known = discover(builtin, {"CORAL_PLUGINS": ""})
    kinds_of_component = ("encoder", "loss", "rssm", "objective", "policy", "distraction")
    entries = [entry for kind in kinds_of_component for entry in known.entries(kind)]
    return Catalog([*entries, Entry(noise, CORE, "0")])

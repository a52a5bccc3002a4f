"""Agents that have learned nothing, in an environment that exists only in name, as weights on the disk."""

from __future__ import annotations

import pytest
import torch

from coral_cli import builtin
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.plugin import Environment
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.discovery import discover
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.checkpoint import save_weights
from coral_cli.sessions.saved import metadata_of
from coral_cli.version import CORE

SENSORS = {
    "image": Sensor("image", "image", (36, 36, 3)),
    "depth": Sensor("depth", "depth", (36, 36, 1)),
    "proprio": Sensor("proprio", "vector", (5,)),
}
TINY = {"size": "tiny", "image-size": [32], "crop-margin": 4}


def _never(*_):
    raise AssertionError("no environment is built")


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    kinds = {name: sensor.kind for name, sensor in SENSORS.items()}
    arm = Environment("arm", "An arm.", _never, sensors=kinds)
    return Catalog([*discover(builtin, {"CORAL_PLUGINS": ""}), Entry(arm, CORE, "0")])


@pytest.fixture(scope="session")
def saved(catalog):
    """Writes the weights of a new agent with these flags, and returns their path."""

    def save(folder, **flags):
        written = {"env": "arm", **TINY, **{name.replace("_", "-"): value for name, value in flags.items()}}
        assembly = resolve(written, catalog)
        sensors = {name: SENSORS[name] for name in assembly.sensors}
        torch.manual_seed(0)
        agent = Assembler(assembly, catalog).agent(sensors, 3, torch.device("cpu"))
        path = folder / "agent.safetensors"
        save_weights(path, metadata_of(assembly, sensors, 3) | {"coral": "0"}, agent.weights())
        return path

    return save

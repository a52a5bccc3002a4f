"""Agents of environments that are code leave without them: what is not played is neither imported nor made."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

import coral_cli
from coral_cli.app import main
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.plugin import Environment
from coral_cli.registry.catalog import Entry
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.checkpoint import save_weights
from coral_cli.sessions.saved import metadata_of
from coral_cli.version import CORE

SENSORS = {"proprio": Sensor("proprio", "vector", (5,))}


@pytest.fixture(params=["tracing_arm:Arm", "gym:tracing_arm:Arm-v0?width=96", "gym:NobodyHasRegistered-v0"])
def weights(request, catalog, tmp_path, monkeypatch):
    """Weights of an agent whose environment would be seen to be imported."""
    (tmp_path / "tracing_arm.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    env = Environment(request.param, "An arm.", lambda *_: None, sensors={"proprio": "vector"})  # type: ignore[arg-type]
    flags = {"env": request.param, "method": "proprio-sac", "size": "tiny"}
    known = catalog.including(Entry(env, CORE, "0"))
    assembly = resolve(flags, known)
    agent = Assembler(assembly, known).agent(SENSORS, 2, torch.device("cpu"))
    path = tmp_path / "agent.safetensors"
    save_weights(path, metadata_of(assembly, SENSORS, 2) | {"coral": "0"}, agent.weights())
    yield request.param, path
    assert "tracing_arm" not in sys.modules


def test_it_is_loaded_and_exported(weights, tmp_path, capsys):
    name, path = weights
    agent = coral_cli.load_agent(path, device="cpu")
    assert agent.act({"proprio": np.zeros(5)})[0].shape == (2,)
    assert main(["export", str(path), "--out", str(tmp_path / "out"), "--format", "weights"]) == 0, capsys.readouterr()
    card = json.loads((tmp_path / "out" / "agent.json").read_text())
    assert card["task"] == name and card["sensors"]["proprio"]["shape"] == [5]


def test_playing_still_asks(weights, capsys):
    _, path = weights
    assert main(["eval", str(path), "--episodes", "1"]) in (2, 3)
    capsys.readouterr()

"""A step of every kind of agent as a program does what the agent does."""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import coral_cli
from coral_cli.exporting.agreement import largest_difference, made_up, require_same, run_onnx, run_torch
from coral_cli.exporting.policy_step import PolicyStep
from coral_cli.exporting.programs import traced, write_onnx, write_torch
from coral_cli.registry.errors import CoralError
from coral_cli.sessions.loaded import loaded
from coral_cli.sessions.saved import open_saved

CPU = torch.device("cpu")
AGENTS = {
    "sac": ({"method": "p-coral"}, False),
    "sac, sampled": ({"method": "p-coral"}, True),
    "categorical": ({"method": "p-coral", "rssm": "categorical"}, False),
    "imagination, sampled": ({"method": "p-coral", "policy": "imagination"}, True),
    "concat": ({"method": "p-coral", "fusion": "concat", "sensors": ["image", "proprio"]}, False),
    "no representation": ({"method": "proprio-sac"}, False),
}


@pytest.fixture(scope="module")
def opened(saved, catalog, tmp_path_factory):
    def open_one(flags):
        return open_saved(saved(tmp_path_factory.mktemp("agent"), **flags), catalog)

    return open_one


QUICK = ("categorical", "sac, sampled", "no representation")


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[] if each in QUICK else pytest.mark.slow) for each in AGENTS]
)
def test_a_program_does_what_the_agent_does(name, opened, catalog, tmp_path):
    flags, explore = AGENTS[name]
    found = opened(flags)
    step = PolicyStep(found.agent(CPU), found.sensors, explore)
    program, batch = traced(step)
    assert batch is None
    write_torch(program, tmp_path / "p.pt2")
    _require_private(zipfile.ZipFile(tmp_path / "p.pt2"))
    act = partial(loaded(found, CPU).act, explore=explore)
    run = run_torch(tmp_path / "p.pt2")
    assert largest_difference(act, run, step.form, steps=20) < 1e-5
    _require_batches(run, step.form)
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    write_onnx(program, step.form, tmp_path / "p.onnx")
    _require_private((tmp_path / "p.onnx").read_bytes())
    run = run_onnx(tmp_path / "p.onnx", step.form)
    assert largest_difference(act, run, step.form, steps=20) < 1e-5
    _require_batches(run, step.form)


def _require_private(content):
    """Nothing in a program says where coral or torch are installed."""
    parts = [content] if isinstance(content, bytes) else map(content.read, content.namelist())
    places = [str(Path(module.__file__).parents[1]).encode() for module in (coral_cli, torch)]
    assert not any(place in part for part in parts for place in places)


def _require_batches(run, form):
    """Rows of a batch are what each would be alone; an invalid sensor's value does not matter, not even NaN."""
    random = np.random.default_rng(1)
    rows = [{name: made_up(sensor, random) for name, sensor in form.sensors.items()} for _ in range(3)]
    valid = [{name: np.array(random.random() < 0.6) for name in form.sensors} for _ in rows]
    state = {name: random.normal(size=(3, size)).astype(np.float32) for name, size in form.state.items()}
    noise = {name: random.uniform(0.1, 0.9, (3, *draw.shape)).astype(np.float32) for name, draw in form.noise.items()}
    together = {name: np.stack([row[name] for row in rows]) for name in form.sensors}
    for row, there in zip(together.get("proprio", []), valid, strict=False):
        if not there["proprio"]:
            row[:] = np.nan
    action, after = run(together, {name: np.stack([row[name] for row in valid]) for name in form.sensors}, state, noise)
    for index, row in enumerate(rows):
        alone, alone_after = run(
            {name: value[None] for name, value in row.items()},
            {name: value[None] for name, value in valid[index].items()},
            *({name: value[index : index + 1] for name, value in part.items()} for part in (state, noise)),
        )
        np.testing.assert_allclose(action[index], alone[0], atol=1e-5)
        for name, value in alone_after.items():
            np.testing.assert_allclose(after[name][index], value[0], atol=1e-5)


def test_another_agent_s_program_is_told_apart(opened, catalog, tmp_path):
    found, other = opened({"method": "proprio-sac"}), opened({"method": "proprio-sac"})
    agent = found.agent(CPU)
    with torch.no_grad():
        next(agent.policy.parameters())[0, 0] += 1
    step = PolicyStep(agent, found.sensors, False)
    write_torch(traced(step)[0], tmp_path / "p.pt2")
    difference = largest_difference(loaded(other, CPU).act, run_torch(tmp_path / "p.pt2"), step.form, steps=5)
    with pytest.raises(CoralError, match=r"policy\.pt2 does not do what the agent does"):
        require_same(difference, "policy.pt2")
    with pytest.raises(CoralError):
        require_same(float("nan"), "policy.pt2")


class DependsOnValues(torch.nn.Linear):
    def forward(self, vector):
        return super().forward(vector if float(vector.sum()) > 0 else -vector)


def test_what_depends_on_values_is_one_sentence(opened):
    found = opened({"method": "p-coral"})
    agent = found.agent(CPU)
    encoder = agent.representation.encoders["proprio"]
    agent.representation.encoders["proprio"] = torch.nn.Sequential(DependsOnValues(5, 5), *encoder.layers)
    with pytest.raises(CoralError, match="cannot be written down as a program"):
        traced(PolicyStep(agent, found.sensors, False))

"""The paper's methods as they are assembled: which losses they build, and what an update makes of them."""

import pytest
import torch

from coral_cli import builtin
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.plugin import Environment, Sensor
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.discovery import discover
from coral_cli.representation.losses.contrastive import InfoNCE
from coral_cli.representation.losses.reconstruction import Reconstruction
from coral_cli.version import CORE

from .small import ACTION, random_batch

KITCHEN = {"front": (76, 76, 3), "wrist": (76, 76, 3), "depth": (76, 76, 1), "touch": (5,)}
"""Shapes as an environment gives them: images with 12 pixels to crop."""


def learner_of(shapes, flags):
    """What trains the agent that flags on the command line build, tiny, for an environment with these sensors."""
    sensors = {name: Sensor(name, "image" if len(shape) == 3 else "vector", shape) for name, shape in shapes.items()}
    kinds = {name: sensor.kind for name, sensor in sensors.items()}
    entries = discover(builtin, {"CORAL_PLUGINS": ""})
    room = Environment("room", "A room.", lambda *_: None, sensors=kinds)
    catalog = Catalog([*entries, Entry(room, CORE, "0.1.0")], [])
    assembler = Assembler(resolve({"env": "room", "size": "tiny", **flags}, catalog), catalog)
    torch.manual_seed(0)
    used = {name: sensors[name] for name in assembler.assembly.sensors}
    return assembler.learner(assembler.agent(used, ACTION, torch.device("cpu")))


def agent_of(shapes, flags):
    return learner_of(shapes, flags).agent


def updated(shapes, flags):
    """Gradients and weights of the representation after one update on random data."""
    learner = learner_of(shapes, flags)
    agent = learner.agent
    torch.manual_seed(3)
    learner.update(random_batch(agent.sensors, masked=True, missing=True))
    parameters = dict(agent.representation.named_parameters())
    gradients = {name: parameter.grad for name, parameter in parameters.items()}
    return gradients, {name: parameter.detach() for name, parameter in parameters.items()}


@pytest.mark.parametrize(
    ("method", "weights"),
    [
        ("v-coral", {"posterior": 1.0, "prior": 0.0, "dynamics": 0.8, "representation": 0.2}),
        ("p-coral", {"posterior": 0.0, "prior": 1.0, "dynamics": 0.001, "representation": 0.001}),
    ],
)
def test_the_paper_s_methods_are_special_cases_of_the_common_form(method, weights):
    """Exactly: the same gradient of every parameter, and the same weights after an update."""
    shapes = {"image": (76, 76, 3), "proprio": (5,)}
    special = updated(shapes, {"method": "u-coral", **{f"objective.{name}": value for name, value in weights.items()}})
    for own, common in zip(updated(shapes, {"method": method}), special, strict=True):
        assert own.keys() == common.keys()
        assert all(torch.equal(own[name], common[name]) for name in own)
    other, _ = updated(shapes, {"method": "u-coral"})
    assert not torch.equal(other["rssm.gru.weight_hh"], special[0]["rssm.gru.weight_hh"])


def test_the_methods_build_the_losses_they_name():
    shapes = {"image": (76, 76, 3), "proprio": (5,)}
    kinds = {"cv": InfoNCE, "cpc": InfoNCE, "recon": Reconstruction}
    for method in ("v-coral", "p-coral", "u-coral"):
        losses = agent_of(shapes, {"method": method}).representation.losses
        assert [type(losses[name]) for name in shapes] == [InfoNCE, Reconstruction]
    for name, kind in kinds.items():
        stored = {**shapes, "image": (64, 64, 3) if name == "recon" else (76, 76, 3)}
        same = agent_of(stored, {"method": f"{name}-same"}).representation
        assert [type(loss) for loss in same.losses.values()] == [kind, kind]
        alone = agent_of(stored, {"method": f"{name}-image"}).representation
        assert list(alone.encoders) == ["image"] and [type(loss) for loss in alone.losses.values()] == [kind]


@pytest.mark.parametrize("method", ["v-coral", "p-coral", "u-coral"])
def test_three_cameras_and_touch_each_have_their_own_loss(method):
    learner = learner_of(KITCHEN, {"method": method})
    agent = learner.agent
    losses = agent.representation.losses
    assert [type(losses[name]) for name in KITCHEN] == [InfoNCE, InfoNCE, InfoNCE, Reconstruction]
    metrics = learner.update(random_batch(agent.sensors), shares=True)
    assert {f"loss/{name}" for name in KITCHEN} | {f"share/{name}" for name in KITCHEN} <= metrics.keys()
    weights = [p for part in (losses, agent.representation.encoders) for p in part.parameters()]
    assert all(parameter.grad.abs().max() > 0 for parameter in weights)
    given = {name: value[:, 0].numpy() for name, value in random_batch(agent.sensors).observations.items()}
    action, _ = agent.act({name: given[name] for name in ("wrist", "touch")}, agent.initial(3), explore=False)
    assert action.shape == (3, ACTION)

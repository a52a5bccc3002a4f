"""Small representations with random weights everywhere, and random batches for them."""

from __future__ import annotations

import torch
from torch import nn

from coral_cli.plugin import ObjectiveOptions, Sensor
from coral_cli.representation.batch import Batch
from coral_cli.representation.encoders.mlp import MlpEncoder
from coral_cli.representation.heads import HeadSizes
from coral_cli.representation.losses.contrastive import InfoNCE
from coral_cli.representation.losses.reconstruction import Reconstruction, VectorDecoder
from coral_cli.representation.networks import mlp
from coral_cli.representation.objective import Representation, Term
from coral_cli.representation.rssm.gaussian import Gaussians
from coral_cli.representation.rssm.gru import GruRssm

SENSORS = {"eye": Sensor("eye", "image", (2, 2, 3)), "skin": Sensor("skin", "vector", (3,))}
HIDDEN, LATENT, ACTION = 4, 3, 2
FEATURES = HIDDEN + LATENT
BATCH, STEPS = 3, 4

WEIGHTS = {
    "variational": {"posterior": 1.0, "prior": 0.0, "dynamics": 0.8, "representation": 0.2},
    "predictive": {"posterior": 0.0, "prior": 1.0, "dynamics": 0.001, "representation": 0.001},
    "unified": {"posterior": 1.0, "prior": 1.0, "dynamics": 0.5, "representation": 0.1},
}
"""The facts of the paper. What the objectives' names stand for in the package is looked up there."""
VARIATIONAL, PREDICTIVE, UNIFIED = (ObjectiveOptions(**weights) for weights in WEIGHTS.values())

CORAL = {"eye": "infonce", "skin": "recon"}


class FlatEncoder(nn.Module):
    """An image encoder for images of a few pixels."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.size = 4
        self.layers = mlp([pixels, self.size])

    def forward(self, image):
        return self.layers(image.flatten(1))


class FlatDecoder(nn.Module):
    """The same for the other direction."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = (shape[2], shape[0], shape[1])
        self.layers = mlp([FEATURES, 5], shape[0] * shape[1] * shape[2])

    def forward(self, features):
        return self.layers(features).unflatten(1, self.shape)


def encoder(sensor):
    if sensor.kind == "image":
        return FlatEncoder(sensor.shape[0] * sensor.shape[1] * sensor.shape[2])
    return MlpEncoder(sensor.shape[0], 5, 2)


def loss(kind, sensor, embedding_size, variance):
    if kind == "infonce":
        return InfoNCE(embedding_size, FEATURES, projection=6, hidden=5, layers=2, scale_lr=2e-3)
    image = sensor.kind == "image"
    return Reconstruction(
        FlatDecoder(sensor.shape) if image else VectorDecoder(FEATURES, sensor.shape[0], 5, 2), variance
    )


def small(losses=CORAL, objective=VARIATIONAL, weights=None, sensors=SENSORS, heads=None, variance=1.0):
    """A representation of the sensors named in ``losses``. Its weights depend on nothing but their shapes."""
    sensors = {name: sensors[name] for name in losses}
    encoders = {name: encoder(sensor) for name, sensor in sensors.items()}
    rssm = GruRssm(
        sum(e.size for e in encoders.values()),
        ACTION,
        HIDDEN,
        LATENT,
        2 * LATENT,
        Gaussians(0.1),
        hidden=5,
        layers=2,
    )
    terms = {
        name: Term(loss(kind, sensors[name], encoders[name].size, variance), (weights or {}).get(name, 1.0))
        for name, kind in losses.items()
    }
    heads = heads or HeadSizes(hidden=5, layers=2, inverse_dynamics=0.7, continues=True)
    model = Representation(sensors, encoders, rssm, terms, objective, heads, ACTION)
    scatter(model)
    return model


@torch.no_grad()
def scatter(model):
    """Random values in every weight and statistic, so that none of them can go missing unseen."""
    random = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=random).mul(0.5).add(0.1))
    for name, value in model.normalization.named_buffers():
        drawn = torch.rand(value.shape, generator=random)
        value.copy_(drawn + 0.5 if name.endswith("_std") else drawn)


def observation(sensor, random, shape=(BATCH, STEPS)):
    if sensor.kind == "image":
        return torch.randint(0, 256, (*shape, *sensor.shape), dtype=torch.uint8, generator=random)
    return torch.randn(*shape, *sensor.shape, generator=random)


def random_batch(sensors=SENSORS, masked=False, missing=False, seed=1, shape=(BATCH, STEPS), actions=ACTION):
    """``masked``: the second episode terminates after two steps. ``missing``: every sensor fails here and there."""
    random = torch.Generator().manual_seed(seed)
    observations = {name: observation(sensor, random, shape) for name, sensor in sensors.items()}
    terminated = torch.zeros(shape, dtype=torch.bool)
    terminated[-1, -1] = True
    mask = torch.ones(shape, dtype=torch.bool)
    if masked:
        terminated[1, 1], mask[1, 2:] = True, False
    gone = {}
    for index, name in enumerate(sensors):
        gone[name] = torch.zeros(shape, dtype=torch.bool)
        gone[name][index % shape[0], index:] = True
        gone[name][-1, 0] = True
    return Batch(
        observations,
        torch.rand(*shape, actions, generator=random) * 2 - 1,
        torch.randn(shape, generator=random),
        terminated,
        mask if masked else None,
        gone if missing else {},
    )

"""A small world in which everything is linear, to be imagined in."""

import torch
from torch import nn

from coral_cli.policies.options import ImaginationOptions
from coral_cli.registry.contracts import Experience

SMALL = ImaginationOptions(hidden=4, layers=1, horizon=4, discount=0.9, trace=0.7)
STATES, H, Z, A = 5, 2, 1, 2


class LinearWorld(nn.Module):
    """h' = h M + a K, z' = h' L, reward = f . r + 0.3 and continue = sigmoid(f . c) or 1; f = [z, h]."""

    def __init__(self, terminates: bool):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        shapes = {"M": (H, H), "K": (A, H), "L": (H, Z), "r": (Z + H,), "c": (Z + H,)}
        self.w = nn.ParameterDict({name: torch.randn(shape, generator=generator) for name, shape in shapes.items()})
        self.h, self.z = torch.randn(STATES, H, generator=generator), torch.randn(STATES, Z, generator=generator)
        self.terminates = terminates

    def step(self, h, z, action):
        h = h @ self.w["M"] + action @ self.w["K"]
        return h, h @ self.w["L"]

    def features(self, h, z):
        return torch.cat([z, h], -1)

    def reward(self, features):
        return features @ self.w["r"] + 0.3

    def continues(self, features):
        return torch.sigmoid(features @ self.w["c"]) if self.terminates else torch.ones(features.shape[:-1])


def learning_from(world):
    """What the agent hands over; only its world matters here."""
    nothing = torch.zeros(1, 2, 1)
    return Experience(nothing, nothing, nothing[..., 0], nothing[..., 0] > 0, world=world)

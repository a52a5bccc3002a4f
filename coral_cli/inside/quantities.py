"""What a probe asks for: the simulator's state, and what the distraction adds to the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from coral_cli.inside.ridge import Parts
from coral_cli.inside.watching import Watched

SIDE = 8
"""The side of a coarse picture, in pixels."""
COMPONENTS = 10
"""The number of principal components that stand for coarse pictures."""

Kind = Literal["state", "distraction"]


@dataclass(frozen=True)
class Split:
    """The episodes to fit probes and decoder to, those by which to choose how, and those that judge."""

    training: Sequence[Watched]
    validation: Sequence[Watched]
    unseen: Sequence[Watched]

    @classmethod
    def of(cls, episodes: Sequence[Watched]) -> Split:
        """Split three episodes or more: the last quarter is unseen, and a quarter of the others chooses."""
        unseen = judging(len(episodes))
        validation = max((len(episodes) - unseen) // 4, 1)
        first = len(episodes) - unseen - validation
        return cls(episodes[:first], episodes[first : first + validation], episodes[first + validation :])

    def parts(self, name: str) -> Parts:
        """Return what the episodes have as ``name`` (``latents``), all steps one after the other."""
        return Parts(
            *(
                torch.cat([getattr(episode, name) for episode in some])
                for some in (self.training, self.validation, self.unseen)
            )
        )


def judging(episodes: int) -> int:
    """Return how many of so many episodes are unseen by readers, and judge them."""
    return max(episodes // 4, 1)


@dataclass(frozen=True)
class Quantity:
    """Something with values (N, D) at every step, which may or may not be in a latent."""

    name: str
    kind: Kind
    values: Parts


def hidden_quantities(split: Split, device: torch.device) -> list[Quantity]:
    """Return the simulator's state by name, as far as the environment tells it."""

    def stacked(some: Sequence[Watched], name: str) -> Tensor:
        return torch.from_numpy(np.concatenate([episode.hidden[name] for episode in some])).to(device, torch.float32)

    names = split.training[0].hidden
    sets = split.training, split.validation, split.unseen
    return [Quantity(name, "state", Parts(*(stacked(some, name) for some in sets))) for name in names]


def distraction_quantities(split: Split, camera: str, device: torch.device) -> list[Quantity]:
    """Return what the distraction adds to the pictures of ``camera``: its mean colour, and a coarse picture of it.

    It is the difference between what the agent sees and the same without distractions, zero where no picture came.
    The coarse one has 8 x 8 pixels, as its principal components in training. There is nothing where pictures are not
    distracted.
    """
    sets = split.training, split.validation, split.unseen
    coarse = [torch.cat([_added(episode, camera, SIDE) for episode in some]) for some in sets]
    if not coarse[0].any():
        return []
    colours = Parts(*(torch.cat([_added(episode, camera, 1) for episode in some]).to(device) for some in sets))
    centre = coarse[0].mean(0)
    components = torch.linalg.svd(coarse[0] - centre, full_matrices=False).Vh[:COMPONENTS].T
    pictures = Parts(*(((picture - centre) @ components).to(device) for picture in coarse))
    return [
        Quantity("mean colour", "distraction", colours),
        Quantity(f"picture of {SIDE}x{SIDE}", "distraction", pictures),
    ]


def _added(episode: Watched, camera: str, side: int) -> Tensor:
    """Return the differences of an episode's pictures as pictures of ``side`` x ``side`` pixels, flat."""
    seen, clean = (torch.from_numpy(np.float32(pictures[camera])) for pictures in (episode.seen, episode.clean))
    added = (seen - clean).permute(0, 3, 1, 2)
    added[torch.from_numpy(episode.missing[camera])] = 0
    return adaptive_avg_pool2d(added, side).flatten(1)

"""Everything that is asked of one agent: readers of its latent, pictures out of it, and what cannot be known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch

from coral_cli.inside.picture_decoder import SMALLEST, taught_decoder
from coral_cli.inside.probing import Reading, read_off
from coral_cli.inside.quantities import Quantity, Split, distraction_quantities, hidden_quantities
from coral_cli.inside.views import Views, picture_shares, views_of
from coral_cli.representation.objective import Representation
from coral_cli.training.agent import Agent

Tell = Callable[[str], object]

REPORTS = 10
"""So many times the decoder's progress is told."""


@dataclass(frozen=True)
class Question:
    """What is asked. ``camera`` None: no camera reaches the latent; ``distracted``: undistracted pictures are known.

    ``updates`` are the decoder's, 0 for no pictures; ``embeddings`` asks readers of the encoders' embeddings, too.
    """

    camera: str | None
    distracted: bool
    updates: int
    embeddings: bool
    seed: int


@dataclass(frozen=True)
class Answer:
    """What was found on unseen episodes. ``views`` are of the first of these; None: there are no pictures.

    ``pictures`` are the shares of the pictures' variance that are decoded, by the number of steps that they were
    foreseen before (0: they were seen). ``notes`` say what could not be known.
    """

    latent: Sequence[Reading]
    embeddings: Sequence[Reading]
    pictures: dict[int, float | None]
    views: Views | None
    notes: Sequence[str]


def look(agent: Agent, split: Split, question: Question, tell: Tell) -> Answer:
    """Teach readers and a decoder on some episodes of ``agent``, and judge them on others; ``tell`` hears of it."""
    notes: list[str] = []
    quantities = _quantities(agent, split, question, notes)
    latent = _read(split, "latents", quantities, question.seed, tell)
    embeddings = _read(split, "embeddings", quantities, question.seed, tell) if question.embeddings else []
    shares, views = (
        _draw(agent, split, question, tell) if question.updates and _drawable(agent, question, notes) else ({}, None)
    )
    return Answer(latent, embeddings, shares, views, notes)


def _quantities(agent: Agent, split: Split, question: Question, notes: list[str]) -> list[Quantity]:
    found = hidden_quantities(split, agent.device)
    if not found:
        notes.append("the environment tells no hidden state, so nothing is asked of it")
    if question.camera and question.distracted:
        found += distraction_quantities(split, question.camera, agent.device)
    return found


def _read(split: Split, name: str, quantities: Sequence[Quantity], seed: int, tell: Tell) -> list[Reading]:
    if quantities:
        tell(f"readers of the {name}")
    return read_off(split.parts(name), quantities, seed)


def _drawable(agent: Agent, question: Question, notes: list[str]) -> bool:
    """Return whether pictures can be decoded; note why not."""
    if question.camera is None:
        notes.append("no camera reaches the latent, so there are no pictures")
        return False
    height, width, _ = agent.sensors[question.camera].shape
    if min(height, width) < SMALLEST:
        notes.append(
            f"pictures of {height}x{width} are too small for the decoder, which takes {SMALLEST} pixels a side"
        )
        return False
    return True


def _draw(agent: Agent, split: Split, question: Question, tell: Tell) -> tuple[dict[int, float | None], Views]:
    model, camera = cast("Representation", agent.representation), cast("str", question.camera)
    normal = partial(model.normalization, camera)
    every = max(question.updates // REPORTS, 1)

    def told(update: int, error: float) -> None:
        if update % every == 0 or update == question.updates:
            tell(f"decoder {update:,}/{question.updates:,}  error {error:.2g}")

    known = [*split.training, *split.validation]
    latents = torch.cat([episode.latents for episode in known])
    pictures = torch.cat([episode.wanted(camera) for episode in known])
    decoder = taught_decoder(latents, pictures, normal, question.updates, question.seed, told)
    shares = picture_shares(model, decoder, split.unseen, camera, normal, question.seed)
    return shares, views_of(model, decoder, split.unseen[0], camera, question.distracted, question.seed)

"""What an unseen episode looks like from inside: decoded, foreseen, and where the agent looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coral_cli.inside.open_loop import foreseen
from coral_cli.inside.picture_decoder import AT_ONCE, Normal, PictureDecoder
from coral_cli.inside.ridge import explained
from coral_cli.inside.saliency import saliency
from coral_cli.inside.watching import Watched
from coral_cli.representation.batch import FAR
from coral_cli.representation.objective import Representation
from coral_cli.runs.video import Frame, in_colours

AHEAD = 15
"""So many steps are foreseen from a state."""
JUDGED = (1, 5, AHEAD)
"""The numbers of steps ahead that are told apart in numbers."""
DIRECTIONS = 8
"""The number of random directions of the latent whose gradients make up a saliency map."""
BRIGHTEST = 0.995
"""The share of an episode's saliency that is darker than white."""


@dataclass(frozen=True)
class Views:
    """An episode's pictures (L + 1, H, W, 3) uint8.

    ``seen`` is what the agent sees, ``clean`` what it would see undistracted (None: nothing is distracted, or nobody
    knows), ``decoded`` comes from the latent. ``ahead`` is decoded from what was foreseen at the last of the steps 0,
    15, 30, ... before, ``salient`` where a pixel would change the latent.
    """

    seen: Frame
    clean: Frame | None
    decoded: Frame
    ahead: Frame
    salient: Frame


def views_of(
    model: Representation, decoder: PictureDecoder, episode: Watched, camera: str, distracted: bool, seed: int
) -> Views:
    """Return the pictures of ``episode``, as ``camera`` has them."""
    seen, kind = episode.seen[camera], episode.seen[camera].dtype
    return Views(
        _coloured(seen),
        _coloured(episode.clean[camera]) if distracted and episode.clean else None,
        _raw(decoder.drawn(episode.latents), kind),
        _raw(decoder.drawn(ahead_of(model, episode, seed)), kind),
        _heat(_coloured(seen), salience_of(model, episode, camera, seed)),
    )


def ahead_of(model: Representation, episode: Watched, seed: int) -> Tensor:
    """Return latents (L + 1, F) as they were foreseen, 15 steps at a time; the first is the episode's own."""
    starts = torch.arange(0, max(episode.length, 1), AHEAD, device=episode.actions.device)
    steps = starts[:, None] + torch.arange(1, AHEAD + 1, device=starts.device)
    actions = episode.actions[steps.clamp(max=episode.length)]
    with torch.random.fork_rng([starts.device] if starts.device.type == "cuda" else []):
        torch.manual_seed(seed)
        latents = foreseen(model.rssm, episode.h[starts], episode.z[starts], actions)
    return torch.cat([episode.latents[:1], latents.flatten(0, 1)[: episode.length]])


def picture_shares(
    model: Representation, decoder: PictureDecoder, episodes: Sequence[Watched], camera: str, normal: Normal, seed: int
) -> dict[int, float | None]:
    """Return which share of the pictures' variance is decoded, by how many steps before it was foreseen; 0: seen.

    A static background has none. There is nothing for steps that no episode has.
    """
    shares = {0: _share(decoder, [(each.latents, each.wanted(camera)) for each in episodes], normal)}
    for ahead in JUDGED:
        long = [episode for episode in episodes if episode.length >= ahead]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            pairs = [(_ahead(model, each, ahead), each.wanted(camera)[ahead:]) for each in long]
        if pairs:
            shares[ahead] = _share(decoder, pairs, normal)
    return shares


def _share(decoder: PictureDecoder, pairs: Sequence[tuple[Tensor, Tensor]], normal: Normal) -> float | None:
    """Return R2 of the pictures decoded from latents (N, F) for raw pictures (N, H, W, C)."""
    drawn = torch.cat([decoder.drawn(latents) for latents, _ in pairs])
    true = torch.cat([normal(pictures.to(drawn.device)) for _, pictures in pairs])
    return explained(drawn.flatten(1), true.flatten(1))


def _ahead(model: Representation, episode: Watched, steps: int) -> Tensor:
    """Return the latents (L + 1 - steps, F) of every step that was foreseen so many steps before."""
    starts = torch.arange(episode.length + 1 - steps, device=episode.actions.device)
    actions = episode.actions[starts[:, None] + torch.arange(1, steps + 1, device=starts.device)]
    return foreseen(model.rssm, episode.h[starts], episode.z[starts], actions)[:, -1]


def salience_of(model: Representation, episode: Watched, camera: str, seed: int) -> NDArray[np.float32]:
    """Return by how much each pixel of the camera's pictures would change the mean of the posterior, (L + 1, H, W).

    It is 0 where no picture came.
    """
    sizes = {name: encoder.size for name, encoder in model.encoders.items()}
    device = episode.latents.device
    draws = torch.Generator().manual_seed(seed)
    directions = torch.randn(DIRECTIONS, episode.z.shape[1], generator=draws) / DIRECTIONS**0.5
    maps = []
    for steps in torch.arange(episode.length + 1).split(AT_ONCE):
        raw = torch.from_numpy(np.ascontiguousarray(episode.seen[camera][steps.numpy()])).to(device)
        embeddings = dict(zip(sizes, episode.embeddings[steps].split(list(sizes.values()), 1), strict=True))
        latent = _posterior(model, camera, embeddings, episode.h[steps])
        maps.append(saliency(latent, model.normalization(camera, raw), directions.to(device)).cpu())
    found: NDArray[np.float32] = torch.cat(maps).numpy()
    found[episode.missing[camera]] = 0
    return found


def _posterior(
    model: Representation, camera: str, embeddings: dict[str, Tensor], h: Tensor
) -> Callable[[Tensor], Tensor]:
    """Return what maps pictures (N, C, H, W) of ``camera`` to the posterior's mean (N, Z), all else as it was."""

    def latent(pictures: Tensor) -> Tensor:
        parts = {**embeddings, camera: model.encoders[camera](pictures)}
        mean: Tensor = model.rssm.update(h, torch.cat(list(parts.values()), -1)).mean
        return mean

    return latent


def _raw(pictures: Tensor, kind: np.dtype[Any]) -> Frame:
    """Return the model's pictures (N, C, H, W) as people see them, (N, H, W, 3)."""
    values = pictures.permute(0, 2, 3, 1).cpu().numpy() + 0.5
    return _coloured(np.rint(255 * values.clip(0, 1)).astype(np.uint8) if kind == np.uint8 else FAR * values)


def _coloured(pictures: NDArray[Any]) -> Frame:
    """Return a camera's pictures (N, H, W, C) in colours; near is bright where they are of depth."""
    if pictures.dtype != np.uint8:
        pictures = (255 * (1 - np.clip(pictures / FAR, 0, 1))).astype(np.uint8)
    return np.stack([in_colours(picture) for picture in pictures])


def _heat(pictures: Frame, found: NDArray[np.float32]) -> Frame:
    """Return grey, dark pictures on which what counts glows, from red to white; all maps have the same scale."""
    scale = max(float(np.quantile(found, BRIGHTEST)), float(np.finfo(np.float32).tiny))
    glow = np.clip(3 * np.clip(found / scale, 0, 1)[..., None] - np.arange(3), 0, 1)  # black, red, yellow, white
    grey = pictures.mean(-1, keepdims=True) / 255
    mixed: Frame = np.rint(255 * np.maximum(0.3 * grey, glow)).astype(np.uint8)
    return mixed

"""A decoder of pictures learns from latents that stay as they are."""

from __future__ import annotations

import numpy as np
import torch

from coral_cli.inside.picture_decoder import taught_decoder
from coral_cli.inside.ridge import explained
from coral_cli.plugin import Sensor
from coral_cli.representation.batch import Normalization

SIDE = 32
NORMAL = Normalization({"eye": Sensor("eye", "image", (SIDE, SIDE, 3))})


def normal(pictures: torch.Tensor) -> torch.Tensor:
    return NORMAL("eye", pictures)


def bars(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents (N, 3), of which the first says which half of the picture is bright."""
    latents = torch.randn(count, 3, generator=torch.Generator().manual_seed(seed))
    pictures = np.full((count, SIDE, SIDE, 3), 30, np.uint8)
    for picture, latent in zip(pictures, latents, strict=True):
        picture[:, : SIDE // 2] += np.uint8(200 if latent[0] > 0 else 0)
    return latents, torch.from_numpy(pictures)


def test_it_draws_what_the_latent_says() -> None:
    told: list[int] = []
    decoder = taught_decoder(*bars(200, 0), normal, 120, seed=0, tell=lambda update, error: told.append(update))
    assert told == list(range(1, 121))
    latents, pictures = bars(50, 1)
    share = explained(decoder.drawn(latents).flatten(1), normal(pictures).flatten(1))
    assert share is not None and share > 0.8


def test_without_updates_it_draws_little_but_the_mean_picture() -> None:
    latents, pictures = bars(50, 0)
    decoder = taught_decoder(latents, pictures, normal, 0, seed=0, tell=lambda *_: None)
    torch.testing.assert_close(decoder.mean, normal(pictures).mean(0))
    assert (decoder.drawn(latents) - decoder.mean).abs().max() < 0.3


def test_a_seed_decides_and_the_callers_random_stream_stays() -> None:
    before = torch.random.get_rng_state()
    first, again, other = (
        taught_decoder(*bars(40, 0), normal, 2, seed, lambda *_: None).drawn(bars(4, 1)[0]) for seed in (3, 3, 4)
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, again) and not torch.equal(first, other)

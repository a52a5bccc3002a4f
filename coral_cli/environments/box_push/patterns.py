"""Images that tables and floors are covered with: grey levels, so that a colour can be chosen, without seams."""

from __future__ import annotations

import functools

import numpy as np

SIDE = 64  # texels


@functools.cache
def pattern_images() -> dict[str, np.ndarray]:
    """Draw the images, (SIDE, SIDE, 3) uint8 by name, ``pattern0`` and so on."""
    rng = np.random.default_rng(0)
    v, u = np.indices((SIDE, SIDE)) / SIDE
    images = (
        _wave(8 * u + 0.12 * _clouds(rng)) + 0.3 * _clouds(rng),  # wood
        _wave(2 * u + v + 0.5 * _clouds(rng)),  # marble
        np.where((4 * u % 1 < 0.12) | (4 * v % 1 < 0.12), -1, 1 + 0.3 * _clouds(rng)),  # tiles
        np.where((4 * u % 1 < 0.5) == (4 * v % 1 < 0.5), -1, 1),  # checkers
        0.7 * _clouds(rng),  # concrete
        2.0 * (rng.random((SIDE, SIDE)) < 0.85) - 1,  # terrazzo
        _wave(12 * u) * _wave(12 * v),  # cloth
        np.repeat(rng.uniform(-1, 1, 8), SIDE // 8)[None].repeat(SIDE, 0) + 0.2 * _clouds(rng),  # planks
    )
    return {f"pattern{index}": _grey(image) for index, image in enumerate(images)}


def _wave(turns: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.pi * turns)


def _clouds(rng: np.random.Generator) -> np.ndarray:
    """Draw periodic noise (SIDE, SIDE) of unit variance, mostly of low frequencies."""
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)) * SIDE
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) / (1 + frequency**2), s=(SIDE, SIDE))
    clouds: np.ndarray = (noise - noise.mean()) / noise.std()
    return clouds


def _grey(values: np.ndarray) -> np.ndarray:
    """Return values as grey (SIDE, SIDE, 3) uint8: -1 becomes 115, 1 white."""
    grey = np.clip(185 + 70 * values, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)

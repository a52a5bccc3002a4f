"""The procedural texture behind the agent: spectrum, motion and colours as in natural images."""

from itertools import pairwise

import numpy as np
import pytest

from coral_cli.environments.distractions.texture import FINE, Texture, pink_noise


def film(count, seed=0, contrast=30.0, speed=0.01, split="training", size=(76, 76)):
    """(T, H, W, 3) in float."""
    texture = Texture(*size, contrast, speed, split)
    texture.begin(np.random.default_rng(seed))
    return np.array([texture.frame() for _ in range(count)]).astype(float)


def power_slope(images):
    """The exponent of frequency in the power spectrum of square images (N, H, H): a line through rings' averages."""
    side = images.shape[1]
    window = np.outer(np.hanning(side), np.hanning(side))
    images = images - (images * window).sum((1, 2), keepdims=True) / window.sum()
    power = np.square(np.abs(np.fft.fft2(images * window))).mean(0)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    edges = np.geomspace(0.05, 0.35, 10)
    rings = [(frequency >= low) & (frequency < high) for low, high in pairwise(edges)]
    points = [(np.log(frequency[ring].mean()), np.log(power[ring].mean())) for ring in rings]
    return np.polyfit(*np.transpose(points), 1)[0]


def test_the_power_spectrum_falls_as_in_natural_images():
    frames = np.concatenate([film(1, seed) for seed in range(12)])
    for channel in range(3):
        assert -2.35 < power_slope(frames[..., channel]) < -1.75
    white = np.random.default_rng(0).normal(size=(12, 76, 76))
    assert abs(power_slope(white)) < 0.1


def test_every_frequency_has_the_power_of_natural_images_seen_by_a_camera():
    """1 / f^2 times what a square pixel lets through, in all directions, and nothing more at the final size."""
    fields = pink_noise(np.random.default_rng(0), (600,), 16)
    assert fields.shape == (600, 16 * FINE, 16 * FINE)
    power = np.square(np.abs(np.fft.fft2(fields[:, 1::FINE, 1::FINE]))).mean(0)
    k = np.r_[1:8, -7:0]
    y, x = k[:, None] / 16, k / 16
    expected = (np.sin(np.pi * y) * np.sin(np.pi * x) / (np.pi**2 * x * y)) ** 2 / (x**2 + y**2)
    ratio = power[np.ix_(k, k)] / expected
    assert np.abs(np.log(ratio / np.median(ratio))).max() < 0.25
    assert max(power[0, 0], power[8].max(), power[:, 8].max()) < 1e-6 * power[np.ix_(k, k)].min()


def test_motion_is_smooth():
    """Successive frames resemble each other, less the longer apart."""
    by_lag = []
    for seed in range(4):
        frames = film(120, seed).reshape(120, -1)
        frames = (frames - frames.mean(1, keepdims=True)) / frames.std(1, keepdims=True)
        by_lag.append([(frames[:-lag] * frames[lag:]).mean() for lag in (1, 2, 4, 8, 16, 32)])
    assert np.min(by_lag, axis=0)[0] > 0.8
    mean = np.mean(by_lag, axis=0)
    assert (np.diff(mean) < -0.02).all() and mean[-1] < 0.5


def test_slow_motion_moves_by_half_pixels_and_never_jumps():
    for seed in range(3):
        frames = film(60, seed, speed=0.002)  # a seventh of a pixel per step
        changes = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
        assert (changes > 0).all()
        beyond = np.abs(frames[0, 1:] - frames[0, :-1]).mean()  # what a whole pixel would change
        assert changes.max() < beyond


def test_contrast_is_the_standard_deviation_of_brightness():
    """Over many frames and episodes, for a single image sees only a part of the longest waves."""
    films = [film(150, seed, contrast=25.0, speed=0.05)[::7].mean(-1) for seed in range(12)]
    assert np.mean([np.std(brightness) for brightness in films]) == pytest.approx(25, rel=0.1)


def test_channels_resemble_each_other_but_are_not_grey():
    frames = np.concatenate([film(1, seed) for seed in range(12)])
    frames = frames - frames.mean((1, 2), keepdims=True)
    correlation = np.corrcoef(frames.reshape(-1, 3).T)
    assert 0.75 < correlation[0, 1] < 0.97 and 0.75 < correlation[1, 2] < 0.97
    assert 0.5 < correlation[0, 2] < correlation[0, 1]


def test_slower_is_slower_and_zero_stands_still():
    def change(speed):
        frames = film(20, speed=speed)
        return np.abs(np.diff(frames, axis=0)).mean()

    assert change(0.0) == 0 < change(0.003) < change(0.02)


def test_training_and_evaluation_textures_differ():
    training, evaluation = film(1), film(1, split="evaluation")
    assert np.array_equal(training, film(1))
    edges = [np.diff(frames, axis=2).ravel() for frames in (training, evaluation)]  # without what any two may share
    assert abs(np.corrcoef(edges)[0, 1]) < 0.05

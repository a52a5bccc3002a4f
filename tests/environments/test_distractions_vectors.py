"""Noise and drop-out on vectors."""

import numpy as np
import pytest

from coral_cli.environments.distractions.records import DISTRACTIONS
from coral_cli.plugin import Sensor
from coral_cli.registry.options import with_values

RECORDS = {record.name: record for record in DISTRACTIONS}
PROPRIO = Sensor("proprio", "vector", (3,))


def episode(name, values, seed=0, **options):
    record = RECORDS[name]
    module = record.build(with_values(record.options, options), PROPRIO, "training")
    module.begin(np.random.default_rng(seed), None)
    return [module.change(value.copy(), None) for value in values]


def test_absolute_noise_is_in_each_values_own_unit():
    values = np.tile(np.float32([0.0, 1.0, -100.0]), (4000, 1))
    noisy = np.array(episode("proprio-noise", values, std=0.2))
    assert noisy.dtype == np.float32 and noisy.shape == values.shape
    assert np.allclose((noisy - values).std(0), 0.2, atol=0.01)
    assert np.allclose((noisy - values).mean(0), 0, atol=0.02)


def test_relative_noise_is_a_fraction_of_each_values_magnitude():
    values = np.tile(np.float32([0.0, 1.0, -100.0]), (4000, 1))
    noise = np.array(episode("proprio-noise", values, std=0.2, scale="relative")) - values
    assert not noise[:, 0].any()
    assert np.allclose(noise.std(0)[1:], [0.2, 20], rtol=0.05)


def test_dropped_vectors_are_nothing_or_zero_at_their_rate():
    values = np.random.default_rng(1).normal(size=(4000, 3)).astype(np.float32)
    missing = episode("proprio-dropout", values, probability=0.3)
    zeros = episode("proprio-dropout", values, probability=0.3, mode="zero")
    dropped = np.array([value is None for value in missing])
    assert dropped.mean() == pytest.approx(0.3, abs=0.025)
    assert (dropped[1:] & dropped[:-1]).mean() == pytest.approx(0.09, abs=0.02)  # independent
    assert dropped.tolist() == [not value.any() for value in zeros]
    assert all(value.dtype == np.float32 and value.shape == (3,) for value in zeros)
    assert all(np.array_equal(a, b) for a, b, gone in zip(missing, values, dropped, strict=True) if not gone)


@pytest.mark.parametrize("name", ["proprio-noise", "proprio-dropout"])
def test_the_generator_determines_an_episode(name):
    values = np.ones((50, 3), np.float32)
    as_rows = [
        [None if value is None else value.tolist() for value in episode(name, values, seed)] for seed in (3, 3, 4)
    ]
    assert as_rows[0] == as_rows[1] != as_rows[2]

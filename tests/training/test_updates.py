"""What updates draw: pictures cropped at random, as they were stored."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from coral_cli.plugin import Sensor
from coral_cli.training.batches import Batching
from coral_cli.training.updates import Updates

from .test_replay import SENSORS, episode, filled

SEEN = {**SENSORS, "image": Sensor("image", "image", (4, 6, 3))}


class Looking:
    """A learner that keeps its batches."""

    agent = SimpleNamespace(device=torch.device("cpu"), sensors=SEEN)

    def __init__(self):
        self.batches = []

    def set_rates(self, steps):
        pass

    def update(self, batch, shares):
        self.batches.append(batch)
        return {}


def updated(updates=30, **values):
    learner = Looking()
    doing = Updates(learner, filled(), Batching(**{"seed": 0, "batch_size": 4, "batch_length": 3, **values}))
    for _ in range(updates):
        doing.do()
    return learner.batches


def test_pictures_of_a_batch_are_windows_of_those_stored_at_one_random_place_for_each_sequence():
    corners = set()
    for batch in updated(crop_margin=2):
        pictures = batch.observations["image"].numpy()
        assert pictures.shape == (4, 3, 4, 6, 3) and pictures.dtype == np.uint8
        for sequence, values in zip(pictures, batch.rewards.int().tolist(), strict=True):
            top, left = sequence[0, 0, 0, :2].tolist()  # the first two channels hold the row and the column
            corners.add((top, left))
            for picture, value in zip(sequence, values, strict=True):
                number, step = divmod(value, 100)
                stored = episode(number, 10)["image"][step]
                np.testing.assert_array_equal(picture, stored[top : top + 4, left : left + 6])
    assert corners == {(top, left) for top in range(3) for left in range(3)}


@pytest.mark.parametrize("margin", [0, 2])
def test_nothing_but_pictures_is_cropped(margin):
    (batch,) = updated(1, crop_margin=margin)
    np.testing.assert_array_equal(batch.observations["skin"][..., 0], batch.rewards)
    assert batch.observations["image"].shape[2:] == (6 - margin, 8 - margin, 3)

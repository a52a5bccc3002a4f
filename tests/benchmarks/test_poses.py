"""What poses are drawn for the probe of box-push's pictures, and what it measures."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

FILE = Path(__file__).parents[2] / "benchmarks" / "poses.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("benchmark_of_poses", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_share_that_is_explained_by_hand(script):
    true = torch.tensor([[0.0, 1.0], [2.0, 3.0]])  # variance 1 each
    assert script.explained(true, true).tolist() == [1, 1]
    assert script.explained(torch.tensor([[1.0, 1.5], [1.0, 2.5]]), true).tolist() == [0, 0.75]


def test_near_targets_are_as_far_as_they_are_said_to_be(script):
    random = np.random.default_rng(0)
    pairs = np.array([script.sampled(random, near=True) for _ in range(2000)])
    apart = pairs[:, 1] - pairs[:, 0]
    assert apart[:, 2].std() == pytest.approx(0.7, rel=0.05)
    assert np.sqrt(np.square(apart[:, :2]).sum(1).mean()) == pytest.approx(0.05, rel=0.15)  # a little less at the edges
    far = np.array([script.sampled(random, near=False) for _ in range(2000)])
    assert abs(np.corrcoef(far[:, 0, 2], far[:, 1, 2])[0, 1]) < 0.1


def test_a_picture_shows_what_is_asked_about(script):
    images, yaws = script.pictures("halves", ["image", "wrist"], near=False, count=3, seed=1)
    again, same = script.pictures("halves", ["wrist"], near=False, count=3, seed=1)
    assert images["image"].shape == (3, 64, 64, 3) and images["wrist"].shape == (3, 32, 32, 3) and yaws.shape == (3, 6)
    assert (images["wrist"] == again["wrist"]).all() and (yaws == same).all()
    assert all(len(torch.unique(each.reshape(3, -1), dim=0)) == 3 for each in images.values())
    tray, target, between = np.arctan2(yaws[:, 1::2].numpy(), yaws[:, ::2].numpy()).T
    assert np.exp(1j * (tray - target)) == pytest.approx(np.exp(1j * between), abs=1e-5)

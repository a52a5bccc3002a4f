"""What is read on a device is what the replay would have given."""

import numpy as np
import pytest
import torch

from coral_cli.training.replay import Replay
from coral_cli.training.replay_on_gpu import ReplayOnGpu

from .test_replay import SENSORS, episode

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("margin", [0, 2])
def test_batches_are_the_replays(device, margin):
    """While the ring fills, wraps and forgets; with short episodes, and sensors that give nothing at times."""
    replay = Replay(SENSORS, 1, 40)
    on_gpu = ReplayOnGpu(replay, torch.device(device))
    streams = [np.random.default_rng(3), np.random.default_rng(3)]
    seen = set()
    for number in range(12):
        gone = {"missing": np.arange(2 * 9).reshape(9, 2) % 5 == 0} if number == 5 else {}
        replay.add(episode(number, 9 if number % 3 else 4) | ({} if number % 3 == 0 else gone))
        expected = replay.sample(5, 6, streams[0], margin)
        found = on_gpu.read(replay.draw(5, 6, streams[1], margin))
        seen |= found.keys()
        assert found.keys() == expected.keys()
        for name, array in expected.items():
            assert found[name].device.type == device and found[name].dtype == torch.from_numpy(array).dtype
            np.testing.assert_array_equal(found[name].cpu().numpy(), array, name)
    assert {"mask", "missing/image"} <= seen


def test_nothing_moves_where_there_is_no_gpu():
    assert not ReplayOnGpu.fits(Replay(SENSORS, 1, 40), torch.device("cpu"))

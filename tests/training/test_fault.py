"""Where numbers stop being finite."""

import pytest
import torch

from coral_cli.training.batches import Batching
from coral_cli.training.fault import first_not_finite
from coral_cli.training.finiteness import finite
from coral_cli.training.replay import Replay

from .walk import SENSORS, learner

BATCHING = Batching(seed=0, batch_size=2, batch_length=4, crop_margin=0)


@pytest.fixture
def replay():
    replay = Replay(SENSORS, 1, 20)
    zeros = torch.zeros(10, 2).numpy()
    replay.add({"place": zeros, "action": zeros[:, :1], "reward": zeros[:, 0], "terminated": zeros[:, 0] > 0})
    return replay


def test_what_is_finite():
    nan = torch.tensor([0.0, float("nan")])
    assert finite({"a": [torch.ones(2), (3, "nan", None)], "b": torch.tensor([1])})
    assert not finite({"a": {"b": [torch.ones(2), nan]}}) and not finite(torch.tensor(float("inf")))


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("encoders.place", "--place-encoder: an embedding is not finite"),
        ("rssm.gru", "--rssm: h of scan is not finite"),
        ("losses.place", "--place-loss: its value is not finite"),
    ],
)
def test_the_first_component_is_named_and_not_what_follows(part, found, replay):
    broken = learner()
    weights = {name: value.clone() for name, value in broken.agent.weights().items()}
    for name in weights:
        if name.startswith(part):
            weights[name].fill_(float("nan"))
    assert first_not_finite(broken, replay, BATCHING, lambda: weights) == ""  # its own are finite, and do no harm
    for value in broken.agent.representation.parameters():  # as after an update with such a gradient
        value.data.fill_(float("nan"))
    assert first_not_finite(broken, replay, BATCHING, lambda: weights) == found


def test_nobody_is_named_where_earlier_weights_do_no_harm(replay):
    broken = learner()
    weights = {name: value.clone() for name, value in broken.agent.weights().items()}
    for value in broken.agent.representation.parameters():
        value.data.fill_(float("inf"))
    assert first_not_finite(broken, replay, BATCHING, lambda: weights) == ""

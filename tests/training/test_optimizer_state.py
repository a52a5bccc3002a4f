"""What a checkpoint holds of an optimiser: given back as it was, or refused in one sentence."""

import copy

import pytest
import torch

from coral_cli.registry.errors import UnreadableError
from coral_cli.training.optimizer_state import load_optimizer

from ..runs.malformed import changed, places

TENSORS = (torch.ones(3), torch.ones(2, 2, dtype=torch.int8))


def stepped(kind=torch.optim.Adam, **options):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    optimizer = kind(model.parameters(), lr=1e-3, **options)
    step(model, optimizer)
    return model, optimizer


def step(model, optimizer):
    optimizer.zero_grad()
    model(torch.ones(1, 3)).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.Adafactor])
def test_an_optimizer_goes_on_as_it_would_have(kind):
    model, optimizer = stepped(kind)
    other = copy.deepcopy(model)
    fresh = kind(other.parameters(), lr=1e-3)
    load_optimizer(fresh, copy.deepcopy(optimizer.state_dict()), "model")
    step(model, optimizer)
    step(other, fresh)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("wrong", [None, "", -1, 1e99, float("nan"), True, [], {}, *TENSORS], ids=str)
def test_what_is_not_refused_can_be_gone_on_with(wrong):
    _, optimizer = stepped()
    state, refused = optimizer.state_dict(), 0
    for place in places(state):
        model, _ = stepped()
        fresh = torch.optim.Adam(model.parameters(), lr=1e-3)
        try:
            load_optimizer(fresh, changed(state, place, wrong), "model")
        except UnreadableError as error:
            assert "'model'" in error.message and "\n" not in error.message
            refused += 1
        else:
            fresh.param_groups[0]["capturable"] = False  # as the agent has it on a processor
            step(model, fresh)
    assert refused > 4
    with pytest.raises(UnreadableError):
        load_optimizer(fresh, wrong, "model")

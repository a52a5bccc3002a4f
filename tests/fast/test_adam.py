"""Adam without torch's compiler: torch's own steps and states, and nothing of the compiler in memory."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from coral_cli.fast.adam import Adam

STEPS = """
import sys, torch
from coral_cli.fast.adam import Adam
weight = torch.nn.Parameter(torch.ones(3))
adam = Adam([weight], 0.5, fused=True)
weight.grad = torch.tensor([1.0, -2.0, 0.0])
adam.step()
adam.load_state_dict(adam.state_dict())
adam.zero_grad()
print([round(x, 6) for x in weight.tolist()], weight.grad, "torch._dynamo" in sys.modules)
"""


def test_the_compiler_is_not_imported():
    """The first step of Adam is the learning rate against the gradient's sign."""
    run = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    assert run.stdout == "[0.5, 1.5, 1.0] None False\n"


@pytest.mark.parametrize("fused", [False, True])
def test_steps_and_states_are_torch_s(fused):
    """Also where the one goes on from the other's state."""
    torch.manual_seed(0)
    start, gradients = torch.randn(4, 3), torch.randn(6, 4, 3)
    weights = [nn.Parameter(start.clone()) for _ in range(2)]
    ours, theirs = (
        kind([weight], 0.1, fused=fused) for kind, weight in zip((Adam, torch.optim.Adam), weights, strict=True)
    )
    for number, gradient in enumerate(gradients):
        if number == 3:
            swapped = theirs.state_dict(), ours.state_dict()
            ours.load_state_dict(swapped[0])
            theirs.load_state_dict(swapped[1])
        for optimizer, weight in zip((ours, theirs), weights, strict=True):
            weight.grad = gradient.clone()
            optimizer.step()
        torch.testing.assert_close(*weights, rtol=0, atol=0)
    assert not torch.equal(weights[0], start)


def test_a_closure_is_called_with_gradients():
    weight = nn.Parameter(torch.tensor([2.0]))
    adam = Adam([weight], 0.5)

    def closure():
        adam.zero_grad()
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert adam.step(closure).item() == 4 and weight.item() == pytest.approx(1.5)


def test_groups_keep_their_rates():
    fast, slow = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    adam = Adam([{"params": [fast], "lr": 0.5}], 0.1)
    adam.add_param_group({"params": [slow]})
    (fast.sum() + slow.sum()).backward()
    adam.step()
    assert (fast.item(), slow.item()) == (pytest.approx(0.5), pytest.approx(0.9))

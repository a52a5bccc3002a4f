"""Work on the side is the same work in the order of the program: values and gradients."""

from contextlib import nullcontext

import pytest
import torch

from coral_cli.fast.streams import SideStream, current

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class InOrder:
    """The plain twin: nothing is on the side."""

    def fork(self):
        pass

    def joined(self):
        return nullcontext()


def learned(side, forks=True, rounds=5):
    """The values and gradients of what two learners make of the same, one of them on the side, round by round."""
    torch.manual_seed(0)
    size = 512 if DEVICE.type == "cuda" else 16
    one, other = ((torch.randn(size, size, device=DEVICE) / size**0.5).requires_grad_() for _ in range(2))
    seen, found = torch.randn(size, size, device=DEVICE), []
    for _ in range(rounds):
        seen = seen.tanh()
        if forks:
            side.fork()
        value = seen @ one
        for _ in range(4):
            value = (value @ one).tanh()
        (gradient,) = torch.autograd.grad(value.sum(), one)
        with side.joined():
            beside = (seen @ other).tanh()
            (of_other,) = torch.autograd.grad(beside.sum(), other)
            other = (other - 0.1 * of_other).detach().requires_grad_()
        one = (one - 0.1 * gradient).detach().requires_grad_()
        seen = seen + (value + beside).detach()
        found += [value.detach(), gradient, beside.detach(), of_other]
    return found


@pytest.mark.parametrize("forks", [True, False])
def test_what_is_learned_on_the_side_is_what_is_learned_in_order(forks):
    with current(DEVICE):
        for ours, plain in zip(learned(SideStream(DEVICE), forks), learned(InOrder()), strict=True):
            torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(DEVICE.type == "cpu", reason="no GPU")
def test_work_on_the_side_has_a_stream_of_its_own():
    side = SideStream(DEVICE)
    side.fork()
    with side.joined():
        assert torch.cuda.current_stream() != torch.cuda.default_stream()
    assert torch.cuda.current_stream() == torch.cuda.default_stream()

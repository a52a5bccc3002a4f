"""Random numbers come from where a mode says, and what cannot is refused."""

import pytest
import torch

from coral_cli.exporting.draws import Draw, giving, noting
from coral_cli.registry.errors import CoralError

DRAWS = {
    "randn_like": (lambda: torch.randn_like(torch.zeros(2, 3)), "normal"),
    "rand_like": (lambda: torch.rand_like(torch.zeros(2, 3)), "uniform"),
    "randn": (lambda: torch.randn(2, 3), "normal"),
    "rand of a size": (lambda: torch.rand((2, 3)), "uniform"),
    "normal_": (lambda: torch.zeros(2, 3).normal_(1.0, 2.0), "normal"),
    "uniform_": (lambda: torch.zeros(2, 3).uniform_(-1, 1), "uniform"),
}
CHANGED = {"normal_": lambda x: 1 + 2 * x, "uniform_": lambda x: 2 * x - 1}


@pytest.mark.parametrize("name", DRAWS)
def test_numbers_are_noted_and_given(name):
    draw, kind = DRAWS[name]
    drawn = []
    with noting(drawn):
        first = draw()
    ((what, numbers),) = drawn
    assert what == Draw(kind, (3,))
    torch.testing.assert_close(first, CHANGED.get(name, lambda x: x)(numbers))
    with giving([numbers]):
        assert torch.equal(draw(), first)
    assert not torch.equal(draw(), first)


def test_other_draws_cannot_be_an_input():
    for draw in (lambda: torch.bernoulli(torch.ones(2)), lambda: torch.nn.functional.dropout(torch.ones(2))):
        with noting([]), pytest.raises(CoralError, match="cannot be made an input"):
            draw()

"""The losses in plugins/, by two processes that learn together: their mean gradients are those of one process.

As a program, ``python test_losses_side_by_side.py DIRECTORY RANK`` saves what one of the two computes.
"""

import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from coral_cli.parallel import ranks
from coral_cli.plugin import LossBatch
from coral_loss_barlow.loss import Barlow
from coral_loss_masked.loss import MaskedLatents

EMBEDDING, FEATURES, SEQUENCES, STEPS = 5, 4, 4, 6
LOSSES = {
    "barlow": lambda: Barlow(EMBEDDING, FEATURES, 3, hidden=6, layers=1, redundancy=0.3),
    "masked": lambda: MaskedLatents(EMBEDDING, FEATURES, 0.5, 2, width=8, heads=2, layers=1),
}


def alternating(sequences: int, steps: int, *_: object) -> Tensor:
    """The same steps are hidden wherever a sequence is."""
    return (torch.arange(steps) % 2 == 0).expand(sequences, steps)


def learned(name: str, masked: bool) -> list[Tensor]:
    """The gradients of this process's share, averaged over all processes; the first sequences are short if masked."""
    torch.manual_seed(0)
    module = LOSSES[name]()
    embedding, features = torch.randn(SEQUENCES, STEPS, EMBEDDING), torch.randn(SEQUENCES, STEPS, FEATURES)
    mask = torch.arange(STEPS) < torch.tensor([2, 3, 6, 6])[:, None]
    part = ranks.part(SEQUENCES)
    batch = LossBatch(embedding[part], embedding[part], features[part], mask[part] if masked else None)
    with patch("coral_loss_masked.loss.hidden_steps", alternating):
        module(batch)[0].backward()
    ranks.average_gradients(module.parameters())
    return [parameter.grad for parameter in module.parameters()]


def every() -> dict[str, list[Tensor]]:
    """All losses, with and without a mask."""
    return {f"{name} {masked}": learned(name, masked) for name in LOSSES for masked in (False, True)}


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    directory = tmp_path_factory.mktemp("together")
    children = [subprocess.Popen([sys.executable, __file__, str(directory), str(rank)]) for rank in range(2)]
    assert [child.wait(timeout=250) for child in children] == [0, 0]
    return [torch.load(directory / f"{rank}.pt") for rank in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("case", [f"{name} {masked}" for name in LOSSES for masked in (False, True)])
def test_gradients_are_those_of_one_process(case, together):
    alone = every()[case]
    assert any(gradient.abs().max() > 1e-3 for gradient in alone)
    for process in together:
        for found, gradient in zip(process[case], alone, strict=True):
            torch.testing.assert_close(found, gradient, rtol=1e-4, atol=1e-6)


if __name__ == "__main__":
    torch.set_num_threads(1)
    directory, rank = Path(sys.argv[1]), int(sys.argv[2])
    dist.init_process_group("gloo", init_method=f"file://{directory}/meeting", rank=rank, world_size=2)
    torch.save(every(), directory / f"{rank}.pt")
    dist.destroy_process_group()

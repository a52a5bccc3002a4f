"""The textbook in a process of its own, with torch's own settings of threads and memory, as anyone would run it.

As a program, it makes an agent from its arguments (JSON: sizes, image loss, precision, sequences, steps, policy),
answers each line that it reads with an update and prints a line when that is done.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from textbook import Sizes, Textbook, random_batch
from textbook_imagination import Imagining


class Apart:
    """Updates of a textbook agent in another process; call it for one, close it in the end."""

    def __init__(
        self, sizes: Sizes, image_loss: str, precision: str, batch: int, length: int, policy: str = "sac"
    ) -> None:
        arguments = json.dumps([asdict(sizes), image_loss, precision, batch, length, policy])
        own = ("GOMP_SPINCOUNT", "THP_MEM_ALLOC_ENABLE")  # what coral has set for itself
        environ = {name: value for name, value in os.environ.items() if name not in own}
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__), arguments], env=environ, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self) -> None:
        assert self.process.stdin and self.process.stdout
        print("update", file=self.process.stdin)
        if not self.process.stdout.readline():
            raise RuntimeError("the textbook's process has ended.")

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self.process.communicate()


def textbook(
    sizes: Sizes, image_loss: str, precision: str, batch: int, length: int, policy: str = "sac", device: str = "cpu"
) -> Callable[[], object]:
    """The update of a new agent on one batch of noise; in bf16 under autocast."""
    torch.manual_seed(0)
    agent = (Imagining if policy == "imagination" else Textbook)(sizes, image_loss, device)
    noise = random_batch(sizes, batch, length, device=device)

    def update() -> None:
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bf16"):
            agent.update(noise)

    return update


def main(sizes: dict[str, Any], *others: Any) -> None:
    update = textbook(Sizes(**sizes), *others)
    for _ in sys.stdin:
        update()
        print("done", flush=True)


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))

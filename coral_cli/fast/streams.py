"""Two things at once on a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


def current(device: torch.device) -> AbstractContextManager[object]:
    """Makes a GPU the one that kernels of coral's own are launched on."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


class Beside:
    """What is done inside ``work`` overlaps, on a GPU, with all that comes after ``begin``.

    It must not read what that changes, nor the other way round.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._begun: torch.cuda.Event | None = None

    def begin(self) -> None:
        """From here on."""
        if self._stream is not None:
            self._begun = torch.cuda.Event()
            self._begun.record()

    @contextmanager
    def work(self) -> Iterator[None]:
        """The current stream waits for it in the end."""
        if self._stream is None or self._begun is None:
            yield
            return
        self._stream.wait_event(self._begun)
        with torch.cuda.stream(self._stream):
            yield
        torch.cuda.current_stream().wait_stream(self._stream)

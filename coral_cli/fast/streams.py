"""Two things at once on a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


def current(device: torch.device) -> AbstractContextManager[object]:
    """Make a GPU the one that kernels of coral's own are launched on, inside a ``with`` block."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


class SideStream:
    """A second stream of a GPU: what is done inside ``joined`` overlaps with all that comes after ``fork``.

    Neither may read what the other changes. On a processor everything is done in the order of the program.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._forked: torch.cuda.Event | None = None

    def fork(self) -> None:
        """Mark where the overlap begins."""
        if self._stream is not None:
            self._forked = torch.cuda.Event()
            self._forked.record()

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Work on the side, from ``fork`` on; the current stream waits for it in the end."""
        if self._stream is None or self._forked is None:
            yield
            return
        self._stream.wait_event(self._forked)
        with torch.cuda.stream(self._stream):
            yield
        torch.cuda.current_stream().wait_stream(self._stream)

"""How a device is used to the full: in half precision where it has units for that, and for two things at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal, TypeAlias

import torch

Precision: TypeAlias = Literal["fp32", "bf16"]


def chosen(precision: Literal["auto", "fp32", "bf16"], device: torch.device) -> Precision:
    """``auto`` is bf16 where the device has matrix units for it, else fp32."""
    if precision != "auto":
        return precision
    return "bf16" if device.type == "cuda" or has_matrix_units() else "fp32"


def has_matrix_units() -> bool:
    """Whether the processor multiplies matrices in bf16 (AMX); most others emulate it, slowly."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)  # older versions of torch have none
    return bool(capabilities().get("amx_bf16", False))


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

"""What autograd saves of normalised images: not they themselves, but the raw ones that they were made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def saving_raw(
    images: Tensor, raw: Tensor, normalise: Callable[[Tensor], Tensor]
) -> torch.autograd.graph.saved_tensors_hooks:
    """Return a context in which operations that save ``images`` or rows of them, (N, ...), save rows of ``raw``.

    ``images`` is ``normalise(raw)``, which is worked out again, row by row the same, when a gradient needs it.
    """

    def pack(saved: Tensor) -> Tensor | slice:
        rows = _rows(saved, images)
        return saved if rows is None else rows

    def unpack(packed: Tensor | slice) -> Any:
        return packed if isinstance(packed, Tensor) else normalise(raw[packed])

    return torch.autograd.graph.saved_tensors_hooks(pack, unpack)


def _rows(part: Tensor, whole: Tensor) -> slice | None:
    """Return which rows of ``whole`` are the tensor ``part``; None where it is something else."""
    same = part.dtype == whole.dtype and part.shape[1:] == whole.shape[1:] and part.stride() == whole.stride()
    if not same or part.untyped_storage().data_ptr() != whole.untyped_storage().data_ptr():
        return None
    first, rest = divmod(int(part.storage_offset() - whole.storage_offset()), int(whole.stride(0)))
    return None if rest or first < 0 else slice(first, first + len(part))

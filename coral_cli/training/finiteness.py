"""Whether what was learned is still made of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch


def finite(state: object) -> bool:
    """Return whether every number of the tensors in nested dictionaries and lists is finite."""
    if isinstance(state, torch.Tensor):
        return not state.is_floating_point() or bool(state.isfinite().all())
    if isinstance(state, Mapping):
        return all(map(finite, state.values()))
    return isinstance(state, str | bytes) or not isinstance(state, Iterable) or all(map(finite, state))

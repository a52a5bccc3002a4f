"""What a checkpoint holds of an optimiser, given back to it, and checked: torch itself would fail at a later step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from coral_cli.registry.errors import UnreadableError

MACHINE = ("foreach", "fused", "capturable")
"""Switches that another machine may set otherwise."""

LARGEST = 1e30
"""The largest rate that is believed: single precision ends at some 1e38."""


def load_optimizer(optimizer: torch.optim.Optimizer, state: Any, name: str) -> None:
    """Have ``optimizer`` go on from what ``state_dict`` gave. Raises UnreadableError for what it cannot have given."""
    before = [dict(group) for group in optimizer.param_groups]
    try:
        optimizer.load_state_dict(state)
        for known, group in zip(before, optimizer.param_groups, strict=True):
            for option in known.keys() & group.keys() - {"params", *MACHINE}:
                if not _alike(known[option], group[option]):
                    raise ValueError(f"{option} is {group[option]!r}")
            for option in MACHINE:
                if not isinstance(group.get(option), bool | None):
                    raise ValueError(f"{option} is {group[option]!r}")
            _require_moments(optimizer, group["params"])
    except (RuntimeError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise UnreadableError(
            f"the optimizer {name!r} of the checkpoint does not fit its agent ({' '.join(str(error).split())}).",
            "A component has changed since, or the file is damaged: use another checkpoint of the run.",
        ) from error


def _alike(known: Any, value: Any) -> bool:
    """Tell whether ``value`` is of the kind of the ``known`` one: the same switch, a rate, or rates below 1."""
    if isinstance(known, tuple | list):
        alike = isinstance(value, tuple | list) and len(value) == len(known) and all(map(_alike, known, value))
        return alike and all(rate is None or rate < 1 for rate in value)
    if isinstance(known, bool) or known is None:
        return value is known
    return _is_rate(value) if _is_rate(known) else type(value) is type(known)


def _is_rate(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.numel() == 1 and value.dtype.is_floating_point
    return type(value) in (int, float) and 0 <= value <= LARGEST


def _require_moments(optimizer: torch.optim.Optimizer, parameters: list[Tensor]) -> None:
    """Check Adam's, of each parameter that has some; other optimisers have what they like."""
    for parameter in parameters if isinstance(optimizer, torch.optim.Adam | torch.optim.AdamW) else ():
        state = optimizer.state.get(parameter, {})
        if not isinstance(state, dict):
            raise TypeError("a parameter's moments are none")
        for key, shape in (("step", torch.Size([])), ("exp_avg", parameter.shape), ("exp_avg_sq", parameter.shape)):
            if state and not (isinstance(state.get(key), Tensor) and state[key].shape == shape):
                raise ValueError(f"{key} is missing, or of another shape")
        if state and not state["step"] >= 0:
            raise ValueError("step is no count")

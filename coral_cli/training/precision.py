"""Which precision an update computes in: half where the device has units for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch

Precision: TypeAlias = Literal["fp32", "bf16"]


def chosen(precision: Literal["auto", "fp32", "bf16"], device: torch.device) -> Precision:
    """Return the precision for ``precision``; ``auto`` is bf16 where the device has matrix units for it, else fp32."""
    if precision != "auto":
        return precision
    return "bf16" if device.type == "cuda" or has_matrix_units() else "fp32"


def has_matrix_units() -> bool:
    """Return whether the processor multiplies matrices in bf16 (AMX); most others emulate it, slowly."""
    capabilities: Callable[[], dict[str, Any]]
    capabilities = getattr(torch.cpu, "get_capabilities", dict)  # older versions of torch have none
    return bool(capabilities().get("amx_bf16", False))

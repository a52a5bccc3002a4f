"""Which precision an update computes in: half where the device has units for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch

Precision: TypeAlias = Literal["fp32", "bf16"]
UNITS = ("amx_bf16", "avx512_bf16")
"""What torch calls a processor's instructions that multiply in bf16."""


def chosen(precision: Literal["auto", "fp32", "bf16"], device: torch.device) -> Precision:
    """Return the precision for ``precision``; ``auto`` is bf16 where the device multiplies in it, else fp32."""
    if precision != "auto":
        return precision
    return "bf16" if device.type == "cuda" or multiplies_bf16() else "fp32"


def multiplies_bf16() -> bool:
    """Return whether the processor multiplies in bf16: by matrix units (AMX), or by AVX-512's dot products.

    Most others emulate it, slowly. An update of P-CoRAL at the paper's size is 1.8 times as fast as in
    fp32 with dot products (docs/log/speed.md).
    """
    capabilities: Callable[[], dict[str, Any]]
    capabilities = getattr(torch.cpu, "get_capabilities", dict)  # older versions of torch have none
    known = capabilities()
    return any(known.get(units, False) for units in UNITS)

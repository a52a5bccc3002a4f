"""What a GPU can do for kernels of coral's own."""

from __future__ import annotations

import warnings
from functools import cache

import torch


@cache
def makes_kernels(device: torch.device) -> bool:
    """Return whether kernels can be made for this device, which is tried once.

    Triton comes with torch where that can use a GPU, but not the C compiler that it needs.
    """
    if device.type != "cuda":
        return False
    zeros = torch.zeros(256, device=device)
    try:
        from coral_cli.fast import image_kernels

        image_kernels.rectify[1,](zeros, zeros, 256, C=16, BLOCK=256)
    except Exception as error:
        warnings.warn(f"updates are slower: no kernels can be made for this GPU ({error}).", stacklevel=2)
        return False
    return True


@cache
def begins_early(device: torch.device) -> bool:
    """Return whether a kernel can begin before the one ahead of it has ended (Hopper's programmatic launch)."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (9, 0)

"""Where to compute."""

from __future__ import annotations

import torch

from coral_cli.registry.errors import UsageError


def choose_device(name: str) -> torch.device:
    """``auto`` is the GPU when there is one. Raises UsageError for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"there is no device {name!r}.", "Choose auto, cpu, cuda or cuda:N.") from error
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        raise UsageError(
            f"{name} is not there: torch {torch.__version__} sees {torch.cuda.device_count()} GPUs.",
            "Use --device cpu.",
        )
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"device {name!r} is not supported.", "Choose auto, cpu, cuda or cuda:N.")
    return device

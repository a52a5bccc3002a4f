"""Where to compute."""

from __future__ import annotations

import torch

from coral_cli.parallel.torchrun import Place
from coral_cli.registry.errors import UsageError


def choose_device(name: str, place: Place | None = None) -> torch.device:
    """Return the device called ``name``; ``auto`` is the GPU if there is one. At a ``place`` each process has its own.

    Raises UsageError for a device that is not there, or not for every process.
    """
    device = _named(name)
    if place is None or device.type == "cpu":
        return device
    if device.index is not None:
        raise UsageError(f"{place.count} processes cannot share {name}.", "Use --device cuda: each takes one GPU.")
    if place.count > torch.cuda.device_count():
        raise UsageError(
            f"{place.count} processes need a GPU each, but torch sees {torch.cuda.device_count()}.",
            "Lower --nproc-per-node, or use --device cpu.",
        )
    return torch.device("cuda", place.rank)


def _named(name: str) -> torch.device:
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
    if device.type not in ("cpu", "cuda") or (device.type == "cpu" and device.index is not None):
        raise UsageError(f"device {name!r} is not supported.", "Choose auto, cpu, cuda or cuda:N.")
    return device

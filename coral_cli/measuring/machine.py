"""What was measured on."""

from __future__ import annotations

import torch

from coral_cli.registry.options import Json
from coral_cli.runs.machine import machine


def measured_on(device: torch.device) -> dict[str, Json]:
    """Return the machine, with the device that computes and, if that is a GPU, its name."""
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    return machine() | {"device": str(device), "gpu": gpu}

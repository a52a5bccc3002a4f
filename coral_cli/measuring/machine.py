"""What was measured on."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from coral_cli.registry.options import Json
from coral_cli.runs.directory import machine


def measured_on(device: torch.device) -> dict[str, Json]:
    """Return the machine, with the names of its processor and, if that computes, of its GPU."""
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    return machine() | {"cpu": processor(), "device": str(device), "gpu": gpu}


def processor(info: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name as Linux tells it, else what Python knows."""
    try:
        lines = info.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()

"""What this computer is, and whether other programs keep it busy."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path

from coral_cli.registry.options import Json


def machine() -> dict[str, Json]:
    """Return what this computer is, for run.json; of torch only what is already imported."""
    facts: dict[str, Json] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cpu": processor(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        facts["torch"] = str(torch.__version__)
        facts["threads"] = torch.get_num_threads()
        facts["gpus"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return facts


def processor(info: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name as Linux tells it, else what Python knows."""
    try:
        lines = info.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def busy() -> str:
    """Say ``load 9.8 on 2 processors`` while others want at least half of the machine, else nothing.

    The load is the mean of the last minute, of all processors, whichever of them this process may use. This process
    adds to it, but no more than the minutes of computing that it has had, nor than all processors.
    """
    try:
        load, processors = os.getloadavg()[0], os.cpu_count() or 1
    except OSError:  # the system does not tell
        return ""
    own = min(processors, time.process_time() / 60)
    if load - own < processors / 2:
        return ""
    return f"load {load:.1f} on {processors} processor{'s' if processors > 1 else ''}"

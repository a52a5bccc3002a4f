"""What a process that computes must be told before it imports torch."""

from __future__ import annotations

import ctypes
import os
from collections.abc import MutableMapping

SPINS = "5000"

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""The numbers that glibc has for two settings of its allocator (mallopt)."""
NEVER = 2**31 - 1


def prepare(environ: MutableMapping[str, str] = os.environ) -> None:
    """Set how threads wait and how memory is held, unless the user has said so in the environment."""
    from coral_cli.environments.rendering.libraries import load_triton

    spin_briefly(environ)
    hold_memory(environ)
    load_triton()


def spin_briefly(environ: MutableMapping[str, str]) -> None:
    """Let OpenMP threads sleep soon when they wait.

    By default they spin for a long time. When another process takes a share of the cores, that starves the
    very thread that is waited for: on two cores with one busy neighbour, an update of the size ``tiny`` took
    6 s instead of 0.05 s; with brief spinning 0.18 s. Too brief, and threads sleep between two operations: waking them
    took an eighth of an action's time (docs/log/speed.md).
    """
    if "OMP_WAIT_POLICY" not in environ:
        environ.setdefault("GOMP_SPINCOUNT", SPINS)


def hold_memory(environ: MutableMapping[str, str]) -> None:
    """Let torch use large pages, and the process keep what it freed for the next allocation.

    Every update allocates and frees the same few hundred megabytes. By default each large block comes anew from the
    system, which clears it page by page: docs/log/speed.md has what that costs.
    """
    environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc alone has it
    if mallopt is not None and not any(name.startswith("MALLOC_") for name in environ):
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, NEVER)

"""What a process that computes must be told before it imports torch."""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import MutableMapping
from contextlib import suppress

SPINS = "5000"

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""glibc's numbers of two settings of its allocator (mallopt)."""
NEVER = 2**31 - 1


def prepare(environ: MutableMapping[str, str] = os.environ) -> None:
    """Sets how threads wait and how memory is held, unless the user has said so in the environment."""
    spin_briefly(environ)
    hold_memory(environ)
    load_triton()


def spin_briefly(environ: MutableMapping[str, str]) -> None:
    """Lets OpenMP threads sleep soon when they wait.

    By default they spin for a long time. When another process takes a share of the cores, that starves the
    very thread that is waited for: on two cores with one busy neighbour, an update of the size ``tiny`` took
    6 s instead of 0.05 s; with brief spinning 0.18 s. Too brief, and threads sleep between two operations: waking them
    took an eighth of an action's time (docs/results/speed.md).
    """
    if "OMP_WAIT_POLICY" not in environ:
        environ.setdefault("GOMP_SPINCOUNT", SPINS)


def hold_memory(environ: MutableMapping[str, str]) -> None:
    """Lets torch use large pages, and the process keep what it freed for the next allocation.

    Every update allocates and frees the same few hundred megabytes. By default each large block comes anew from the
    system, which clears it page by page: docs/results/speed.md has what that costs.
    """
    environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc alone has it
    if mallopt is not None and not any(name.startswith("MALLOC_") for name in environ):
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, NEVER)


def load_triton() -> None:
    """Loads Triton's library, if installed (it comes with torch for GPUs), before any for drawing; takes 50 ms.

    It holds a copy of LLVM, as Mesa does, which shows its own to all that is loaded after it. Triton 3.7 and newer
    crash on that when torch imports them, with its first optimiser.
    """
    found = importlib.util.find_spec("triton")
    for folder in (found and found.submodule_search_locations) or ():
        with suppress(OSError):
            ctypes.CDLL(os.path.join(folder, "_C", "libtriton.so"))

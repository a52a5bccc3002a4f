"""What has to be loaded before any library that draws."""

from __future__ import annotations

import ctypes
import importlib.util
import os
from contextlib import suppress
from functools import cache


@cache
def load_triton() -> None:
    """Load Triton's library, if installed (it comes with torch for GPUs), before any for drawing; this takes 50 ms.

    It holds a copy of LLVM, as Mesa does, which shows its own to all that is loaded after it. Triton 3.7 and newer
    crash on that when torch imports them, with its first optimiser.
    """
    found = importlib.util.find_spec("triton")
    for folder in (found and found.submodule_search_locations) or ():
        with suppress(OSError):
            ctypes.CDLL(os.path.join(folder, "_C", "libtriton.so"))

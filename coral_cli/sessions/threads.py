"""How torch's threads wait for each other. Import this before torch."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

SPINS = "3000"


def spin_briefly(environ: MutableMapping[str, str] = os.environ) -> None:
    """Lets OpenMP threads sleep soon when they wait, unless the user has said how they should wait.

    By default they spin for a long time. When another process takes a share of the cores, that starves the
    very thread that is waited for: on two cores with one busy neighbour, an update of the size ``tiny`` took
    6 s instead of 0.05 s; with brief spinning 0.18 s, and no longer than before when the machine is free.
    """
    if "OMP_WAIT_POLICY" not in environ:
        environ.setdefault("GOMP_SPINCOUNT", SPINS)

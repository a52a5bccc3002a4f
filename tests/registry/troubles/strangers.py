"""Source of plugins that strangers wrote."""

from __future__ import annotations

from coral_cli.version import __version__

LOSS = """
from coral_cli.plugin import Loss, LossOptions, hookimpl

@hookimpl
def coral_losses():
    yield Loss({name!r}, "A stranger's.", build=None)
"""

HERE = f"coral-rl {__version__}"
FINE = LOSS.format(name="fine")

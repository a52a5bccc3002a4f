"""coral: joint representations of several sensors, and policies that act on them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from coral_cli.registry.errors import CoralError
from coral_cli.version import __version__

if TYPE_CHECKING:
    from coral_cli.sessions.loaded import LoadedAgent

__all__ = ["CoralError", "__version__", "load_agent"]


def load_agent(
    path: str | os.PathLike[str], device: str = "auto", plugins: Iterable[str | os.PathLike[str]] = ()
) -> LoadedAgent:
    """Load a trained agent, from a checkpoint or a run directory, for use in other programs.

    It is asked for an action after each observation::

        agent = coral_cli.load_agent("checkpoint.pt")
        state = None
        while True:
            action, state = agent.act({"image": image, "proprio": proprio}, state)

    ``plugins`` are paths of plugins that are not installed, as of ``--plugin``.

    Raises UnreadableError when it cannot be read, PluginError when a component's plugin is not installed, UsageError
    for a device that is not there; all are CoralError.
    """
    from pathlib import Path

    from coral_cli import builtin
    from coral_cli.registry.discovery import discover
    from coral_cli.sessions.loaded import load

    return load(path, device, discover(builtin, paths=map(Path, plugins)))

"""How foreign environments are named and stepped. Importing this does not import Gymnasium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from coral_cli.plugin import Help

GYMNASIUM = "gym"
"""``gym:ID`` is an id registered with Gymnasium; ``package.module:callable`` is anything else with a colon."""


@dataclass(frozen=True)
class ForeignOptions:
    """Options of how a foreign environment is stepped."""

    action_repeat: Annotated[int, Help("Environment steps per action; their rewards are summed.", min=1)] = 1
    max_steps: Annotated[
        int, Help("Environment steps after which an episode is cut off, if it declares no limit itself.", min=1)
    ] = 1000

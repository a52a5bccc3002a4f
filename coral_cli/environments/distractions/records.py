"""The built-in distractions. Importing this imports no library that draws or decodes."""

from __future__ import annotations

from coral_cli.environments.distractions.scene_records import SCENE_DISTRACTIONS
from coral_cli.plugin import Distraction

DISTRACTIONS: tuple[Distraction, ...] = (*SCENE_DISTRACTIONS,)

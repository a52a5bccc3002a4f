"""The built-in distractions that change the simulated scene. Importing this imports no mujoco."""

from __future__ import annotations

from coral_cli.plugin import Distraction

SCENE_DISTRACTIONS: tuple[Distraction, ...] = ()

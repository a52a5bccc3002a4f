"""The locomotion tasks. Importing this imports neither mujoco nor dm_control."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from coral_cli.environments.control_library import require_dm_control, require_quadruped
from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.plugin import Environment, Rendering

if TYPE_CHECKING:
    import gymnasium


def _ant(walls: bool, options: ControlOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    from coral_cli.environments.locomotion.corridor import ant_task

    return ant_task(walls, options, rendering)


def _cheetah(options: ControlOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    from coral_cli.environments.locomotion.hurdles import cheetah_task

    return cheetah_task(options, rendering)


def _walker(speed: int, options: ControlOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    from coral_cli.environments.locomotion.hurdles import walker_task

    return walker_task(speed, options, rendering)


def _escape(options: ControlOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    from coral_cli.environments.locomotion.escape import escape_task

    return escape_task(options, rendering)


def _record(name: str, summary: str, build: Callable[..., Any], egocentric: int, action_size: int) -> Environment:
    return Environment(
        name,
        f"Locomotion: {summary}.",
        build,
        ControlOptions(camera=egocentric),
        terminates=False,
        suite="locomotion",
        action_size=action_size,
        require=require_quadruped if name.startswith("quadruped") else require_dm_control,
    )


LOCOMOTION: tuple[Environment, ...] = (
    _record("ant-empty", "an ant runs down an empty corridor", partial(_ant, False), 3, 8),
    _record("ant-walls", "an ant runs down a corridor, around its walls", partial(_ant, True), 3, 8),
    _record("hurdle-cheetah-run", "a cheetah runs over hurdles", _cheetah, 2, 6),
    _record("hurdle-walker-walk", "a walker walks over hurdles", partial(_walker, 1), 2, 6),
    _record("hurdle-walker-run", "a walker runs over hurdles", partial(_walker, 8), 2, 6),
    _record("quadruped-escape", "a quadruped climbs out of a bowl", _escape, 3, 12),
)

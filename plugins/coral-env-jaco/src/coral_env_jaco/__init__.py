"""The environments ``jaco-...``: what coral asks of this package. Importing it does not import mujoco."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from coral_cli.plugin import Environment, Help, Rendering, hookimpl, require_dm_control

if TYPE_CHECKING:
    import gymnasium

TASKS = {
    "reach_site": "brings its hand to a red ball of light",
    "reach_duplo": "brings its hand to a brick",
    "lift_brick": "lifts a brick",
    "lift_large_box": "lifts a large box",
    "place_brick": "puts a brick on a brick on a pedestal",
    "place_cradle": "puts a brick into a cradle on a pedestal",
    "stack_2_bricks": "stacks a brick on one that is fixed",
    "stack_3_bricks": "stacks two bricks on one that is fixed",
}
"""The tasks of ``dm_control.manipulation`` in which the order of bricks, if there is one, is always the same."""


@dataclass(frozen=True)
class JacoOptions:
    """Options of the arm: how it is moved."""

    action_repeat: Annotated[int, Help("Environment steps (0.04 s) per action; their rewards are summed.", min=1)] = 1


def build(task: str, options: JacoOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    """Build one of ``TASKS``."""
    from coral_cli.plugin_simulation import SimulatedTask
    from coral_env_jaco.simulation import JacoSimulation

    return SimulatedTask(JacoSimulation(task), JacoSimulation.camera, options.action_repeat, rendering)


@hookimpl
def coral_environments() -> Iterable[Environment]:
    """Yield one environment for each of the tasks."""
    for task, what in TASKS.items():
        yield Environment(
            f"jaco-{task.replace('_', '-')}",
            f"A Jaco arm {what}.",
            partial(build, task),
            JacoOptions(),
            terminates=False,
            # some bricks are blue, which is how the colour rule tells the sky
            defaults={"distraction.video.mask": "segmentation", "distraction.procedural.mask": "segmentation"},
            suite="manipulation",
            action_size=9,
            require=require_dm_control,
        )

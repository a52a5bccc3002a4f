"""The environments ``metaworld-...``: what coral asks of this package. Importing it does not import metaworld."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any, Literal

from coral_cli.plugin import AbsentError, Environment, Help, Rendering, hookimpl

if TYPE_CHECKING:
    import gymnasium

_NAMES = """
assembly basketball bin-picking box-close button-press-topdown button-press-topdown-wall button-press button-press-wall
coffee-button coffee-pull coffee-push dial-turn disassemble door-close door-lock door-open door-unlock hand-insert
drawer-close drawer-open faucet-open faucet-close hammer handle-press-side handle-press handle-pull-side handle-pull
lever-pull pick-place-wall pick-out-of-hole pick-place plate-slide plate-slide-side plate-slide-back
plate-slide-back-side peg-insert-side peg-unplug-side soccer stick-push stick-pull push push-wall push-back reach
reach-wall shelf-place sweep-into sweep window-open window-close
"""
TASKS = tuple(f"{name}-v3" for name in _NAMES.split())
"""The tasks by Meta-World's own names, in its order."""

INSTALL = "python -m pip install metaworld==3.1.1 mujoco==3.3.0 dm-control==1.0.28"
"""The line that gives a pair that works, with the dm-control that fits it."""


@dataclass(frozen=True)
class MetaWorldOptions:
    """Options of which goals there are, and of who looks."""

    goals: Annotated[
        Literal["random", "train"],
        Help("random: every episode draws objects and goal anew; train: it takes one of the 50 of the benchmark MT1."),
    ] = "random"
    goals_seed: Annotated[int, Help("The seed of MT1, from which its 50 goals follow (with goals train).", min=0)] = 0
    camera: Annotated[
        Literal["corner", "corner2", "corner3", "corner4", "topview", "behindGripper", "gripperPOV"],
        Help("The camera of the image. Papers that move corner2 closer mean what corner4 is."),
    ] = "corner4"
    action_repeat: Annotated[int, Help("Environment steps (0.0125 s) per action; their rewards are summed.", min=1)] = 2


def require_metaworld() -> None:
    """Raise AbsentError where Meta-World is not installed, with the line that installs what works together."""
    try:
        version("metaworld")
    except PackageNotFoundError:
        raise AbsentError("metaworld is not installed.", INSTALL) from None


def build(task: str, options: MetaWorldOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    """Build one of ``TASKS``."""
    from coral_env_metaworld.task import MetaWorldTask

    return MetaWorldTask(task, options, rendering)


@hookimpl
def coral_environments() -> Iterable[Environment]:
    """Yield one environment for each of the tasks."""
    for task in TASKS:
        yield Environment(
            f"metaworld-{task}",
            f"Meta-World: {task.removesuffix('-v3').replace('-', ' ')}; only the image shows objects and goal.",
            partial(build, task),
            MetaWorldOptions(),
            terminates=False,
            # the wall and the table have the colours of much else
            defaults={"distraction.video.mask": "segmentation", "distraction.procedural.mask": "segmentation"},
            suite="manipulation",
            action_size=4,
            require=require_metaworld,
        )

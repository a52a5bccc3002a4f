"""The environments ``robosuite-...``: what coral asks of this package. Importing it does not import robosuite."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any, Literal

from coral_cli.plugin import AbsentError, Environment, Help, Rendering, UsageError, hookimpl

if TYPE_CHECKING:
    import gymnasium

TASKS = {
    "lift": ("Lift", "lifts a cube"),
    "stack": ("Stack", "stacks a cube on another"),
    "door": ("Door", "opens a door by its handle"),
    "pick-place": ("PickPlace", "sorts four groceries into their bins"),
    "pick-place-milk": ("PickPlaceMilk", "puts a carton of milk into its bin"),
    "pick-place-bread": ("PickPlaceBread", "puts a loaf into its bin"),
    "pick-place-cereal": ("PickPlaceCereal", "puts a box of cereal into its bin"),
    "pick-place-can": ("PickPlaceCan", "puts a can into its bin"),
    "nut-assembly": ("NutAssembly", "puts a square and a round nut on their pegs"),
    "nut-assembly-square": ("NutAssemblySquare", "puts a square nut on its peg"),
    "nut-assembly-round": ("NutAssemblyRound", "puts a round nut on its peg"),
}
"""The tasks for one arm with a gripper: robosuite's name, and what the arm does."""

INSTALL = "python -m pip install robosuite==1.5.2 mujoco==3.3.0 dm-control==1.0.28"
"""The line that gives a pair that works, with the dm-control that fits it."""

TOO_NEW = {"1.5.2": "3.10"}
"""Releases of robosuite, and the first MuJoCo with which each fails, although it allows every later one."""


@dataclass(frozen=True)
class RobosuiteOptions:
    """Options of the arm, its reward and its camera."""

    robot: Annotated[
        Literal["Panda", "Sawyer", "IIWA", "UR5e", "Kinova3", "Jaco"], Help("The arm, with its own gripper.")
    ] = "Panda"
    control: Annotated[
        Literal["pose", "position"],
        Help(
            "pose: the hand moves and turns (6 values, and the gripper); position: it only moves (3, and the gripper)."
        ),
    ] = "pose"
    reward: Annotated[
        Literal["shaped", "sparse"], Help("shaped: every stage on the way counts; sparse: only what is done.")
    ] = "shaped"
    steps: Annotated[int, Help("Environment steps (0.05 s) of an episode; robosuite's own default is 1000.", min=1)] = (
        500
    )
    camera: Annotated[Literal["agentview", "frontview", "birdview"], Help("The camera of the image.")] = "agentview"
    compile: Annotated[
        bool,
        Help("Compile the model anew for every episode, as robosuite does: cubes differ by 10 %, it takes seconds."),
    ] = False
    action_repeat: Annotated[int, Help("Environment steps per action; their rewards are summed.", min=1)] = 1


def require_robosuite() -> None:
    """Raise AbsentError where robosuite is not installed, and UsageError where MuJoCo is too new for it.

    Either tells the line that installs what works together. Only versions are looked at.
    """
    try:
        check_versions(version("robosuite"), version("mujoco"))
    except PackageNotFoundError:
        raise AbsentError("robosuite is not installed.", INSTALL) from None


def check_versions(robosuite: str, mujoco: str) -> None:
    """Raise UsageError where a release of MuJoCo is known to be too new for one of robosuite."""
    from packaging.version import Version  # which takes longer than all else here

    if robosuite in TOO_NEW and Version(mujoco) >= Version(TOO_NEW[robosuite]):
        raise UsageError(f"robosuite {robosuite} does not work with mujoco {mujoco}.", INSTALL)


def build(task: str, options: RobosuiteOptions, rendering: Rendering) -> gymnasium.Env[dict[str, Any], Any]:
    """Build one of ``TASKS``, by robosuite's name."""
    from coral_env_robosuite.task import RobosuiteTask

    return RobosuiteTask(task, options, rendering)


@hookimpl
def coral_environments() -> Iterable[Environment]:
    """Yield one environment for each of the tasks."""
    for name, (task, what) in TASKS.items():
        yield Environment(
            f"robosuite-{name}",
            f"robosuite: an arm {what}.",
            partial(build, task),
            RobosuiteOptions(),
            sensors={"image": "image", "wrist": "image", "proprio": "vector"},
            terminates=False,
            # walls and floor have the colours of much else
            defaults={"distraction.video.mask": "segmentation", "distraction.procedural.mask": "segmentation"},
            suite="manipulation",
            action_size=7,
            require=require_robosuite,
        )

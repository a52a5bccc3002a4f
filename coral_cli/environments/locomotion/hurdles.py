"""Cheetah and walker running over hurdles that they see through a camera in their head."""

from __future__ import annotations

from xml.etree import ElementTree

import mujoco
import numpy as np
from dm_control.rl.control import Environment
from dm_control.suite import cheetah, walker

from coral_cli.environments.control_suite import ControlSimulation, check_camera, quiet
from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.environments.proprioception import AMONG_HURDLES
from coral_cli.environments.simulated_task import SimulatedTask
from coral_cli.plugin import Rendering

HURDLES = 100

_NEAREST, _FARTHEST = 2.0, 200.0  # metres from the start
_HALF_DEPTH, _HALF_WIDTH = 0.1, 0.8
_LOWEST, _HIGHEST = 0.075, 0.15  # half-heights
_HEAD_CAMERAS = {
    "cheetah": {"pos": "0.6 0 0.1", "euler": "0 300 -90", "fovy": "70"},  # 30 degrees down
    "walker": {"pos": "0 0 0", "euler": "0 270 -90", "fovy": "70"},
}
_AROUND_CAMERA = {"cheetah": "head", "walker": "torso"}  # geoms, which only OpenGL does not draw from inside


def cheetah_task(options: ControlOptions, rendering: Rendering) -> SimulatedTask:
    """Make the task to run at 10 m/s; 1000 steps an episode. Raises UsageError when the model has no such camera."""
    with quiet():
        physics = cheetah.Physics.from_xml_string(*_with_hurdles("cheetah", *cheetah.get_model_and_assets()))
    return _among_hurdles("cheetah", Environment(physics, cheetah.Cheetah(random=0)), options, rendering)


def walker_task(speed: int, options: ControlOptions, rendering: Rendering) -> SimulatedTask:
    """Make the task to move at ``speed`` m/s; 1000 steps an episode. Raises UsageError when there is no such camera."""
    physics = walker.Physics.from_xml_string(*_with_hurdles("walker", *walker.get_model_and_assets()))
    environment = Environment(physics, walker.PlanarWalker(speed, random=0), control_timestep=0.025)
    return _among_hurdles("walker", environment, options, rendering)


def _among_hurdles(
    robot: str, environment: Environment, options: ControlOptions, rendering: Rendering
) -> SimulatedTask:
    model = environment.physics.model.ptr
    check_camera(robot, model, options.camera)
    side = model.camera("side").id
    simulation = ControlSimulation(environment, AMONG_HURDLES[robot], side, Hurdles(model).draw)
    blinding = rendering.backend == "raycast" and options.camera == model.camera("head").id
    hidden = [model.geom(_AROUND_CAMERA[robot]).id] if blinding else []
    return SimulatedTask(simulation, options.camera, options.action_repeat, rendering, hidden)


def _with_hurdles(robot: str, xml: bytes, assets: dict[str, bytes]) -> tuple[bytes, dict[str, bytes]]:
    """Return the suite's model with a head camera and boxes, evenly spread and in order from the start."""
    root = ElementTree.fromstring(xml)
    world = root.find("worldbody")
    assert world is not None
    torso = world.find("body[@name='torso']")
    assert torso is not None
    ElementTree.SubElement(torso, "camera", {"name": "head", **_HEAD_CAMERAS[robot]})
    for index, x in enumerate(np.linspace(_NEAREST, _FARTHEST, HURDLES)):
        ElementTree.SubElement(
            world,
            "geom",
            name=f"hurdle-{index}",
            type="box",
            size=f"{_HALF_DEPTH} {_HALF_WIDTH} {_HIGHEST}",
            pos=f"{x} 0 {_HIGHEST}",
            conaffinity="1",  # the walker's default is to touch the floor alone
        )
    return ElementTree.tostring(root), assets


class Hurdles:
    """The boxes of a compiled model: redrawing them changes all that MuJoCo has derived from them as well."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._geoms = np.array([model.geom(f"hurdle-{index}").id for index in range(HURDLES)])

    def draw(self, random: np.random.RandomState) -> None:
        """Draw new places, heights and colours."""
        places = np.sort(random.uniform(_NEAREST, _FARTHEST, HURDLES))  # in order, as the bounding boxes' tree has them
        heights = random.uniform(_LOWEST, _HIGHEST, HURDLES)
        model, geoms = self._model, self._geoms
        halves = np.stack([np.full(HURDLES, _HALF_DEPTH), np.full(HURDLES, _HALF_WIDTH), heights], 1)
        model.geom_pos[geoms] = np.stack([places, np.zeros(HURDLES), heights], 1)  # resting on the ground
        model.geom_size[geoms] = halves
        model.geom_rgba[geoms, :3] = random.uniform(0, 1, (HURDLES, 3))
        model.geom_rbound[geoms] = np.linalg.norm(halves, axis=1)
        model.geom_aabb[geoms, 3:] = halves
        self._refit()

    def _refit(self) -> None:
        """Fit the world's tree of bounding boxes to the hurdles: contacts are only sought where boxes meet."""
        model = self._model
        start, hurdles = model.body_bvhadr[0], set(self._geoms.tolist())
        for node in range(start + model.body_bvhnum[0] - 1, start - 1, -1):  # children come after their parents
            left, right = (model.bvh_aabb[child] for child in start + model.bvh_child[node])
            geom = int(model.bvh_nodeid[node])
            if geom in hurdles:
                model.bvh_aabb[node] = [*model.geom_pos[geom], *model.geom_size[geom]]
            elif geom < 0:
                low = np.minimum(left[:3] - left[3:], right[:3] - right[3:])
                high = np.maximum(left[:3] + left[3:], right[:3] + right[3:])
                model.bvh_aabb[node] = [*(low + high) / 2, *(high - low) / 2]

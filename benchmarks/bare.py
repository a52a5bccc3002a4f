"""What an environment's actions cost MuJoCo alone: the same steps, and one frame through a context of its own."""

from __future__ import annotations

import importlib
from copy import copy
from typing import Any

import gymnasium
import mujoco
import numpy as np

from coral_cli.environments.box_push.environment import SUBSTEPS, BoxPush
from coral_cli.environments.box_push.kinematics import JOINTS
from coral_cli.environments.box_push.scene import TORQUE_LIMITS
from coral_cli.environments.rendering import make_renderer
from coral_cli.environments.rendering.opengl import offscreen
from coral_cli.plugin import Rendering

_RK4 = int(mujoco.mjtIntegrator.mjINT_RK4)
_BOX_PUSH_TORQUE = 10.0  # Nm, at action 1
_LIMITS = -TORQUE_LIMITS, TORQUE_LIMITS


class Bare:
    """Goes on from the state of a built-in ``env`` without rewards, proprioception or any check, in data of its own.

    Its frames are without shadows, reflections and multisampling; ``coarse`` ones have round shapes with as few sides
    as coral's. With the ray caster, which MuJoCo does not have, they are coral's.
    """

    def __init__(self, env: gymnasium.Env, rendering: Rendering, coarse: bool = False) -> None:
        """``env`` has been reset and stays open for as long as this is used, for both have one model."""
        task: Any = env.unwrapped
        self.model: mujoco.MjModel = task.scene.model
        self.data: mujoco.MjData = copy(task.scene.data)
        if isinstance(task, BoxPush):
            self._substeps = SUBSTEPS
            self._control = self._torque
        else:
            simulation = task.simulation
            self._substeps = task.action_repeat * round(simulation.seconds / self.model.opt.timestep)
            self._low, self._range = simulation.low, simulation.high - simulation.low
            self._control = self._scaled
        self._runge_kutta = self.model.opt.integrator == _RK4
        self.draw: Casting | Drawing = (
            Casting(self.model, task.scene.camera, rendering)
            if rendering.backend == "raycast"
            else Drawing(self.model, task.scene.camera, rendering, coarse)
        )
        self.begin, self.close = self.draw.make_current, self.draw.close

    def act(self, action: np.ndarray) -> np.ndarray:
        """Returns the frame (H, W, 3) uint8, which the next one overwrites."""
        model, data = self.model, self.data
        data.ctrl[:] = self._control(action)
        if self._runge_kutta:
            mujoco.mj_step(model, data, self._substeps)
        else:  # split, so that the frame shows where the last step has led
            mujoco.mj_step2(model, data)
            mujoco.mj_step(model, data, self._substeps - 1)
        mujoco.mj_step1(model, data)
        return self.draw(data)

    def _scaled(self, action: np.ndarray) -> np.ndarray:
        return self._low + (action.astype(np.float64) + 1) / 2 * self._range

    def _torque(self, action: np.ndarray) -> np.ndarray:
        """Of box-push: on top of gravity compensation."""
        return np.clip(self.data.qfrc_bias[:JOINTS] + _BOX_PUSH_TORQUE * action.astype(np.float64), *_LIMITS)


class Drawing:
    """Frames of ``model`` from one camera."""

    def __init__(self, model: mujoco.MjModel, camera: int, rendering: Rendering, coarse: bool) -> None:
        height, width = rendering.height, rendering.width
        self._opengl = importlib.import_module(f"mujoco.{rendering.backend}").GLContext(width, height)
        self.make_current()
        self._model, quality = model, model.vis.quality
        asked = quality.numslices, quality.numstacks, quality.numquads
        with offscreen(model, height, width, "fast"):
            if not coarse:
                quality.numslices, quality.numstacks, quality.numquads = asked
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._scene = mujoco.MjvScene(model, maxgeom=10_000)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._scene.flags[int(flag)] = False
        self._camera, self._option = mujoco.MjvCamera(), mujoco.MjvOption()
        self._camera.type, self._camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, camera
        self._viewport, self._pixels = mujoco.MjrRect(0, 0, width, height), np.empty((height, width, 3), np.uint8)

    def __call__(self, data: mujoco.MjData) -> np.ndarray:
        """(H, W, 3) uint8, which the next frame overwrites."""
        mujoco.mjv_updateScene(
            self._model, data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(self._pixels, None, self._viewport, self._context)
        return self._pixels[::-1]  # OpenGL counts rows from below

    def make_current(self) -> None:
        self._opengl.make_current()

    def close(self) -> None:
        self.make_current()
        self._context.free()
        self._opengl.free()


class Casting:
    """The same without OpenGL."""

    def __init__(self, model: mujoco.MjModel, camera: int, rendering: Rendering) -> None:
        self._camera = camera
        self._caster = make_renderer(model, rendering.height, rendering.width, "fast", "raycast")

    def __call__(self, data: mujoco.MjData) -> np.ndarray:
        return self._caster.render(data, self._camera)

    def make_current(self) -> None:
        """There is no context."""

    def close(self) -> None:
        """Nothing to free."""

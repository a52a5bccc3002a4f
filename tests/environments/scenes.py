"""Scenes to draw, and how they are drawn: by the ray caster, or by OpenGL where there is any."""

import mujoco
import numpy as np
import pytest

from coral_cli.environments.box_push.scene import build_model
from coral_cli.environments.rendering import make_renderer
from coral_cli.environments.rendering.backend import select_backend

BACKEND = select_backend()
needs_opengl = pytest.mark.skipif(BACKEND == "raycast", reason="no OpenGL on this machine")

FLOOR = '<geom type="plane" size="5 5 .1" rgba="0 1 0 1"/>'
LIT = '<visual><headlight ambient="1 1 1" diffuse="0 0 0" specular="0 0 0"/></visual><statistic extent="1"/>'


def scene(body, assets=""):
    model = mujoco.MjModel.from_xml_string(
        f"<mujoco>{LIT}<asset>{assets}</asset><worldbody><camera pos='0 0 1' fovy='40'/>{body}</worldbody></mujoco>"
    )
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def draw(model, data, backend, height=32, width=32, quality="fast", camera=0):
    renderer = make_renderer(model, height, width, quality, backend)
    image = renderer.render(data, camera)
    renderer.close()
    return image


def difference(a, b):
    return np.abs(a.astype(float) - b).mean()


def box_push_scene():
    model = build_model()
    data = mujoco.MjData(model)
    data.qpos[:7] = [0, 0.3, 0, -2.1, 0, 2.4, 0.785]
    data.qpos[7:10] = [0.5, 0.2, -0.01]
    mujoco.mj_forward(model, data)
    return model, data


def control_scene(domain, task):
    from dm_control import suite

    environment = suite.load(domain, task, task_kwargs={"random": 0})
    environment.reset()
    return environment.physics.model.ptr, environment.physics.data.ptr

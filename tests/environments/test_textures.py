"""Textures: where they lie, how they fade, and what light makes of them."""

import numpy as np
import pytest

from coral_cli.environments.rendering.textures import Skybox, Texture

from .scenes import BACKEND, difference, draw, needs_opengl, scene


@pytest.mark.parametrize("size", ["0.3 0.5 0.1", "0 0 0.1", "0.3 0 0.1", "0 0.3 0.1"])
@pytest.mark.parametrize("uniform", ["true", "false"])
@needs_opengl
def test_textures_lie_as_in_opengl(size, uniform):
    texture = '<texture name="t" type="2d" builtin="checker" rgb1="1 0 0" rgb2="0 1 0" width="64" height="64"/>'
    material = f'<material name="m" texture="t" texrepeat="3 2" texuniform="{uniform}" specular="0"/>'
    model, data = scene(f'<geom type="plane" size="{size}" material="m"/>', texture + material)
    assert difference(draw(model, data, "raycast", 96, 96), draw(model, data, BACKEND, 96, 96)) < 8  # 42 when shifted


def test_light_is_cut_off_before_a_texture_is_applied(backend):
    texture = '<texture name="t" type="2d" builtin="flat" rgb1=".5 .5 .5" width="8" height="8"/>'
    body = '<light directional="true" pos="0 0 1" dir="0 0 -1" diffuse=".8 .8 .8" specular="0 0 0" castshadow="false"/>'
    body += '<geom type="plane" size="2 2 .1" material="m"/>'
    model, data = scene(body, texture + '<material name="m" texture="t" specular="0"/>')  # lit by 1 + 0.8
    assert draw(model, data, backend)[16, 16].tolist() == pytest.approx([127.5] * 3, abs=1)


def test_texture_levels_fade_to_the_mean():
    image = np.zeros((4, 4, 3), np.float32)
    image[:2, :2] = 1
    texture = Texture(image)
    u, v = np.array([0.1, 0.6, 1.1, -0.1]), np.array([0.1, 0.1, 0.1, 0.1])
    assert texture(u, v, np.zeros(4))[:, 0].tolist() == [1, 0, 1, 0]
    assert texture(u, v, np.full(4, 5.0))[:, 0].tolist() == [0.25] * 4


def test_skybox_faces():
    """One colour per face, in the order right, left, up, down, front, back of OpenGL's y-up world."""
    faces = np.repeat(np.arange(6, dtype=np.float32), 2 * 2 * 3).reshape(12, 2, 3)
    directions = np.array([[1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1], [0, -1, 0], [0, 1, 0.0]])
    assert Skybox(faces, 2)(directions)[:, 0].tolist() == [0, 1, 2, 3, 4, 5]

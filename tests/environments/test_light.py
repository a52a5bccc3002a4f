"""Light and shadow in images, worked out by hand."""

import mujoco
import numpy as np
import pytest

from .scenes import draw, scene


def test_the_headlight_is_parallel(backend):
    """A plane straight before the camera is equally bright everywhere, however wide the view."""
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><visual><headlight ambient='.1 .1 .1' diffuse='.4 .4 .4' specular='0 0 0'/></visual><worldbody>"
        "<camera pos='0 0 1' fovy='110'/><geom type='plane' size='5 5 .1' rgba='.8 .8 .8 1'/></worldbody></mujoco>"
    )
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    image = draw(model, data, backend)
    assert image.min() == image.max() == pytest.approx(255 * 0.8 * (0.1 + 0.4), abs=1)


def test_shadows_darken_what_lies_behind_them():
    light = '<light pos="0 0 3" dir="0 0 -1" cutoff="60" diffuse="1 1 1" specular="0 0 0" exponent="0"/>'
    body = light + '<geom type="plane" size="2 2 .1" pos="0 0 -1"/><geom type="sphere" size=".1" pos=".3 0 .9"/>'
    model, data = scene(body)
    model.vis.headlight.ambient[:] = 0
    lit, shaded = draw(model, data, "raycast", quality="smooth"), draw(model, data, "raycast", quality="paper")
    assert shaded.astype(int).sum() < lit.astype(int).sum()
    assert (shaded <= lit).all()


def test_lambert_and_spot_light_by_hand():
    """Light 2 m above the point below it, exponent 2, linear attenuation: 0.8 / (1 + 2 * 0.5) * 0.5."""
    light = '<light pos="0 0 1" dir="0 0 -1" cutoff="60" exponent="2" '
    light += 'attenuation="1 0.5 0" diffuse=".8 .8 .8"/>'
    model, data = scene(light + '<geom type="plane" size="5 5 .1" pos="0 0 -1" rgba=".5 .5 .5 1"/>')
    model.vis.headlight.active = 0
    image = draw(model, data, "raycast", 65, 65)
    assert image[32, 32, 0] == pytest.approx(255 * 0.2, abs=1)
    x = 2 * np.tan(np.radians(20)) * 32 / 32.5  # of the rightmost pixel's centre, on the floor
    distance, cosine = np.hypot(2, x), 2 / np.hypot(2, x)
    assert image[32, 64, 0] == pytest.approx(255 * 0.5 * 0.8 * cosine**3 / (1 + 0.5 * distance), abs=1)


def test_parallel_light_casts_shadows_along_its_direction(backend):
    """A box 0.4 m above the floor, in light that falls 4 m on 3: its shadow is 0.3 m away."""
    light = '<light directional="true" pos="0 0 1" dir=".6 0 -.8" diffuse=".5 .5 .5" specular="0 0 0"/>'
    floor = '<geom type="plane" size="2 2 .1" pos="0 0 -1"/>'
    model, data = scene(light + floor + '<geom type="box" size=".15 .1 .01" pos="0 0 -.6"/>')
    model.vis.headlight.ambient[:] = 0.4
    image = draw(model, data, backend, 64, 64, "paper")[..., 0].astype(int)
    column = 32 + 0.3 / (2 * np.tan(np.radians(20))) * 32
    shadow = np.argwhere(
        (image < image[4, 4] - 10) & (np.arange(64) > 32 + 0.15 / (1.59 * np.tan(np.radians(20))) * 32)
    )
    assert len(shadow) > 20
    assert shadow[:, 1].max() == pytest.approx(column + 0.15 / (2 * np.tan(np.radians(20))) * 32, abs=2)
    assert np.abs(shadow[:, 0].mean() - 31.5) < 1

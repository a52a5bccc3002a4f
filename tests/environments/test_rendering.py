"""Shapes and colours in images of both renderers, against values worked out by hand."""

import mujoco
import numpy as np
import pytest

from coral_cli.environments.box_push.scene import build_model
from coral_cli.environments.rendering import make_renderer

from .scenes import BACKEND, FLOOR, LIT, box_push_scene, draw, needs_opengl, scene


@pytest.mark.parametrize("quality", ["fast", "smooth", "paper"])
def test_shapes_lie_where_the_camera_geometry_says(backend, quality):
    """A red square of half-size 0.1 at depth 1: half of it spans 0.1 / tan(20 deg) of the half image."""
    model, data = scene('<geom type="box" size="0.1 0.1 0.001" pos="0.1 0.1 0" rgba="1 0 0 1"/>')
    image = draw(model, data, backend, 64, 64, quality)
    assert image.shape == (64, 64, 3) and image.dtype == np.uint8
    edge = 0.2 / np.tan(np.radians(20)) * 32  # 17.6 pixels right of and above the centre
    rows, columns = np.nonzero(image[..., 0] > 127)
    assert columns.min() == 32 and rows.max() == 31
    assert columns.max() == pytest.approx(31 + edge, abs=1)
    assert rows.min() == pytest.approx(32 - edge, abs=1)
    assert image[24, 40].tolist() == [255, 0, 0]
    assert image[40, 24].tolist() == [0, 0, 0]


def test_images_may_be_oblong(backend):
    model, data = scene('<geom type="sphere" size="0.1" rgba="0 1 0 1"/>')
    image = draw(model, data, backend, 30, 50)
    assert image.shape == (30, 50, 3)
    rows, columns = np.nonzero(image[..., 1])
    assert abs((rows.max() - rows.min()) - (columns.max() - columns.min())) <= 1  # a circle stays one


def test_a_see_through_shape_lets_what_is_behind_shine_through(backend):
    """It is drawn twice: 0.6 * 0.6 of the red stays."""
    body = (
        '<geom type="box" size="1 1 .01" pos="0 0 -1" rgba="1 0 0 1"/><geom type="sphere" size=".2" rgba="0 0 1 .4"/>'
    )
    image = draw(*scene(body), backend)
    assert image[16, 16].tolist() == pytest.approx([0.36 * 255, 0, 0.64 * 255], abs=1)
    assert image[1, 1].tolist() == [255, 0, 0]


def test_what_is_behind_something_solid_stays_hidden(backend):
    body = (
        '<geom type="box" size=".5 .5 .01" rgba="1 0 0 1"/><geom type="sphere" size=".2" pos="0 0 -1" rgba="0 0 1 .4"/>'
    )
    assert (draw(*scene(body), backend)[8:24, 8:24] == [255, 0, 0]).all()


def test_two_see_through_shapes_blend_in_their_order(backend):
    """Drawn are green, blue, blue, green; from the last to the first they weigh 1/2, 1/4, 1/8, 1/16."""
    body = (
        '<geom type="sphere" size=".1" pos="0 0 .3" rgba="0 1 0 .5"/>'
        '<geom type="sphere" size=".1" pos="0 0 -.3" rgba="0 0 1 .5"/>'
    )
    assert draw(*scene(body), backend)[16, 16].tolist() == pytest.approx([0, 9 / 16 * 255, 6 / 16 * 255], abs=2)


def test_sites_are_drawn_unless_their_group_is_hidden(backend):
    shown = draw(*scene('<site type="sphere" size="0.2" rgba="0 1 0 1"/>'), backend)
    hidden = draw(*scene('<site type="sphere" size="0.2" rgba="0 1 0 1" group="3"/>'), backend)
    assert shown[16, 16].tolist() == [0, 255, 0]
    assert not hidden.any()


def test_a_material_gives_the_colour_unless_the_shape_has_its_own(backend):
    body = (
        '<geom type="sphere" size=".1" pos="-.15 0 0" material="m"/>'
        '<geom type="sphere" size=".1" pos=".15 0 0" material="m" rgba="0 1 0 1"/>'
    )
    image = draw(*scene(body, '<material name="m" rgba="1 0 0 1"/>'), backend)
    column = round(0.15 / np.tan(np.radians(20)) * 16)
    assert image[16, 16 - column].tolist() == [255, 0, 0]
    assert image[16, 16 + column].tolist() == [0, 255, 0]


def test_colours_changed_in_the_model_show_in_the_next_frame(backend):
    model, data = scene('<geom type="sphere" size=".2" rgba="1 0 0 1"/>')
    renderer = make_renderer(model, 16, 16, "fast", backend)
    assert renderer.render(data, 0)[8, 8].tolist() == [255, 0, 0]
    model.geom_rgba[0] = [0, 0, 1, 1]
    assert renderer.render(data, 0)[8, 8].tolist() == [0, 0, 255]
    renderer.close()


def look_of(model):
    """All of ``model.vis`` as plain values."""
    parts = {name: getattr(model.vis, name) for name in dir(model.vis) if not name.startswith("_")}
    return {
        name: {key: np.asarray(getattr(part, key)).tolist() for key in dir(part) if not key.startswith("_")}
        for name, part in parts.items()
    }


def test_rendering_leaves_the_model_as_it_was(backend):
    model, data = box_push_scene()
    before = model.geom_group.copy(), model.body_bvhadr.copy()
    look = look_of(model)
    draw(model, data, backend)
    assert (model.geom_group == before[0]).all() and (model.body_bvhadr == before[1]).all()
    assert look["quality"]["numslices"] == 28 and look_of(model) == look


@needs_opengl
@pytest.mark.parametrize("side", [64, 100, 130])
@pytest.mark.parametrize("turn", ["0 0 0", "90 0 0"])
def test_a_ball_is_round_to_a_third_of_a_pixel(side, turn):
    """Seen from so far away that its outline is a great circle, half as wide as the image."""
    model = mujoco.MjModel.from_xml_string(
        f"""<mujoco>{LIT}<worldbody><camera pos="0 0 40" fovy="{2 * np.degrees(np.arctan(2 / 40))}"/>
        <geom size="1" euler="{turn}"/></worldbody></mujoco>"""
    )
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    across, down = np.meshgrid(*2 * [np.arange(side) + 0.5 - side / 2])
    inside = side / 4 - np.hypot(across, down)  # pixels
    clear = np.abs(inside) > 0.36
    shown = draw(model, data, BACKEND, side, side)[..., 0] > 0
    assert np.array_equal(shown[clear], inside[clear] > 0)


def test_round_shapes_have_as_many_sides_as_can_be_seen():
    from coral_cli.environments.rendering.opengl import drawing_settings

    model = build_model()
    assert 16 * (1 - np.cos(np.pi / 16)) < 1 / 3 < 16 * (1 - np.cos(np.pi / 15))
    fast = {"offsamples": 0, "shadowsize": 0, "numquads": 1}
    assert drawing_settings(model, 64, "fast") == fast | {"numslices": 16, "numstacks": 8}
    assert drawing_settings(model, 256, "fast") == fast | {"numslices": 28, "numstacks": 16}  # as the model asks
    assert drawing_settings(model, 64, "paper") == {} and "numslices" not in drawing_settings(model, 64, "smooth")


def test_a_shape_around_the_camera_is_not_seen(backend):
    inner = '<geom type="capsule" size=".3 .4" pos="0 0 1" rgba="1 0 0 1"/><geom type="sphere" size=".6" pos="0 0 1"/>'
    model, data = scene(inner + FLOOR)
    assert (draw(model, data, backend) == (0, 255, 0)).all()


def test_a_see_through_shape_around_the_camera_is_not_seen(backend):
    model, data = scene('<geom type="sphere" size=".6" pos="0 0 1" rgba="1 0 0 .5"/>' + FLOOR)
    assert (draw(model, data, backend) == (0, 255, 0)).all()

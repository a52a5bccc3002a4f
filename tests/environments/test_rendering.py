"""Images of both renderers, against each other and against values worked out by hand."""

import mujoco
import numpy as np
import pytest

from coral_cli.environments.box_push.scene import build_model
from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.environments.rendering import make_renderer
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.environments.rendering.raycast import RayCaster
from coral_cli.environments.rendering.textures import Skybox, Texture
from coral_cli.plugin import Rendering

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


@pytest.mark.parametrize("size", ["0.3 0.5 0.1", "0 0 0.1", "0.3 0 0.1", "0 0.3 0.1"])
@pytest.mark.parametrize("uniform", ["true", "false"])
@needs_opengl
def test_textures_lie_as_in_opengl(size, uniform):
    texture = '<texture name="t" type="2d" builtin="checker" rgb1="1 0 0" rgb2="0 1 0" width="64" height="64"/>'
    material = f'<material name="m" texture="t" texrepeat="3 2" texuniform="{uniform}" specular="0"/>'
    model, data = scene(f'<geom type="plane" size="{size}" material="m"/>', texture + material)
    assert difference(draw(model, data, "raycast", 96, 96), draw(model, data, BACKEND, 96, 96)) < 8  # 42 when shifted


@pytest.mark.parametrize(
    ("domain", "task", "camera"),
    [("cartpole", "swingup", 0), ("reacher", "easy", 0), ("walker", "walk", 0), ("quadruped", "walk", 2)],
)
@needs_opengl
def test_control_tasks_look_alike_in_both_renderers(domain, task, camera):
    model, data = control_scene(domain, task)
    for quality, bound in (("fast", 3), ("paper", 10)):  # grey levels; paper shows mirror images
        drawn = draw(model, data, BACKEND, 64, 64, quality, camera)
        cast = draw(model, data, "raycast", 64, 64, quality, camera)
        assert drawn.std() > 10 and cast.std() > 10
        assert difference(drawn, cast) < bound


@pytest.mark.parametrize(("quality", "bound"), [("fast", 1), ("paper", 6)])
@needs_opengl
def test_box_push_looks_alike_in_both_renderers(quality, bound):
    model, data = box_push_scene()
    for camera in (0, 1):
        drawn, cast = (draw(model, data, name, 64, 64, quality, camera) for name in (BACKEND, "raycast"))
        assert difference(drawn, cast) < bound


@needs_opengl
def test_paper_quality_is_what_dm_control_draws():
    from dm_control import suite

    physics = suite.load("cheetah", "run", task_kwargs={"random": 0}).physics
    ours = draw(physics.model.ptr, physics.data.ptr, BACKEND, 64, 64, "paper")
    assert (ours == physics.render(64, 64, camera_id=0)).all()
    physics.free()


@pytest.mark.parametrize("source", ["box-push", "finger"])
def test_many_rays_hit_what_single_rays_hit(source):
    """MuJoCo's call for many rays skips some geoms of these two models unless its bounding boxes are off."""
    model, data = box_push_scene() if source == "box-push" else control_scene("finger", "spin")
    caster = RayCaster(model, 32, 32, "fast")
    origin, directions = caster.rays(data, 0, 1)
    hits = caster.cast(data, origin, directions, caster.shown)
    shape = np.zeros(1, np.int32)
    groups = np.array([1, 1, 1, 0, 0, 0], np.uint8)
    for ray, found in zip(directions, hits.shape, strict=True):
        mujoco.mj_ray(model, data, data.cam_xpos[0], ray, groups, True, -1, shape)
        assert shape[0] == found


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


@pytest.mark.parametrize("name", ["ant-empty", "ant-walls", "hurdle-walker-run"])
@needs_opengl
def test_locomotion_looks_alike_in_both_renderers(name):
    record = next(record for record in ENVIRONMENTS if record.name == name)
    env = record.build(record.options, Rendering(64, 64, "fast", BACKEND))
    drawn = env.reset(seed=0)[0]["image"]
    cast = draw(env.scene.model, env.simulation.data, "raycast", 64, 64, camera=env.scene.camera)
    env.close()
    assert drawn.std() > 10
    assert difference(drawn, cast) < 1.5


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


def test_a_shape_around_the_camera_is_not_seen(backend):
    inner = '<geom type="capsule" size=".3 .4" pos="0 0 1" rgba="1 0 0 1"/><geom type="sphere" size=".6" pos="0 0 1"/>'
    model, data = scene(inner + FLOOR)
    assert (draw(model, data, backend) == (0, 255, 0)).all()


def test_a_see_through_shape_around_the_camera_is_not_seen(backend):
    model, data = scene('<geom type="sphere" size=".6" pos="0 0 1" rgba="1 0 0 .5"/>' + FLOOR)
    assert (draw(model, data, backend) == (0, 255, 0)).all()

"""Images of both renderers, against each other and against dm-control's."""

import mujoco
import numpy as np
import pytest

from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.environments.rendering.raycast import RayCaster
from coral_cli.plugin import Rendering

from .scenes import BACKEND, box_push_scene, control_scene, difference, draw, needs_opengl


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


@pytest.mark.parametrize(("headlight", "drawn"), [(1, 7), (0, 8)])
@needs_opengl
def test_both_renderers_draw_the_first_eight_lights(headlight, drawn):
    """The headlight is one of the eight, even when it is black."""

    def brightness(lights, renderer):
        model = mujoco.MjModel.from_xml_string(f"""
            <mujoco>
              <visual><headlight active="{headlight}" ambient="0 0 0" diffuse="0 0 0" specular="0 0 0"/></visual>
              <worldbody>
                <geom type="plane" size="3 3 1" rgba="1 1 1 1"/>
                <camera pos="0 0 4"/>
                {'<light pos="0 0 4" dir="0 0 -1" directional="true" diffuse="0.1 0.1 0.1" specular="0 0 0"/>' * lights}
              </worldbody>
            </mujoco>""")
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        return draw(model, data, renderer, 8, 8)[4, 4, 0] / 255

    for lights in (drawn - 1, drawn, drawn + 1, 12):
        for renderer in (BACKEND, "raycast"):
            assert brightness(lights, renderer) == pytest.approx(0.1 * min(lights, drawn), abs=0.01)


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

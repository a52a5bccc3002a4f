"""The camera on box-push's flange, and what distractions do to an environment with two cameras."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from coral_cli import builtin
from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.resolve import resolve
from coral_cli.environments.box_push.environment import BoxPush
from coral_cli.environments.box_push.options import BoxPushOptions
from coral_cli.plugin import Rendering
from coral_cli.registry.discovery import discover


@pytest.mark.parametrize(
    ("height", "width", "margin", "wrist"),
    [
        (64, 64, 0, (32, 32)),
        (70, 70, 6, (38, 38)),
        (76, 140, 12, (44, 76)),
        (48, 96, 0, (32, 48)),
        (32, 32, 0, (32, 32)),
    ],
)
def test_its_picture_has_half_of_the_pixels_that_the_model_sees(height, width, margin, wrist):
    env = BoxPush(BoxPushOptions(), Rendering(height, width, margin=margin))
    assert env.observation_space["wrist"].shape == (*wrist, 3)
    assert env.reset(seed=0)[0]["wrist"].shape == (*wrist, 3)
    env.close()


def pixels(image):
    """How many are the target's magenta and green, and the tray's red and blue."""
    red, green, blue = np.moveaxis(image.astype(int), -1, 0)
    target = ((red > 2 * green) & (blue > 2 * green)) | ((green > 2 * red) & (green > 2 * blue))
    tray = ((red > 2 * green) & (red > 2 * blue)) | ((blue > 2 * red) & (blue > 2 * green))
    return target.sum(), tray.sum()


def test_it_sees_the_tray_always_and_a_target_beneath_it_which_the_front_hardly_does(backend):
    env = BoxPush(BoxPushOptions(), Rendering(64, 64, backend=backend))
    seen = []
    for seed in range(8):
        env.reset(seed=seed)
        far = pixels(env.scenes["wrist"].agent(env.data))
        env.data.mocap_pos[0, :2] = env.data.body("tray").xpos[:2]
        mujoco.mj_forward(env.model, env.data)
        near, front = pixels(env.scenes["wrist"].agent(env.data)), pixels(env.scene.agent(env.data))
        assert far[1] > 30 and near[1] > 30
        seen.append((far[0], near[0], front[0]))
    far, near, front = np.mean(seen, 0)
    assert near > 5 * far and near > 1.5 * front, "in a quarter of the pixels"
    env.close()


def built(backend, *names):
    flags = {"env": "box-push", "distraction": names, "crop-margin": 0}
    return Assembler(
        resolve(flags, discover(builtin, {"CORAL_PLUGINS": ""})), discover(builtin, {"CORAL_PLUGINS": ""})
    ).environment(backend)


def modules(env):
    return {name: [type(named.module).__name__ for named in each] for name, each in env.distractions.items()}


def test_a_scene_is_changed_once_and_every_camera_moves(backend):
    env = built(backend, "light", "camera", "room", "noise")
    assert modules(env) == {
        "image": ["Lighting", "CameraShift", "Room", "PixelNoise"],
        "wrist": ["CameraShift", "PixelNoise"],
    }
    env.close()


@pytest.mark.parametrize(("name", "moves"), [("light", False), ("room", False), ("camera", True)])
def test_both_cameras_show_the_change_from_the_first_frame_on(name, moves, backend):
    plain, env = built(backend), built(backend, name)
    clear, model = plain.reset(seed=5)[0], plain.unwrapped.scene.model
    changed = env.reset(seed=5)[0]
    for sensor in ("image", "wrist"):
        assert np.abs(changed[sensor].astype(int) - clear[sensor]).mean() > 1
        camera = model.camera(sensor).id
        assert (env.unwrapped.scene.model.cam_pos[camera] != model.cam_pos[camera]).any() == moves
    again = env.step(np.zeros(2, np.float32)), plain.step(np.zeros(2, np.float32))
    assert np.abs(again[0][0]["wrist"].astype(int) - again[1][0]["wrist"]).mean() > 1
    env.reset(seed=6)
    other = env.reset(seed=5)[0]
    assert all((other[sensor] == changed[sensor]).all() for sensor in changed)
    plain.close()
    env.close()


def test_films_play_behind_each_camera_where_there_is_nothing(backend):
    plain, env = built(backend), built(backend, "procedural")
    plain.reset(seed=5)
    env.reset(seed=5)
    for _ in range(10):  # to the table's edge
        clear, changed = (each.step(np.array([0.3, -0.8]))[0] for each in (plain, env))
    for sensor, scene in env.unwrapped.scenes.items():
        replaced = (changed[sensor] != clear[sensor]).any(-1)
        behind = scene.background(False)
        assert behind.shape == replaced.shape and not replaced[~behind].any()
        assert replaced[behind].mean() > 0.9
    plain.close()
    env.close()

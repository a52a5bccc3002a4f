"""Box pushing, as the agent sees it: yaw, working area, target."""

from math import pi

import mujoco
import numpy as np
import pytest

from coral_cli.environments.box_push.environment import BoxPush
from coral_cli.environments.box_push.options import BoxPushOptions
from coral_cli.plugin import Rendering


def make(look, size, backend):
    return BoxPush(BoxPushOptions(look=look, random_start=True), Rendering(size, size, backend=backend))


@pytest.mark.parametrize("thing", ["tray", "target"])
@pytest.mark.parametrize(("look", "exact", "worst"), [("halves", 0.12, 0.5), ("walls", 0.35, 1.0)])
def test_yaw_can_be_read_off_64_pixels(thing, look, exact, worst, backend):
    """The marked part's pixels lie on the side of all the thing's pixels that its yaw says (the arm aside)."""
    environment = make(look, 64, backend)
    camera = environment.model.camera("image")
    errors = []
    for seed in range(12):
        environment.reset(seed=seed)
        data = environment.data
        data.qpos[:7] = [2.5, 0, 0, -1.5, 0, 1.5, 0]  # the arm turned away
        mujoco.mj_forward(environment.model, data)
        red, green, blue = np.moveaxis(environment.scene.agent(data).astype(int), -1, 0)
        if thing == "tray":
            marked, others = (blue > 2 * green) & (blue > 2 * red), (red > 2 * green) & (red > 2 * blue)
        else:  # see-through: magenta and green over the table's brown
            marked, others = (red > 1.5 * green) & (blue > 1.5 * green), (green > 1.3 * red) & (green > 1.3 * blue)
        assert marked.sum() >= 2 and others.sum() >= 8
        towards = np.argwhere(marked).mean(0) - np.argwhere(marked | others).mean(0)
        # The camera looks from the front, along -x and down: image right is +y, image down is +x.
        steepness = data.cam_xmat[camera.id].reshape(3, 3)[2, 2]
        w, _, _, z = data.body(thing).xquat
        error = np.arctan2(towards[1], towards[0] / steepness) - 2 * np.arctan2(z, w)
        errors.append(abs((error + pi) % (2 * pi) - pi))
    assert np.median(errors) < exact and np.max(errors) < worst
    environment.close()


@pytest.mark.parametrize(("look", "margin"), [("halves", 6), ("walls", 12)])
def test_the_whole_working_area_is_in_view(look, margin, backend):
    """Also in the centre crop that an agent with a contrastive image loss sees."""
    environment = make(look, 64 + margin, backend)
    environment.reset(seed=0)
    for x, y in ((0.3, -0.45), (0.3, 0.45), (0.6, -0.45), (0.6, 0.45)):
        middle = colours(environment, (0.45, 0.0), (x, y))[margin // 2 :, margin // 2 :][:64, :64]
        seen = np.argwhere((middle == "green") | (middle == "magenta"))
        assert len(seen) > 8
        if look == "walls":
            assert seen.min() > 0 and seen.max() < 63
        else:  # a corner of it may be out of view, its middle is not
            assert seen.mean(0).min() > 0 and seen.mean(0).max() < 61
    environment.close()


def test_the_target_is_seen_under_the_tray(backend):
    """Flat around it, or shining through."""
    for look, over in (("halves", ("green", "magenta")), ("walls", ("red",))):
        environment = make(look, 70, backend)
        environment.reset(seed=0)
        seen = colours(environment, (0.45, 0.0), (0.45, 0.0))
        for colour in over:
            assert (seen == colour).sum() > 2, (look, colour)
        environment.close()


def colours(environment, tray, target):
    """The colour (H, W) of each pixel, by name, with tray and target at two places and the arm turned away."""
    data = environment.data
    data.qpos[:7] = [2.5, 0, 0, -1.5, 0, 1.5, 0]
    data.qpos[7:9], data.mocap_pos[0, :2] = tray, target
    mujoco.mj_forward(environment.model, data)
    red, green, blue = np.moveaxis(environment.scene.agent(data).astype(int), -1, 0)
    names = np.full(red.shape, "other", object)
    names[(green > 1.3 * red) & (green > 1.3 * blue)] = "green"
    names[(red > 1.5 * green) & (blue > 1.5 * green)] = "magenta"
    names[(red > 1.3 * blue) & (green > 1.3 * blue) & (red < 1.6 * green)] = "other"  # the table
    names[(red > 2 * green) & (red > 2 * blue)] = "red"
    return names


def test_both_looks_move_alike():
    """What is seen of the tray neither collides nor weighs anything: the same actions lead to the same states."""
    ends = []
    for look in ("halves", "walls"):
        environment = make(look, 8, "raycast")
        environment.reset(seed=3)
        random = np.random.default_rng(0)
        for _ in range(25):
            environment.step(random.uniform(-1, 1, 2))
        ends.append(environment.data.qpos.copy())
        environment.close()
    assert np.abs(ends[0][7:9] - [0.4, 0.3]).max() > 0.02
    assert ends[0] == pytest.approx(ends[1], abs=1e-9)

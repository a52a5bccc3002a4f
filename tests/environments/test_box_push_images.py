"""Box pushing, as the agent sees it: yaw, working area, target."""

from math import pi

import mujoco
import numpy as np
import pytest

from coral_cli.environments.box_push.environment import BoxPush
from coral_cli.environments.box_push.options import BoxPushOptions
from coral_cli.plugin import Rendering


@pytest.mark.parametrize("thing", ["tray", "target"])
def test_yaw_can_be_read_off_64_pixels(thing, backend):
    """The marked wall's pixels lie on the side of all the thing's pixels that its yaw says (the arm aside)."""
    environment = BoxPush(BoxPushOptions(), Rendering(64, 64, backend=backend))
    camera = environment._model.camera("agent")
    errors = []
    for seed in range(12):
        environment.reset(seed=seed)
        data = environment._data
        data.qpos[:7] = [2.5, 0, 0, -1.5, 0, 1.5, 0]  # the arm turned away
        mujoco.mj_forward(environment._model, data)
        red, green, blue = np.moveaxis(environment._observation()["image"].astype(int), -1, 0)
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
    assert np.median(errors) < 0.35 and np.max(errors) < 1.0
    environment.close()


def test_the_whole_working_area_is_in_view_and_the_target_is_see_through(backend):
    """Also in the centre crop that an agent with a contrastive image loss sees."""
    environment = BoxPush(BoxPushOptions(), Rendering(76, 76, backend=backend))
    environment.reset(seed=0)
    data = environment._data
    data.qpos[:7] = [2.5, 0, 0, -1.5, 0, 1.5, 0]
    data.qpos[7:10] = [0.45, 0.0, -0.01]
    for x, y in ((0.3, -0.45), (0.3, 0.45), (0.6, -0.45), (0.6, 0.45)):
        data.mocap_pos[0, :2] = x, y
        mujoco.mj_forward(environment._model, data)
        image = environment._observation()["image"][6:70, 6:70].astype(int)
        green = np.argwhere((image[..., 1] > 1.3 * image[..., 0]) & (image[..., 1] > 1.3 * image[..., 2]))
        assert len(green) > 8
        assert green.min() > 0 and green.max() < 63
    data.mocap_pos[0, :2] = 0.45, 0.0  # around the tray, whose red then shines through
    mujoco.mj_forward(environment._model, data)
    covered = environment._observation()["image"].astype(int)
    assert ((covered[..., 0] > 1.3 * covered[..., 2]) & (covered[..., 1] > 1.3 * covered[..., 2])).sum() > 0
    environment.close()

"""What a simulator tells of its state, and that distractions leave it, and a twin's pictures, as they are."""

from __future__ import annotations

from contextlib import closing

import mujoco
import numpy as np
import pytest

from coral_cli.environments.distractions.records import DISTRACTIONS
from coral_cli.environments.distractions.wrapper import Distracted
from coral_cli.environments.hidden_state import hidden_state
from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.inside.twins import Twins
from coral_cli.plugin import Rendering, Sensor

TASKS = {record.name: record for record in ENVIRONMENTS}
SCENE = """
<mujoco><worldbody>
  <geom name="the_target_plate" type="sphere" size="0.1" pos="1 2 3"/>
  <body name="free" pos="0 0 1"><freejoint name="loose"/><geom size="0.1"/>
    <body pos="0 0 1"><joint name="turn" type="hinge" axis="0 1 0"/><geom size="0.1"/>
      <body pos="0 0 1"><joint type="slide" axis="1 0 0"/><geom size="0.1"/></body>
    </body>
  </body>
  <body name="ball" pos="5 0 1"><joint name="round" type="ball"/><geom size="0.1"/>
    <site name="target" pos="0 0 1"/></body>
</worldbody></mujoco>
"""


def test_every_kind_of_joint_and_target_by_hand() -> None:
    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    half = np.sqrt(0.5)  # a quarter turn about z, then one about x
    data.qpos[:] = [0.1, 0.2, 0.3, half, 0, 0, half, np.pi / 6, 0.7, half, half, 0, 0]
    data.qvel[:] = np.arange(1, 12)
    mujoco.mj_forward(model, data)
    state = hidden_state(model, data)
    expected = {
        "loose position": [0.1, 0.2, 0.3],
        "loose orientation": [0, -1, 0, 1, 0, 0, 0, 0, 1],
        "turn angle": [np.cos(np.pi / 6), 0.5],
        "joint 2 position": [0.7],
        "round orientation": [1, 0, 0, 0, 0, -1, 0, 1, 0],
        "loose velocity": [1, 2, 3],
        "loose angular velocity": [4, 5, 6],
        "turn angular velocity": [7],
        "joint 2 velocity": [8],
        "round angular velocity": [9, 10, 11],
        "target position": [5, -1, 1],
        "the_target_plate position": [1, 2, 3],
    }
    assert list(state) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(state[name], value, atol=1e-9, err_msg=name)


def test_it_is_a_copy() -> None:
    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    before = hidden_state(model, data)
    data.qpos[:3], data.qvel[:3] = 9, 9
    assert before["loose position"].tolist() == [0, 0, 1] and not before["loose velocity"].any()


def test_the_pole_and_the_cart_of_cartpole() -> None:
    with closing(TASKS["cartpole-swingup"].build(TASKS["cartpole-swingup"].options, Rendering(32, 32))) as env:
        env.reset(seed=0)
        observation, *_ = env.step(np.ones(1, np.float32))
        state = env.hidden_state()
        assert list(state) == ["slider position", "hinge_1 angle", "slider velocity", "hinge_1 angular velocity"]
        np.testing.assert_allclose(
            np.hstack([state["slider position"], state["slider velocity"]]), observation["proprio"]
        )
        assert np.hypot(*state["hinge_1 angle"]) == pytest.approx(1)


def test_the_poses_of_box_push() -> None:
    with closing(TASKS["box-push"].build(TASKS["box-push"].options, Rendering(32, 32))) as env:
        env.reset(seed=3)
        w, _, _, z = env.data.qpos[10:14]
        state = env.hidden_state()
        np.testing.assert_allclose(state["tray position"], env.data.qpos[7:9])
        np.testing.assert_allclose(state["tray yaw"], [np.cos(2 * np.arctan2(z, w)), np.sin(2 * np.arctan2(z, w))])
        w, _, _, z = env.data.mocap_quat[0]
        np.testing.assert_allclose(state["target yaw"], [np.cos(2 * np.arctan2(z, w)), np.sin(2 * np.arctan2(z, w))])
        np.testing.assert_allclose(state["target position"], env.data.mocap_pos[0, :2])
        assert all(np.isfinite(value).all() for value in state.values())


@pytest.mark.parametrize("names", [["camera"], ["light", "room"], ["procedural", "disks"], ["color", "frame-drop"]])
def test_the_twin_shows_what_an_undistracted_environment_shows(names: list[str]) -> None:
    """Whatever is changed, also in the scene, in every step of two episodes."""
    task, rendering = TASKS["box-push"], Rendering(32, 32)
    records = [record for record in DISTRACTIONS if record.name in names]
    image = Sensor("image", "image", (32, 32, 3))
    env, twin, plain = (task.build(task.options, rendering) for _ in range(3))
    modules = [record.build(record.options, image, "evaluation") for record in records]
    random = np.random.default_rng(0)
    changed = 0
    with closing(Twins(Distracted(env, {"image": modules}), twin)) as twins, closing(twin), closing(plain):
        for seed in (1, 2):
            seen, _ = twins.reset(seed=seed)
            expected, _ = plain.reset(seed=seed)
            for _ in range(4):
                assert twins.clean is not None
                assert all(np.array_equal(twins.clean[name], value) for name, value in expected.items())
                changed += int((seen["image"] != expected["image"]).any())
                action = random.uniform(-1, 1, 2).astype(np.float32)
                seen, *_ = twins.step(action)
                expected, *_ = plain.step(action)
    assert changed > 4 and not twins.strayed

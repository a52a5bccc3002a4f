"""What a ``SimulatedTask`` offers beyond one camera: more of them, with any model, walls as sky, and metrics."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from coral_cli.plugin import Rendering
from coral_cli.plugin_simulation import SimulatedTask

SCENE = """
<mujoco><worldbody>
  <light pos="0 0 3"/>
  <geom name="wall" type="box" size="0.1 5 5" pos="3 0 0" rgba="0 0 1 1"/>
  <geom name="ball" size="0.3" pos="2 0 0" rgba="{colour} 1"/>
  <camera name="ahead" pos="0 0 0" xyaxes="0 -1 0 0 0 1"/>
  <camera name="behind" pos="0 0 0" xyaxes="0 1 0 0 0 1"/>
</worldbody></mujoco>
"""


class Ball:
    """A ball before a wall, red or, in every second episode, green."""

    steps, seconds, outside = 2, 0.1, 0
    low, high = np.array([-1.0]), np.array([1.0])

    def __init__(self):
        self.episode = 0
        self.begin(None)

    def begin(self, seed):
        self.model = mujoco.MjModel.from_xml_string(SCENE.format(colour=("1 0 0", "0 1 0")[self.episode % 2]))
        self.data = mujoco.MjData(self.model)
        mujoco.mj_forward(self.model, self.data)
        self.episode += 1

    def advance(self, action):
        return 1.0, None

    def feel(self):
        return np.zeros(1)


class Told(SimulatedTask):
    def metrics(self):
        return {"success": 1.0}


@pytest.fixture
def env():
    rendering = Rendering(16, 16, backend="raycast")
    env = Told(Ball(), 0, 1, rendering, cameras={"back": 1}, backdrop=("wall",))
    yield env
    env.close()


def test_each_camera_is_a_sensor_with_a_scene_of_its_own_also_of_the_next_model(env):
    assert {name: space.shape for name, space in env.observation_space.spaces.items()} == {
        "image": (16, 16, 3),
        "back": (16, 16, 3),
        "proprio": (1,),
    }
    assert list(env.scenes) == ["image", "back"] and env.scenes["image"] is env.scene
    for colour in (1, 0):  # the second episode, then the third
        observation, _ = env.reset()
        assert observation["image"][8, 8].argmax() == colour
        assert not observation["back"].any(), "nothing is behind"
        assert {id(view.model) for view in env.scenes.values()} == {id(env.simulation.model)}


def test_what_is_named_as_backdrop_counts_as_sky(env):
    env.reset()
    sky = env.scene.background(False)
    assert sky[0, 0] and not sky[8, 8]


def test_metrics_come_with_the_last_step_alone(env):
    env.reset()
    assert env.step(np.zeros(1))[4] == {}
    assert env.step(np.zeros(1))[2:] == (False, True, {"metrics": {"success": 1.0}})
    plain = SimulatedTask(Ball(), 0, 2, Rendering(16, 16, backend="raycast"))
    plain.reset()
    assert plain.step(np.zeros(1))[2:] == (False, True, {})

"""More than two sensors, of every kind, some of them failing at times: from flags to a loaded agent."""

import math

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli import builtin
from coral_cli.app import main
from coral_cli.plugin import Environment, Rendering
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.discovery import discover
from coral_cli.runs.checkpoint import load
from coral_cli.runs.metrics import read_metrics
from coral_cli.sessions.loaded import load as load_agent
from coral_cli.sessions.saved import open_saved
from coral_cli.version import CORE

LENGTH = 12
KINDS = {"front_camera": "image", "hand_camera": "image", "depth": "depth", "touch": "vector", "joints": "vector"}


class Robot(gymnasium.Env):
    """Random readings; the hand's camera fails at every third step, touch at every fifth. Ends in a terminal state."""

    render_mode = "rgb_array"

    def __init__(self, rendering):
        size = (rendering.height, rendering.width)
        self.observation_space = Dict(
            front_camera=Box(0, 255, (*size, 3), np.uint8),
            hand_camera=Box(0, 255, (*size, 1), np.uint8),
            depth=Box(0, np.inf, (*size, 1), np.float32),
            touch=Box(-np.inf, np.inf, (3,), np.float32),
            joints=Box(-np.inf, np.inf, (4,), np.float32),
        )
        self.action_space = Box(-1, 1, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._step = 0
        return self._observe()

    def step(self, action):
        self._step += 1
        observation, info = self._observe()
        return observation, float(action[0]), self._step == LENGTH, False, info

    def render(self):
        return np.zeros((64, 64, 3), np.uint8)

    def _observe(self):
        def draw(box):
            if box.dtype == np.uint8:
                return self.np_random.integers(256, size=box.shape, dtype=np.uint8)
            return self.np_random.uniform(0, 3, box.shape).astype(np.float32)

        observation = {name: draw(box) for name, box in self.observation_space.items()}
        missing = ["hand_camera"] * (self._step % 3 == 2) + ["touch"] * (self._step % 5 == 4)
        if "touch" in missing:
            observation["touch"][:] = np.nan  # what a broken sensor may well give
        return observation, {"missing": missing}


@pytest.fixture
def catalog():
    own = discover(builtin, {"CORAL_PLUGINS": ""})
    record = Environment("robot", "Five sensors.", lambda options, rendering: Robot(rendering), sensors=KINDS)
    return Catalog([*own, Entry(record, CORE, "0.1.0")])


TINY = [
    "--size",
    "tiny",
    "--batch-size",
    "2",
    "--batch-length",
    "6",
    "--image-size",
    "32,40",
    "--updates-per-step",
    "0.3",
]
PACE = ["--random-episodes", "2", "--eval-every", "0", "--steps", "60", "--quiet"]


def test_each_has_its_own_loss_and_encoder_and_may_fail(catalog, tmp_path):
    run = tmp_path / "run"
    own = [
        "--front-camera-loss",
        "cpc",
        "--hand-camera-loss",
        "cpc",
        "--hand-camera-encoder.depth",
        "4",
        "--touch-loss",
        "none",
    ]
    assert main(["train", "--env", "robot", *TINY, *PACE, *own, "--out", str(run)], catalog) == 0
    updates = [event.values for event in read_metrics(run / "metrics.jsonl") if event.kind == "update"]
    assert {f"loss/{name}" for name in KINDS} | {"loss/continue"} <= updates[0].keys()
    assert all(math.isfinite(value) for values in updates for value in values.values())
    weights = load(run / "checkpoints" / "latest.pt")[1]["agent"]["weights"]
    assert weights["encoders.hand_camera.layers.0.weight"].shape == (4, 1, 4, 4)
    assert weights["encoders.depth.layers.0.weight"].shape == (8, 1, 4, 4)
    assert not any(name.startswith("losses.touch") for name in weights)
    saved = open_saved(run, catalog)
    assert saved.sensors["front_camera"].shape == (44, 52, 3) and saved.sensors["depth"].kind == "depth"
    assert main(["eval", str(run), "--episodes", "1", "--video", str(tmp_path / "film.mp4")], catalog) == 0
    robot = Robot(Rendering(44, 52))
    action, _ = load_agent(run, "cpu", catalog).act(robot.reset(seed=0)[0], None)
    assert action.shape == (2,) and np.isfinite(action).all()


@pytest.mark.parametrize("name", ["kl", "continue", "type"])
def test_a_sensor_cannot_have_a_name_that_is_taken(name, catalog, capsys):
    """By a term of the objective, which would replace its loss, or by torch."""

    class Blind(Robot):
        def __init__(self, rendering):
            super().__init__(rendering)
            self.observation_space = Dict({name: Box(-1, 1, (2,), np.float32)})

    record = Environment("blind", "One sensor.", lambda _, rendering: Blind(rendering), sensors={name: "vector"})
    entries = [*catalog, Entry(record, CORE, "0.1.0")]
    assert main(["train", "--env", "blind", "--dry-run"], Catalog(entries)) == 1
    assert f"no sensor can be called '{name}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("recon-same", marks=pytest.mark.slow),
        "cv-concat",
        pytest.param("cpc-image", marks=pytest.mark.slow),
        "proprio-sac",
    ],
)
def test_methods_take_every_sensor_by_its_kind(method, catalog, tmp_path):
    run = tmp_path / "run"
    assert main(["train", "--env", "robot", "--method", method, *TINY, *PACE, "--out", str(run)], catalog) == 0
    assembly = open_saved(run, catalog).assembly
    spatial, vectors = ("front_camera", "hand_camera", "depth"), ("touch", "joints")
    expected = {
        "recon-same": (spatial + vectors, spatial + vectors),
        "cv-concat": (spatial + vectors, spatial),
        "cpc-image": (spatial, spatial),
        "proprio-sac": (vectors, ()),
    }
    assert (assembly.sensors, assembly.encoded) == expected[method]


def test_imagination_learns_when_episodes_end(catalog, tmp_path):
    run = tmp_path / "run"
    words = ["--method", "v-coral", "--policy", "imagination", "--policy.horizon", "3"]
    assert main(["train", "--env", "robot", *words, *TINY, *PACE, "--out", str(run)], catalog) == 0

"""Environments as strangers write them, found by this module's name."""

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, Text

PI = 3.0


class Drawing(gymnasium.Env):
    """A vector, actions with bounds of their own, no end, and frames of 31x40 pixels."""

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": 24}  # noqa: RUF012
    observation_space = Box(-10, 10, (2,), np.float64)
    action_space = Box(np.array([-2, 0], np.float32), np.array([4, 0.1], np.float32))

    def __init__(self, render_mode=None, ends=None):
        self.render_mode, self._ends, self.closed, self.frame = render_mode, ends, 0, None
        self.actions = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._steps = 0
        return self._seen(), {"metrics": "of another kind", "missing": 3}

    def step(self, action):
        assert self.action_space.contains(action)
        self.actions.append(action)
        self._steps += 1
        info = {"is_success": np.True_, "metrics": {"height": 2, "name": "toy"}, "missing": ["proprio", "other"]}
        return self._seen(), 10**self._steps, np.bool_(self._steps == self._ends), False, info

    def render(self):
        if self.frame is not None:
            return self.frame
        rows, columns = np.mgrid[:31, :40]
        return np.stack([8 * rows, 6 * columns, np.full_like(rows, self._steps)], -1).astype(np.uint8)

    def close(self):
        assert not self.closed
        self.closed += 1

    def _seen(self):
        return np.array([self._steps, 0.1])


def make_passing_on(**named):
    """Make what draws when it is asked to, without telling that it takes the question: Meta-World's do so."""
    made.append(Drawing(**named))
    return made[-1]


made = []


class Observing(gymnasium.Env):
    """Observes ``value``, and nothing else; three actions on the way to nowhere, in a square."""

    action_space = Box(-1, 1, (2, 2), np.float32)

    def __init__(self, space, value, info=None):
        self.observation_space, self._value, self._info = space, value, info or {}

    def reset(self, *, seed=None, options=None):
        return self._value, self._info

    def step(self, action):
        return self._value, float(action[1, 0]), False, False, self._info


CAMERAS = Dict(
    {
        "Front Camera": Box(0, 255, (4, 6, 3), np.uint8),
        "front-camera": Box(0, 1, (2, 2, 1), np.float64),
        "robot": Dict(
            depth=Box(0, 9, (4, 4), np.float64),
            joints=Box(-np.inf, np.inf, (2, 2), np.float64),
            mode=Discrete(3, start=1),
            stacked=Box(0, 255, (4, 2, 2), np.uint8),
        ),
        "reward": MultiBinary(2),
    }
)
SEEN = {
    "Front Camera": np.arange(72, dtype=np.uint8).reshape(4, 6, 3),
    "front-camera": np.array([[[0.0], [1.0]], [[0.5], [0.3]]]),
    "robot": {
        "depth": np.arange(16, dtype=np.float64).reshape(4, 4),
        "joints": np.array([[1.0, 2.0], [3.0, 4.1]]),
        "mode": 2,
        "stacked": np.arange(16, dtype=np.uint8).reshape(4, 2, 2),
    },
    "reward": np.array([1, 0], np.int8),
}


def make_cameras():
    return Observing(CAMERAS, SEEN)


def make_picture():
    return Observing(Box(0, 255, (4, 4, 1), np.uint8), np.full((4, 4, 1), 9, np.uint8))


def make_blind():
    return Observing(Box(-1, 1, (1,)), np.zeros(1, np.float32))


def make_words():
    return Observing(Dict(task=Text(5)), {"task": "push"})


def make_endless_actions():
    env = make_blind()
    env.action_space = Box(-np.inf, np.inf, (1,))
    return env


def make_counted():
    env = make_blind()
    env.action_space = Box(0, 3, (1,), np.int64)
    return env


def make_nothing():
    return 3


def broken():
    raise RuntimeError("no licence\nfound")


class Locked(Drawing):
    """Begins no episode."""

    def reset(self, *, seed=None, options=None):
        raise OSError("no licence")


def make_older():
    kind = type("Env", (), {"__module__": "gym.core"})
    return type("Older", (kind,), {})()


def make_without_imageio():
    raise ModuleNotFoundError("No module named 'imageio'", name="imageio")


def make_without_kit():
    raise ModuleNotFoundError("No module named 'kit.arm'", name="kit.arm")


def make_for_other_pytest():
    raise ModuleNotFoundError("No module named 'pytest.of_then'", name="pytest.of_then")


def make_without_box2d():
    line = 'install it by `pip install swig` followed by `pip install "gymnasium[box2d]"`'
    raise gymnasium.error.DependencyNotInstalled(f"Box2D is not installed, {line}")

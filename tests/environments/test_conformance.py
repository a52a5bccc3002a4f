"""The checker passes what conforms and names what does not, one breach at a time."""

import re

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.environments import conformance
from coral_cli.environments.conformance import check_environment
from coral_cli.environments.foreign.records import resolve_foreign
from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.environments.rendering.backend import select_backend
from coral_cli.plugin import Rendering


@pytest.mark.parametrize("name", ["box-push", "cartpole-swingup", "gym:Pendulum-v1"])
def test_what_comes_with_coral_conforms(name):
    select_backend()
    record = resolve_foreign(name) or next(record for record in ENVIRONMENTS if record.name == name)
    assert check_environment(record.build(record.options, Rendering(16, 16)), record.sensors) == []


SENSORS = {"image": "image", "proprio": "vector", "far": "depth"}


class Conforming(gymnasium.Env):
    """Six steps; what a test breaks is replaced in an instance."""

    def __init__(self, **broken):
        self.observation_space = Dict(
            image=Box(0, 255, (4, 4, 3), np.uint8),
            proprio=Box(-np.inf, np.inf, (2,), np.float32),
            far=Box(0, np.inf, (4, 4, 1), np.float32),
        )
        self.action_space = Box(-1, 1, (1,), np.float32)
        self.action_repeat = 2
        self.frame = np.zeros((6, 8, 3), np.uint8)
        self.values, self.reward, self.length, self.closed, self.told, self.end = {}, 1.0, 6, 0, {}, {"success": True}
        self.ended = bool
        vars(self).update(broken)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._steps = 0
        return self._seen(), dict(self.told)

    def step(self, action):
        self._steps += 1
        over = self.ended(self._steps == self.length)
        return self._seen(), self.reward, self.ended(False), over, self.told | ({"metrics": self.end} if over else {})

    def render(self):
        return self.frame

    def close(self):
        self.closed += 1

    def _seen(self):
        values = {
            "image": self.np_random.integers(0, 255, (4, 4, 3), np.uint8),
            "proprio": np.full(2, self._steps, np.float32),
            "far": np.ones((4, 4, 1), np.float32),
        }
        return {name: value.copy() for name, value in (values | self.values).items() if value is not None}


def test_the_toy_that_is_broken_below_conforms_when_it_is_whole():
    assert check_environment(Conforming(), SENSORS) == []
    far = np.zeros((4, 4, 1), np.float32)
    assert check_environment(Conforming(hidden_state=lambda: {"pole": np.ones(2), "up": [True]}), SENSORS) == []
    assert check_environment(Conforming(told={"missing": ("far",)}, values={"far": far}), SENSORS) == []


class Growing(Conforming):
    def hidden_state(self):
        return {"trace": np.zeros(1 + self._steps)}


class Unseeded(Conforming):
    """Forgets its seed."""

    def reset(self, *, seed=None, options=None):
        return super().reset()


class ClosesOnce(Conforming):
    def close(self):
        if self.closed:
            raise RuntimeError("closed before")
        super().close()


class Reuses(Conforming):
    """Gives the same array again and again."""

    def __init__(self):
        super().__init__()
        self._array = np.ones(2, np.float32)

    def _seen(self):
        return super()._seen() | {"proprio": self._array}


class Warned(Conforming):
    def seed(self, seed):
        """Gymnasium knows no such method any more."""


class Raises(Conforming):
    def step(self, action):
        raise RuntimeError("out of\ncheese")


def spaces(**changed):
    return Dict({**Conforming().observation_space.spaces, **changed})


NARROW = Box(-1, 1, (2,), np.float32)
BROKEN = [
    ({"observation_space": NARROW}, "make it a Dict with one entry per sensor"),
    ({"observation_space": spaces(extra=NARROW)}, "has 'extra', which is not declared: name it"),
    ({"observation_space": Dict(image=spaces()["image"], far=spaces()["far"])}, "'proprio' is declared, .*: add it"),
    (
        {"observation_space": spaces(image=Box(0, 1, (4, 4, 3), np.float32))},
        r"'image' is .*: make it a Box of \(H, W, C",
    ),
    ({"observation_space": spaces(proprio=Box(-1, 1, (2,), np.float64))}, r"'proprio' is .*a Box of \(D,\) float32"),
    ({"observation_space": spaces(far=Box(0, 1, (4, 4, 3), np.float32))}, r"'far' is .*a Box of \(H, W, 1\) float32"),
    ({"action_space": Box(-2, 2, (1,), np.float32)}, r"action space is .*: make it Box\(-1, 1, \(A,\), float32\)"),
    ({"action_space": Box(-1, 1, (1,), np.float64)}, r"action space is .*: make it Box\(-1, 1, \(A,\), float32\)"),
    ({"action_repeat": 2.0}, "action_repeat is 2.0: make it an int"),
    ({"action_repeat": 0}, "action_repeat is 0: make it an int"),
    (
        {"values": {"proprio": np.ones(3, np.float32)}},
        r"'proprio' gave float32 of shape \(3,\): give float32 of shape \(2",
    ),
    ({"values": {"proprio": np.ones(2)}}, "'proprio' gave float64 .*: give float32"),
    ({"values": {"proprio": None}}, "'proprio' gave NoneType.*: give float32"),
    (
        {"values": {"proprio": np.array([0, np.inf], np.float32)}},
        "'proprio' gave a number that is not finite: give finite",
    ),
    ({"reward": np.nan}, "a reward is nan: make it a finite float"),
    ({"ended": np.bool_}, "truncated is of type bool: make it a bool"),
    ({"told": {"missing": ("nose",)}}, r'info\["missing"\] is .*: make it a tuple of names among image, proprio, far'),
    ({"told": {"missing": "far"}}, r'info\["missing"\] is .far.: make it a tuple'),
    ({"end": {"success": "yes"}}, r'info\["metrics"\]\[.success.\] is .yes.: make it a finite float'),
    ({"end": {"return": 1.0}}, r'info\["metrics"\] has .return., which coral counts itself'),
    ({"end": [1.0]}, r'info\["metrics"\] is of type list: make it a dict'),
    ({"length": 99}, "not ended after 20 actions: truncate it"),
    ({"frame": np.zeros((6, 7, 3), np.uint8)}, "render.. gave 6x7 pixels: make both sides even"),
    ({"frame": np.zeros((6, 8))}, r"render.. gave float64 of shape \(6, 8\): give an outside view"),
    ({"frame": None}, "render.. gave NoneType: give an outside view"),
    ({"hidden_state": lambda: [1.0]}, r"hidden_state\(\) is of type list: make it a dict of arrays by name"),
    ({"hidden_state": lambda: {"pole": 1.0}}, r"hidden_state\(\)\[.pole.\] is 1.0: give finite numbers, \(D,\)"),
    ({"hidden_state": lambda: {"pole": np.array([np.nan])}}, r"hidden_state\(\)\[.pole.\] is \[nan\]: give finite"),
    (Growing, r"hidden_state\(\) has other names or sizes after a step: always give the same ones"),
    (Unseeded, "sensor 'image' differs at step 0 of two episodes with the same seed: draw .*self.np_random"),
    (ClosesOnce, "closing twice raised RuntimeError: closed before: let a second"),
    (Raises, r"RuntimeError: out of cheese \(.*test_conformance.py:\d+\): mend"),
    pytest.param(
        Reuses,
        "Gymnasium's check says: The observations .* share an object",
        marks=pytest.mark.skipif(gymnasium.__version__ < "1.4", reason="an older Gymnasium does not look for it"),
    ),
    (Warned, "Gymnasium's check warns: Official support for the `seed` function is dropped"),
]


@pytest.mark.parametrize(("broken", "message"), BROKEN)
def test_every_breach_is_named_in_one_line(broken, message, monkeypatch):
    monkeypatch.setattr(conformance, "LONGEST", 20)
    env = broken() if isinstance(broken, type) else Conforming(**broken)
    failures = check_environment(env, SENSORS)
    assert [failure for failure in failures if re.search(message, failure)], failures
    assert len(failures) == (2 if broken == {"ended": np.bool_} else 1), failures  # terminated, too
    assert not any("\n" in failure for failure in failures)
    assert env.closed

"""The distractions of pixels and vectors on a real environment."""

import gymnasium
import numpy as np
import pytest
from PIL import Image

from coral_cli.environments.distractions.records import DISTRACTIONS
from coral_cli.environments.distractions.wrapper import Distracted
from coral_cli.environments.records import ENVIRONMENTS
from coral_cli.plugin import Rendering, Sensor
from coral_cli.registry.options import with_values

RECORDS = {record.name: record for record in DISTRACTIONS}
CARTPOLE = next(record for record in ENVIRONMENTS if record.name == "cartpole-swingup")
IMAGE, PROPRIO = Sensor("image", "image", (48, 96, 3)), Sensor("proprio", "vector", (2,))


class Slow(gymnasium.Wrapper):
    """Shows its first observation again and again, in the same arrays or in copies."""

    def __init__(self, env, copies):
        super().__init__(env)
        self._copies = copies

    def reset(self, **words):
        self._first, info = self.env.reset(**words)
        return self._shown(), info

    def step(self, action):
        return self._shown(), *self.env.step(action)[1:]

    def _shown(self):
        return {name: value.copy() if self._copies else value for name, value in self._first.items()}


@pytest.fixture(scope="module")
def cartpole():
    environment = CARTPOLE.build(CARTPOLE.options, Rendering(48, 96, backend="raycast"))
    yield environment
    environment.close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two clips of bright red noise."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    for clip in ("a", "b"):
        (tmp_path / "clips" / clip).mkdir(parents=True)
        for frame in range(5):
            image = random.integers(0, 100, (48, 96, 3), np.uint8)
            image[..., 0] = 250
            Image.fromarray(image).save(tmp_path / "clips" / clip / f"{frame}.png")
    return str(tmp_path / "clips")


def build(name, sensor, **options):
    record = RECORDS[name]
    return record.build(with_values(record.options, options), sensor, "training")


def rollout(environment, seed=5, steps=4):
    """Observations of a few steps, and what is missing."""
    observation, info = environment.reset(seed=seed)
    seen = [(observation, info.get("missing", ()))]
    for step in range(steps):
        observation, *_, info = environment.step(np.float32([np.sin(step)]))
        seen.append((observation, info.get("missing", ())))
    return seen


@pytest.mark.parametrize(
    ("name", "sensor", "options"),
    [
        ("video", IMAGE, {}),
        ("video", IMAGE, {"mask": "segmentation", "floor": True}),
        ("procedural", IMAGE, {}),
        ("procedural", IMAGE, {"mask": "segmentation"}),
        ("disks", IMAGE, {}),
        ("noise", IMAGE, {}),
        ("color", IMAGE, {}),
        ("frame-drop", IMAGE, {"probability": 0.7}),
        ("frame-drop", IMAGE, {"probability": 0.7, "mode": "missing"}),
        ("proprio-noise", PROPRIO, {"scale": "absolute"}),
        ("proprio-dropout", PROPRIO, {"probability": 0.7}),
    ],
)
def test_the_seed_determines_what_is_distracted_and_nothing_else_changes(cartpole, folder, name, sensor, options):
    if name == "video":
        options = {**options, "folder": folder}
    clean = rollout(cartpole)
    distracted = Distracted(cartpole, {sensor.name: (build(name, sensor, **options),)})
    first, again = rollout(distracted), rollout(distracted)
    other = "proprio" if sensor is IMAGE else "image"
    changed = False
    for (a, missing), (b, missing_again), (c, _) in zip(first, again, clean, strict=True):
        assert missing == missing_again
        assert all(np.array_equal(a[key], b[key]) for key in a)
        assert all(a[key].shape == c[key].shape and a[key].dtype == c[key].dtype for key in a)
        assert np.array_equal(a[other], c[other])
        changed |= bool(missing) or not np.array_equal(a[sensor.name], c[sensor.name])
    assert changed


def test_the_sky_is_replaced_and_the_cart_is_not(cartpole, folder):
    """The clips are bright red, which nothing in the scene is."""
    masks = []
    for options in ({"mask": "segmentation"}, {"mask": "segmentation", "floor": True}):
        distracted = Distracted(cartpole, {"image": (build("video", IMAGE, folder=folder, **options),)})
        ((clean, _),) = rollout(cartpole, steps=0)
        ((observation, _),) = rollout(distracted, steps=0)
        replaced = observation["image"][..., 0] == 250
        assert np.array_equal(observation["image"][~replaced], clean["image"][~replaced])
        assert np.array_equal(replaced, cartpole.scene.background("floor" in options))
        assert 0.2 < replaced.mean() < 1
        masks.append(replaced)
    assert masks[1].sum() > masks[0].sum()


def test_the_sky_is_left_out_only_of_frames_in_which_it_is_replaced(cartpole):
    segmented, coloured = (
        Distracted(cartpole, {"image": (build("procedural", IMAGE, mask=mask),)}) for mask in ("segmentation", "color")
    )
    for distracted, left_out in ((coloured, False), (segmented, True), (coloured, False)):
        rollout(distracted, steps=1)
        assert cartpole.scene.cut_out is left_out


def test_an_image_that_is_shown_again_has_no_disks_of_before(cartpole):
    """As a camera shows it that is slower than the control."""
    again, anew = (
        rollout(Distracted(Slow(cartpole, copies), {"image": (build("disks", IMAGE, speed=0.1),)}))
        for copies in (False, True)
    )
    for (seen, _), (expected, _) in zip(again, anew, strict=True):
        assert np.array_equal(seen["image"], expected["image"])


def test_distractions_are_applied_one_after_another(cartpole):
    drop, disks = build("frame-drop", IMAGE, probability=1.0), build("disks", IMAGE, speed=0.1)
    frozen = rollout(Distracted(cartpole, {"image": (disks, drop)}))
    moving = rollout(Distracted(cartpole, {"image": (drop, disks)}))
    assert np.array_equal(frozen[0][0]["image"], frozen[-1][0]["image"])
    assert not np.array_equal(moving[0][0]["image"], moving[-1][0]["image"])

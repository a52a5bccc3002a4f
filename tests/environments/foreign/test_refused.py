"""Foreign environments that cannot be found, made or used: what is said of each, and what helps."""

import re
import sys

import numpy as np
import pytest
from gymnasium.spaces import Box

from coral_cli.environments.foreign.absent import registering as registering_modules
from coral_cli.environments.foreign.absent import unregistered
from coral_cli.environments.foreign.records import resolve_foreign
from coral_cli.registry.errors import CoralError, UsageError

from .made import adapted


def test_a_renderer_that_fails_later_is_told(toys):
    raw = toys.Drawing("rgb_array")
    env = adapted(raw)
    env.reset()
    raw.frame = np.zeros((4, 4), np.uint8)
    with pytest.raises(CoralError, match=r"toy cannot be rendered: render\(\) gives uint8 of shape \(4, 4\)"):
        env.step(np.zeros(2))


REFUSED = [
    ("gym:Pendulum-v9", "no environment 'Pendulum-v9'", "Did you mean gym:Pendulum-v1"),
    ("gym:Pendulum-v0", "no environment 'Pendulum-v0'", "Did you mean gym:Pendulum-v1"),
    ("gym:Pendulum", "no environment 'Pendulum'", "Did you mean gym:Pendulum-v1"),
    ("gym:Xyzzyplugh-v1", "no environment 'Xyzzyplugh-v1'", "importing a module registers it, write gym:module:Xyzzy"),
    ("gym:foreign_toys:Arm-v0", "importing foreign_toys registers no environment 'Arm-v0'", "gym:module:ID"),
    ("gym:foreign_registering:Registerd-v0", "registers no", "Did you mean gym:foreign_registering:Registered-v0"),
    ("gym:foreign_toy:Arm-v0", "there is no module 'foreign_toy'", "directory"),
    ("gym:no-module:Arm-v0", "names no environment", "gym:module:ID"),
    ("gym:CartPole-v1", r"Discrete\(2\): discrete actions are not supported", "Box"),
    ("foreign_toys:make_counted", "discrete actions are not supported", "Box"),
    ("foreign_toys:make_endless_actions", "no finite bounds", "bounds"),
    ("foreign_toys:make_words", "observation 'task' is a Text", "Box"),
    ("foreign_toys:broken", r"cannot be made \(RuntimeError: no licence\)", r"foreign_toys\.broken\(\)"),
    ("foreign_toys:make_nothing", "returns a int", "gym:ID"),
    ("foreign_toys:make_older", "returns a Older, which is no gymnasium.Env", "shimmy"),
    ("foreign_toys:make_without_imageio", "ModuleNotFoundError", "^python -m pip install imageio$"),
    ("foreign_toys:make_without_kit", "kit.arm", "holds module 'kit'"),
    (
        "foreign_toys:make_for_other_pytest",
        "of_then",
        f"^pytest {pytest.__version__} is installed, and has no pytest.of_then",
    ),
    (
        "foreign_toys:make_without_box2d",
        "swig",
        r'^python -m pip install swig && python -m pip install "gymnasium\[box2d\]"$',
    ),
    ("foreign_needy:make", r"'foreign_needy' cannot be imported \(it needs 'pygame'", "^python -m pip install pygame$"),
    ("foreign_toys:Observing", "cannot be made .*missing 2 required", r"Observing\(\)"),
    ("foreign_toys:make_camera", "has no 'make_camera'", "Did you mean foreign_toys:make_cameras"),
    ("foreign_toys:PI", "a float, which cannot be called", "gym:ID"),
    ("foreign_toy:make", "there is no module 'foreign_toy'", "directory"),
    ("foreign_toys:", "names no environment", "gym:ID"),
]


@pytest.mark.parametrize(("name", "message", "hint"), REFUSED)
def test_what_cannot_be_is_refused(name, message, hint, needy, registering):
    with pytest.raises(UsageError, match=message) as caught:
        resolve_foreign(name)
    assert re.search(hint, caught.value.hint)


def test_installed_packages_that_may_register_an_id_are_named(tmp_path, monkeypatch):
    """Those that require Gymnasium for nothing but an extra are not, nor is what requires something else."""
    for name, line in {
        "robots-of-old": "gymnasium>=0.29",
        "learning": "torch",
        "playing": "gymnasium; extra == 'play'",
    }.items():
        about = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: {line}\n")
        (about / "top_level.txt").write_text(f"{name.replace('-', '_')}_gym\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert registering_modules() == ["robots_of_old_gym"]
    assert unregistered("Arm-v0").endswith(
        "write gym:module:Arm-v0; installed and made for Gymnasium: robots_of_old_gym."
    )


def test_a_reset_that_fails_is_no_missing_picture(toys):
    """Without an image it would train, and fail there."""
    with pytest.raises(CoralError, match="environment foreign_toys:Locked raised OSError: no licence"):
        resolve_foreign("foreign_toys:Locked")


@pytest.mark.parametrize(
    ("space", "value", "said"),
    [
        (Box(-1, 1, (3,), np.float32), np.zeros(1), r"float64 \(1,\), but its space says float32 \(3,\)"),
        (Box(0, 255, (4, 4, 3), np.uint8), np.full((4, 4, 3), 200.0), "float64 .* but its space says uint8"),
        (Box(0, 1, (4, 4, 3), np.float32), np.zeros((4, 4, 3), np.uint8), "uint8 .* but its space says float32"),
        (Box(0, 255, (4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8), r"uint8 \(4, 5, 3\), but"),
    ],
)
def test_an_observation_that_is_not_of_its_space_is_refused(toys, space, value, said):
    with pytest.raises(CoralError, match=f"at step 0 of an episode, sensor '.*' of toy gave {said}"):
        adapted(toys.Observing(space, value), draws=False).reset()

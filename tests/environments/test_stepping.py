"""Stepping dm_control's physics directly, and its named access with a memory, against dm_control itself."""

import mujoco
import numpy as np
import pytest
from dm_control import suite

from coral_cli.environments.named_access import remember_names
from coral_cli.environments.stepping import UnstableError, advance, checked_advance


def physics_of(domain, task):
    environment = suite.load(domain, task, task_kwargs={"random": 0})
    environment.reset()
    return environment.physics


@pytest.mark.parametrize(("domain", "task"), [("cartpole", "swingup"), ("cheetah", "run"), ("walker", "walk")])
@pytest.mark.parametrize("substeps", [1, 3])
def test_every_derived_value_is_as_dm_control_leaves_it(domain, task, substeps):
    """cartpole integrates by Runge-Kutta, the others by Euler."""
    ours, theirs = physics_of(domain, task), physics_of(domain, task)
    for control in np.random.default_rng(0).uniform(-1, 1, (20, ours.model.nu)):
        ours.set_control(control)
        theirs.set_control(control)
        advance(ours.model.ptr, ours.data.ptr, substeps)
        theirs.step(substeps)
        for name in ("qpos", "qvel", "qacc", "xpos", "xmat", "site_xpos", "cam_xpos", "qfrc_bias", "sensordata"):
            assert np.array_equal(getattr(ours.data, name), getattr(theirs.data, name)), name
    assert ours.time() == theirs.time() > 0


def test_an_unstable_state_is_an_error_that_says_why():
    physics = physics_of("cartpole", "swingup")
    model, data = physics.model.ptr, physics.data.ptr
    checked_advance(model, data, 1)
    data.qvel[0] = np.nan
    with pytest.raises(UnstableError, match=r"unstable \(mjWARN_BADQVEL\)"):
        checked_advance(model, data, 1)
    checked_advance(model, data, 1)  # MuJoCo has reset it; old warnings are no new ones
    assert data.warning[mujoco.mjtWarning.mjWARN_BADQVEL].number == 1


KEYS = [
    ("xpos", "torso"),
    ("xpos", ("torso", "z")),
    ("xmat", ("torso", ["zz", "zx"])),
    ("xmat", (["torso", "right_foot"], "zz")),
    ("xmat", (slice(1, None), ["xx", "xz"])),
    ("xmat", (["torso", "right_foot"],)),
    ("qpos", slice(1, 3)),
    ("qpos", 2),
    ("qpos", [0, 2]),
    ("qpos", np.array([0, 2])),
    ("sensordata", "torso_subtreelinvel"),
]


def test_names_are_remembered_and_values_are_not():
    physics = physics_of("walker", "walk")
    plain = physics.named
    remember_names(physics)
    for _ in range(3):  # from the second time on, from memory
        physics.step()
        for field, key in KEYS:
            assert np.array_equal(getattr(physics.named.data, field)[key], getattr(plain.data, field)[key])
    physics.named.data.qpos["rootz"] = 7.0
    assert physics.data.qpos[0] == 7.0 == plain.data.qpos["rootz"]
    assert np.array_equal(physics.named.model.geom_size["torso", 0], plain.model.geom_size["torso", 0])

"""Tasks of robosuite: step for step as there, right side up, and what the arm feels. Skipped where there is none."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from coral_cli.plugin import Rendering
from coral_cli.testing import check_environment, run, select_backend

BACKEND = select_backend()  # before anything imports mujoco

pytest.importorskip("robosuite", exc_type=ImportError)

from coral_env_robosuite import RobosuiteOptions, coral_environments  # noqa: E402
from coral_env_robosuite.simulation import RobosuiteSimulation, quiet  # noqa: E402

RECORDS = {record.name: record for record in coral_environments()}
SHORT = RobosuiteOptions(steps=6)


def make(name="lift", size=32, backend=BACKEND, **options):
    return RECORDS[f"robosuite-{name}"].build(replace(SHORT, **options), Rendering(size, size, backend=backend))


def actions(count, size=7):
    return np.random.default_rng(0).uniform(-1, 1, (count, size)).astype(np.float32)


def theirs(task, **options):
    import robosuite

    with quiet():
        return robosuite.make(
            task, robots="Panda", has_renderer=False, reward_shaping=True, seed=0, renderer="mujoco", **options
        )


@pytest.fixture(scope="module")
def lift():
    env = make()
    yield env
    env.close()


@pytest.mark.parametrize(("name", "task"), [("lift", "Lift"), ("door", "Door"), ("pick-place-can", "PickPlaceCan")])
def test_it_is_robosuite_s_task_step_for_step(name, task):
    """With its own observations, in the order of its older releases, and sums of its rewards."""
    env = make(name, action_repeat=2)
    other = theirs(task, has_offscreen_renderer=False, use_camera_obs=False, hard_reset=False)
    env.reset(seed=0)
    other.rng.bit_generator.state = env.simulation.environment.rng.bit_generator.state
    seen, _ = env.reset()
    wanted = other.reset()
    for action in actions(3):
        angles = wanted["robot0_joint_pos"]
        rest = [
            "robot0_joint_vel",
            "robot0_eef_pos",
            "robot0_eef_quat_site",
            "robot0_gripper_qpos",
            "robot0_gripper_qvel",
        ]
        quaternion = wanted["robot0_eef_quat_site"]
        wanted["robot0_eef_quat_site"] = quaternion if quaternion[3] >= 0 else -quaternion
        felt = np.concatenate([np.cos(angles), np.sin(angles), *(wanted[key] for key in rest)])
        assert seen["proprio"] == pytest.approx(felt, abs=1e-6)
        seen, reward, *_ = env.step(action)
        total = 0.0
        for _ in range(2):
            wanted, one, *_ = other.step(action.astype(float))
            total += one
        assert reward == pytest.approx(total, abs=1e-9)
    env.close()
    other.close()


@pytest.mark.skipif(BACKEND != "egl", reason="robosuite draws with EGL alone")
def test_pictures_are_robosuite_s_the_right_way_up():
    """Which gives them as OpenGL counts, from below, unless a macro says otherwise."""
    cameras = ["agentview", "robot0_eye_in_hand"]
    other = theirs("Lift", hard_reset=False, camera_names=cameras, camera_heights=64, camera_widths=64)
    record = RECORDS["robosuite-lift"]
    env = record.build(SHORT, Rendering(64, 64, quality="paper", backend="egl"))
    env.reset(seed=0)
    other.rng.bit_generator.state = env.simulation.environment.rng.bit_generator.state
    seen, _ = env.reset()
    wanted = other.reset()
    for ours, camera in zip(("image", "wrist"), cameras, strict=True):
        drawn = wanted[f"{camera}_image"].astype(float)
        assert np.abs(seen[ours] - drawn[::-1]).mean() < 2
        assert np.abs(seen[ours] - drawn).mean() > 10
    env.close()
    other.close()


def test_only_the_images_show_the_cube(lift):
    before, _ = lift.reset(seed=1)
    simulation = lift.simulation
    felt = simulation.feel()
    simulation.data.joint("cube_joint0").qpos[:2] += 0.05
    simulation.environment.sim.forward()
    observed = simulation.environment._get_observations(force_update=True)
    assert not any("cube" in name for name in observed)
    np.testing.assert_array_equal(simulation.feel(), felt)
    for name in ("image", "wrist"):
        assert (lift.scenes[name].agent(simulation.data) != before[name]).any()
        red = before[name].astype(int)
        assert ((red[..., 0] > red[..., 1] + 60) & (red[..., 0] > red[..., 2] + 60)).any(), "the cube is out of sight"


def test_a_cube_that_was_lifted_counts_even_if_it_falls(lift):
    """With robosuite's greatest reward while it is up."""
    lift.reset(seed=1)
    cube = lift.simulation.data.joint("cube_joint0")
    cube.qpos[2] += 0.3
    _, reward, *_ = lift.step(np.zeros(7, np.float32))
    assert reward == pytest.approx(1)
    cube.qpos[2] = 0.83
    for step in range(5):
        *_, terminated, truncated, info = lift.step(np.zeros(7, np.float32))
        assert (terminated, truncated) == (False, step == 4)
    assert info["metrics"] == {"success": 1.0, "success_at_end": 0.0}
    lift.reset(seed=2)
    for _ in range(6):
        *_, info = lift.step(np.zeros(7, np.float32))
    assert info["metrics"] == {"success": 0.0, "success_at_end": 0.0}


def test_a_sparse_reward_says_nothing_on_the_way(lift):
    lift.reset(seed=1)
    assert 0 < lift.step(np.zeros(7, np.float32))[1] < 1
    sparse = make(reward="sparse")
    sparse.reset(seed=1)
    assert sparse.step(np.zeros(7, np.float32))[1] == 0
    sparse.close()


@pytest.mark.parametrize(("compile", "alike"), [(False, True), (True, False)])
def test_cubes_differ_where_the_model_is_compiled_anew(compile, alike):
    """The seed decides in either case, whatever came before."""
    simulation = RobosuiteSimulation("Lift", replace(SHORT, compile=compile))

    def begun(seed):
        simulation.begin(seed)
        return simulation.model.geom("cube_g0").size.copy(), simulation.data.qpos.copy()

    (size, place), (other_size, other_place), (again, same_place) = (begun(seed) for seed in (3, 4, 3))
    np.testing.assert_array_equal(size, again)
    np.testing.assert_array_equal(place, same_place)
    assert (place != other_place).any() and (size == other_size).all() == alike


def test_by_position_the_hand_moves_without_turning():
    env = make("stack", control="position")
    env.reset(seed=0)
    assert env.action_space.shape == (4,)
    before = env.simulation.feel()
    for _ in range(5):
        env.step(np.array([0, 0, 1, 0], np.float32))
    moved = (env.simulation.feel() - before)[21:28]
    assert moved[2] > 0.03 and np.abs(moved[[0, 1, 3, 4, 5, 6]]).max() < 0.02
    env.close()


def test_what_the_simulator_knows_has_the_cube_and_where_a_door_stands(lift):
    lift.reset(seed=1)
    state = lift.hidden_state()
    body = lift.simulation.data.body("cube_main").xpos
    assert state["cube_joint0 position"] == pytest.approx(body, abs=1e-6)
    door = make("door")
    places = [door.reset(seed=seed) and door.hidden_state()["handle position"] for seed in (0, 1)]
    assert (places[0] != places[1]).any()
    door.close()


def test_walls_are_background(lift):
    lift.reset(seed=0)
    assert 0 < lift.scene.background(False).mean() < lift.scene.background(True).mean() < 1


def test_the_contract_holds():
    check_environment(RECORDS["robosuite-lift"], SHORT)


def test_other_programs_of_this_one_draw_as_chosen(monkeypatch):
    """Importing robosuite sets MUJOCO_GL to EGL for all that are started later."""
    program = (
        "import os; os.environ['MUJOCO_GL'] = 'disable'\n"
        "from coral_env_robosuite import RobosuiteOptions\n"
        "from coral_env_robosuite.simulation import RobosuiteSimulation\n"
        "RobosuiteSimulation('Lift', RobosuiteOptions()); print(os.environ['MUJOCO_GL'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "disable\n" and done.stderr == ""


def test_it_is_shown_as_one_document():
    outcome = run("envs show robosuite-lift --json", components=RECORDS.values())
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)


def test_it_trains_in_a_dry_run_under_a_distraction():
    line = "train --env robosuite-lift --distraction procedural --size tiny --image-loss cpc --dry-run"
    outcome = run(line, components=RECORDS.values())
    assert outcome.code == 0, outcome.err

"""Tasks of Meta-World: step for step as there, right side up, the goal hidden. Skipped where there is none."""

import numpy as np
import pytest

from coral_cli.plugin import Rendering
from coral_cli.testing import check_environment, run, select_backend

BACKEND = select_backend()  # before anything imports mujoco

pytest.importorskip("metaworld", exc_type=ImportError)

import mujoco  # noqa: E402

from coral_env_metaworld import TASKS, MetaWorldOptions, coral_environments  # noqa: E402

RECORDS = {record.name: record for record in coral_environments()}


def make(task="reach-v3", size=32, quality="fast", **options):
    rendering = Rendering(size, size, quality=quality, backend=BACKEND)
    return RECORDS[f"metaworld-{task}"].build(MetaWorldOptions(**options), rendering)


def actions(count):
    return np.random.default_rng(0).uniform(-1, 1, (count, 4)).astype(np.float32)


def theirs(task, **options):
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    return ALL_V3_ENVIRONMENTS[task](**options)


@pytest.fixture(scope="module")
def reach():
    env = make()
    yield env
    env.close()


def test_names_are_meta_world_s():
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    assert tuple(ALL_V3_ENVIRONMENTS) == TASKS


@pytest.mark.parametrize("task", ["reach-v3", "door-open-v3", "pick-place-v3", "drawer-close-v3"])
def test_it_is_meta_world_s_task_step_for_step(task):
    """With a goal of its own benchmark, what it observes of the arm alone, and sums of its rewards."""
    from metaworld import MT1

    env, other = make(task, goals="train", goals_seed=5), theirs(task)
    seen, _ = env.reset(seed=0)
    goal = env.hidden_state()["goal position"]
    for goal_of_theirs in MT1(task, seed=5).train_tasks:
        other.set_task(goal_of_theirs)
        wanted, _ = other.reset()
        if (other._target_pos == goal).all():
            break
    else:
        pytest.fail("the goal is none of the benchmark's")
    for action in actions(5):
        assert seen["proprio"] == pytest.approx(wanted[:4].astype(np.float32), abs=0)
        seen, reward, *_ = env.step(action)
        total = 0.0
        for _ in range(2):
            wanted, one, *_ = other.step(action.astype(float))
            total += one
        assert reward == pytest.approx(total, abs=1e-9)
    env.close()
    other.close()


def test_every_camera_that_stands_still_stands_upright(reach):
    """In Meta-World four of them hang upside down."""
    reach.reset(seed=0)
    upwards = reach.simulation.data.cam_xmat.reshape(-1, 3, 3)[:, 2, 1]
    assert (upwards > -1e-6).all()


@pytest.mark.skipif(BACKEND != "egl", reason="it is compared with Meta-World's own drawing by EGL")
def test_the_picture_is_meta_world_s_by_half_a_turn():
    other = theirs("drawer-open-v3", render_mode="rgb_array", camera_name="corner2", width=64, height=64)
    env = make("drawer-open-v3", 64, "paper", camera="corner2", goals="train")
    seen = env.reset(seed=0)[0]["image"].astype(float)
    other.set_task(next(task for task in env.simulation._goals if is_goal(other, task, env)))
    other.reset()
    drawn = other.render()
    assert np.abs(seen - drawn[::-1, ::-1]).mean() < 3
    assert min(np.abs(seen - drawn).mean(), np.abs(seen - drawn[::-1]).mean()) > 10
    env.close()
    other.close()


def is_goal(other, task, env):
    other.set_task(task)
    other.reset()
    return (other._target_pos == env.hidden_state()["goal position"]).all()


def test_only_the_image_shows_the_goal(reach):
    before, _ = reach.reset(seed=1)
    simulation = reach.simulation
    felt = simulation.feel().copy()
    simulation.model.site("goal").pos[:2] -= 0.2
    mujoco.mj_forward(simulation.model, simulation.data)
    np.testing.assert_array_equal(simulation.feel(), felt)
    assert (reach.scene.agent(simulation.data) != before["image"]).any()


def test_a_goal_that_was_reached_counts(reach):
    """With Meta-World's greatest reward, 10 in each environment step."""
    reach.reset(seed=1)
    environment = reach.simulation.environment
    goal, environment._target_pos = environment._target_pos, environment.tcp_center.copy()
    assert reach.step(np.zeros(4, np.float32))[1] == pytest.approx(20)
    environment._target_pos = goal
    for step in range(1, 250):
        *_, terminated, truncated, info = reach.step(np.zeros(4, np.float32))
        assert (terminated, truncated) == (False, step == 249)
    assert info["metrics"] == {"success": 1.0, "success_at_end": 0.0}


def test_the_seed_decides_where_goal_and_object_are(reach):
    def begun(seed):
        reach.reset(seed=seed)
        state = reach.hidden_state()
        return np.concatenate([state["goal position"], state["object position"]])

    first, following = begun(3), begun(None)
    assert (begun(4) != first).any()
    np.testing.assert_array_equal(begun(3), first)
    np.testing.assert_array_equal(begun(None), following)
    assert (following != first).any()


def test_training_goals_are_fifty():
    env = make("push-v3", goals="train", goals_seed=1)
    seen = set()
    for seed in range(60):
        env.simulation.begin(seed)
        seen.add(tuple(env.hidden_state()["goal position"]))
    assert 25 < len(seen) <= 50
    env.close()


def test_the_contract_holds():
    check_environment(RECORDS["metaworld-push-v3"], MetaWorldOptions(action_repeat=50))


def test_it_trains_in_a_dry_run_under_a_distraction():
    line = "train --env metaworld-reach-v3 --distraction procedural --size tiny --image-loss cpc --dry-run"
    outcome = run(line, components=RECORDS.values())
    assert outcome.code == 0, outcome.err

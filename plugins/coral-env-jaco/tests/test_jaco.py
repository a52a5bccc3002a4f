"""Every task step for step as in dm_control, what the arm feels and what only the image shows."""

import numpy as np
import pytest

from coral_cli.plugin import Rendering
from coral_cli.testing import check_environment, run, select_backend
from coral_env_jaco import TASKS, JacoOptions, coral_environments

BACKEND = select_backend()  # before anything imports mujoco
RECORDS = {record.name: record for record in coral_environments()}
NAMES = dict(zip(RECORDS, TASKS, strict=True))


def make(name, size=32, action_repeat=1, backend="raycast"):
    return RECORDS[name].build(JacoOptions(action_repeat), Rendering(size, size, backend=backend))


def actions_of(env, count):
    return np.random.default_rng(0).uniform(-1, 1, (count, *env.action_space.shape)).astype(np.float32)


@pytest.mark.parametrize("name", RECORDS)
def test_it_is_dm_control_s_task_step_for_step(name):
    """Whose own environment compiles the model anew for every episode and computes all observables."""
    from dm_control import manipulation

    from coral_env_jaco.simulation import FELT

    ours, theirs = make(name, action_repeat=2), manipulation.load(f"{NAMES[name]}_features", seed=0)
    ours.reset(seed=0)  # a first episode, so that anything it left behind would show
    ours.step(ours.action_space.high)
    theirs.random_state.set_state(ours.simulation.environment.random_state.get_state())
    observation, _ = ours.reset()
    step = theirs.reset()
    for action in actions_of(ours, 6):
        wanted = np.concatenate([step.observation[key].ravel() for key in FELT])
        assert observation["proprio"].shape == (36,)
        assert observation["proprio"] == pytest.approx(wanted, rel=1e-4, abs=1e-4)
        observation, reward, terminated, truncated, _ = ours.step(action)
        spec, part = theirs.action_spec(), (action.astype(float) + 1) / 2
        steps = [theirs.step(spec.minimum + part * (spec.maximum - spec.minimum)) for _ in range(2)]
        step = steps[-1]
        assert reward == pytest.approx(sum(step.reward for step in steps), rel=1e-3, abs=1e-9)
        assert not terminated and not truncated
    ours.close()
    theirs.close()


def test_the_reward_of_reaching_is_one_at_the_target():
    env = make("jaco-reach-site")
    env.reset(seed=0)
    physics = env.simulation.environment.physics
    hand = physics.named.data.site_xpos["jaco_arm/jaco_hand/pinchsite"]
    physics.named.model.site_pos["target_site"] = hand
    assert env.step(np.zeros(9, np.float32))[1] > 0.99
    physics.named.model.site_pos["target_site"] = hand + np.array([0, 0, 1])
    assert env.step(np.zeros(9, np.float32))[1] < 0.01
    env.close()


@pytest.mark.parametrize("name", ["jaco-reach-site", "jaco-place-cradle", "jaco-stack-2-bricks"])
def test_the_seed_determines_the_episode(name):
    env, twin = make(name), make(name)

    def episode(env, seed):
        seen = [env.reset(seed=seed)[0]]
        earned = []
        for action in actions_of(env, 3):
            observation, reward, *_ = env.step(action)
            seen.append(observation)
            earned.append(reward)
        return [observation[key].tobytes() for observation in seen for key in sorted(observation)], earned

    first = episode(env, 3)
    assert episode(twin, 3) == first
    assert episode(env, 4) != first
    following = episode(env, None)
    assert episode(env, 3) == first
    episode(twin, 4)
    assert episode(twin, None) == following
    env.close()
    twin.close()


def test_an_episode_is_ten_seconds():
    env = make("jaco-reach-site", action_repeat=100)
    env.reset(seed=0)
    assert [env.step(action)[2:4] for action in actions_of(env, 3)] == [(False, False)] * 2 + [(False, True)]
    assert env.simulation.data.time == pytest.approx(10)
    env.close()


def test_where_the_physics_diverge_the_episode_is_cut_off():
    env = make("jaco-reach-site")
    env.reset(seed=0)
    env.simulation.data.qvel[:] = np.nan
    observation, reward, terminated, truncated, _ = env.step(np.zeros(9, np.float32))
    assert (reward, terminated, truncated) == (0, False, True) and np.isfinite(observation["proprio"]).all()
    env.reset()
    assert not env.step(np.zeros(9, np.float32))[3]
    env.close()


@pytest.mark.parametrize("backend", sorted({"raycast", BACKEND}))
@pytest.mark.parametrize(("name", "what"), [("jaco-reach-site", "target_site"), ("jaco-lift-brick", "duplo2x4/")])
def test_only_the_image_shows_the_goal(name, what, backend):
    env = make(name, 64, backend=backend)
    for seed in range(2):
        image = env.reset(seed=seed)[0]["image"].astype(int)
        red = (image[..., 0] > image[..., 1] + 30) & (image[..., 0] > image[..., 2] + 30)
        assert red.any(), "the red goal is out of sight"
        model, data = env.simulation.model, env.simulation.data
        felt = env.simulation.feel()
        if what == "target_site":
            model.site(what).pos += 0.1
        else:
            data.qpos[model.joint(model.body_jntadr[model.body(what).id]).qposadr[0]] += 0.1
        np.testing.assert_array_equal(env.simulation.feel(), felt)
    env.close()


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("backend", sorted({"raycast", BACKEND}))
def test_every_task_is_drawn_from_near_and_far(name, backend):
    env = make(name, 48, backend=backend)
    observation, _ = env.reset(seed=0)
    assert observation["image"].shape == (48, 48, 3) and observation["image"].std() > 10
    assert env.render().shape == (256, 256, 3) and env.render().std() > 10
    sky_and_floor = env.scene.background(True)
    assert 0.3 < sky_and_floor.mean() < 0.99
    env.close()


def test_the_contract_holds():
    check_environment(RECORDS["jaco-lift-large-box"], JacoOptions(action_repeat=25))


def test_it_trains_in_a_dry_run():
    line = "train --env jaco-place-brick --env.action-repeat 10 --size tiny --image-loss cpc --dry-run"
    outcome = run(line, components=RECORDS.values())
    assert outcome.code == 0, outcome.err


def test_under_distractions_it_is_seen_by_segmentation():
    outcome = run("train --env jaco-stack-3-bricks --distraction procedural --help", components=RECORDS.values())
    assert outcome.code == 0 and "segmentation" in outcome.out

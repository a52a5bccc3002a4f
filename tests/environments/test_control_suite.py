"""Control Suite tasks: splits, rewards, episodes and seeds against dm_control itself."""

import dataclasses
import warnings

import numpy as np
import pytest
from dm_control import suite
from gymnasium.utils.env_checker import check_env

from coral_cli.environments.control_suite import control_task
from coral_cli.environments.control_tasks import TASKS, ControlOptions, published_options
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import UsageError

from .episodes import actions_of, episode

TINY = Rendering(8, 8)


def make(domain, task, rendering=TINY, **options):
    return control_task(domain, task, dataclasses.replace(published_options(domain, task), **options), rendering)


def test_every_task_of_the_suite_is_listed():
    assert sorted((domain, task) for domain, tasks in TASKS.items() for task in tasks) == sorted(suite.ALL_TASKS)


@pytest.mark.parametrize("domain", sorted(TASKS))
def test_the_sizes_of_actions(domain):
    """One task of each size; the tasks of a domain mostly share their robot."""
    for size, task in {size: task for task, size in TASKS[domain].items()}.items():
        environment = suite.load(domain, task, task_kwargs={"random": 0})
        assert environment.action_spec().shape == (size,)


@pytest.mark.parametrize(("domain", "task"), [("lqr", "lqr_2_1"), ("cartpole", "swingup")])
def test_actions_have_bounds_also_where_the_actuators_have_none(domain, task):
    """dm_control says 1e10 then."""
    simulation = make(domain, task).simulation
    assert simulation.low.tolist() == [-1] and simulation.high.tolist() == [1]


def test_films_are_in_real_time():
    environment = make("cartpole", "swingup")  # 8 environment steps of 10 ms a frame
    assert environment.metadata["render_fps"] == pytest.approx(12.5)
    environment.close()


PUBLISHED = [  # task, action repeat, camera, size of proprioception, and the same from dm_control's observation
    ("ball_in_cup", "catch", 4, 0, 4, lambda o: [o["position"][:2], o["velocity"][:2]]),
    ("cartpole", "swingup", 8, 0, 2, lambda o: [o["position"][:1], o["velocity"][:1]]),
    ("cheetah", "run", 4, 0, 12, lambda o: [o["position"][-6:], o["velocity"][-6:]]),
    ("reacher", "easy", 4, 0, 4, lambda o: [o["position"], o["velocity"]]),
    ("walker", "walk", 2, 0, 20, lambda o: [o["orientations"], o["velocity"][3:]]),
    ("walker", "run", 2, 0, 20, lambda o: [o["orientations"], o["velocity"][3:]]),
    (
        "quadruped", "walk", 2, 2, 44,
        lambda o: [o["egocentric_state"][:16], o["egocentric_state"][-12:], o["egocentric_state"][16:32]],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("domain", "task", "repeat", "camera", "size", "split"), PUBLISHED)
def test_published_tasks_step_for_step_as_in_dm_control(domain, task, repeat, camera, size, split):
    """Rewards are summed over the action repeat; proprioception is the published part of the observation."""
    options = published_options(domain, task)
    assert (options.action_repeat, options.camera) == (repeat, camera)
    environment = make(domain, task)
    assert environment.action_repeat == repeat
    assert environment.observation_space["proprio"].shape == (size,)
    assert environment.observation_space["image"].shape == (8, 8, 3)
    reference = suite.load(domain, task, task_kwargs={"random": 0})
    reference.task.random.set_state(environment.simulation.task.random.get_state())
    observation, _ = environment.reset()
    theirs = reference.reset()
    spec = reference.action_spec()
    for action in actions_of(environment, 5):
        assert observation["proprio"] == pytest.approx(np.concatenate(split(theirs.observation)), rel=1e-6, abs=1e-6)
        observation, reward, terminated, truncated, _ = environment.step(action)
        wanted = 0.0
        for _ in range(repeat):
            theirs = reference.step(spec.minimum + (action.astype(float) + 1) / 2 * (spec.maximum - spec.minimum))
            wanted += theirs.reward
        assert reward == pytest.approx(wanted, rel=1e-12, abs=1e-12)
        assert not terminated and not truncated
    environment.close()


@pytest.mark.parametrize(
    ("domain", "task", "repeat"), [("walker", "walk", 2), ("cheetah", "run", 4), ("quadruped", "run", 2)]
)
def test_200_actions_lead_where_they_lead_in_dm_control(domain, task, repeat):
    """Scaled in single precision, a walker's rewards come apart by 0.6 on the way, a cheetah's by 1e-5."""
    environment = make(domain, task, action_repeat=repeat)
    reference = suite.load(domain, task, task_kwargs={"random": 0})
    reference.task.random.set_state(environment.simulation.task.random.get_state())
    environment.reset()
    reference.reset()
    low, high = reference.action_spec().minimum, reference.action_spec().maximum
    earned, wanted = [], []
    for action in actions_of(environment, 200):
        earned.append(environment.step(action)[1])
        scaled = low + (action.astype(np.float64) + 1) / 2 * (high - low)
        wanted.append(sum(reference.step(scaled).reward for _ in range(repeat)))
    assert earned == pytest.approx(wanted, rel=0, abs=1e-12)
    np.testing.assert_array_equal(environment.simulation.data.qpos, reference.physics.data.qpos)
    environment.close()


@pytest.mark.parametrize(
    ("domain", "task", "size"),
    [
        ("acrobot", "swingup", 3),  # the elbow alone, without limits: cosine, sine, velocity
        ("pendulum", "swingup", 3),
        ("hopper", "hop", 8),  # four joints, the root's three left out
        ("finger", "spin", 4),  # two joints, the spinner left out
        ("point_mass", "easy", 4),  # two slides, each moved through tendons
        ("humanoid", "run", 42),
        ("manipulator", "bring_ball", 13),  # 4 of the arm, the first without limits, 2 of the hand; not the ball
    ],
)
def test_other_tasks_feel_the_joints_that_actuators_move(domain, task, size):
    environment = make(domain, task)
    assert environment.observation_space["proprio"].shape == (size,)
    environment.close()


@pytest.mark.parametrize("repeat", [8, 300])
def test_an_episode_is_1000_environment_steps(repeat):
    environment = make("cartpole", "swingup", action_repeat=repeat)
    environment.reset(seed=0)
    ends, rewards = [], 0.0
    for action in actions_of(environment, -(-1000 // repeat)):
        _, reward, terminated, truncated, _ = environment.step(action)
        ends.append(truncated)
        assert not terminated
        rewards += reward
    assert ends == [False] * (len(ends) - 1) + [True]
    assert environment.simulation.data.time == pytest.approx(10.0)  # 1000 steps of 0.01 s
    assert 0 < rewards < 1000
    environment.close()


def test_the_end_by_the_task_itself_is_a_termination(monkeypatch):
    environment = make("cartpole", "swingup")
    environment.reset(seed=0)
    monkeypatch.setattr(environment.simulation.task, "get_termination", lambda physics: 0.0)
    assert environment.step(np.zeros(1, np.float32))[2:4] == (True, False)
    assert environment.simulation.data.time == pytest.approx(0.01)  # the other seven repeats are left out
    monkeypatch.setattr(environment.simulation.task, "get_termination", lambda physics: 1.0)
    assert environment.step(np.zeros(1, np.float32))[2:4] == (False, True)
    environment.close()


@pytest.mark.parametrize(("domain", "task"), [("reacher", "easy"), ("point_mass", "hard"), ("lqr", "lqr_2_1")])
def test_the_seed_determines_the_episode(domain, task, backend):
    rendering = Rendering(32, 32, backend=backend)
    one, two = make(domain, task, rendering), make(domain, task, rendering)
    first = episode(one, 3)
    assert episode(two, 3) == first
    assert episode(one, 4) != first
    following = episode(one, None)
    assert following != first  # without a seed the stream goes on
    assert episode(one, 3) == first
    episode(two, 4)
    assert episode(two, None) == following  # and goes on the same way
    one.close()
    two.close()


def test_an_unstable_simulation_cuts_the_episode_short():
    """MuJoCo puts the model back to its beginning, which is no state that the action led to."""
    env, other = make("cartpole", "swingup", action_repeat=4), make("cartpole", "swingup", action_repeat=4)
    action = np.ones(1, np.float32)
    for each in (env, other):
        each.reset(seed=3)
    before, *_ = env.step(action)
    before = {name: value.copy() for name, value in before.items()}
    env.simulation.data.qvel[0] = np.nan
    observation, reward, terminated, truncated, _ = env.step(action)
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert all(np.array_equal(observation[name], before[name]) for name in before)
    other.step(action)
    for each in (env, other):
        each.reset()
    after, expected = env.step(action)[0], other.step(action)[0]
    assert all(np.array_equal(after[name], expected[name]) for name in before)
    env.close()
    other.close()


def test_it_is_a_gymnasium_environment():
    environment = make("cartpole", "swingup", Rendering(64, 64))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(infinity|render).*")
        check_env(environment, skip_render_check=True)
    assert environment.render().shape == (256, 256, 3)
    environment.close()


def test_the_images_are_drawn_and_differ(backend):
    environment = make("cheetah", "run", Rendering(64, 64, backend=backend))
    first, _ = environment.reset(seed=0)
    for action in actions_of(environment, 3):
        last = environment.step(action)[0]
    assert first["image"].std() > 10
    assert (first["image"] != last["image"]).any()
    outside = environment.render()
    assert outside.shape == (256, 256, 3) and outside.std() > 10
    environment.close()


def test_close_frees_the_contexts(backend):
    if backend == "raycast":
        pytest.skip("the ray caster holds none")
    from coral_cli.environments.rendering.opengl import open_renderers

    before = set(open_renderers())
    environment = make("cartpole", "swingup", Rendering(16, 16, backend=backend))
    environment.reset(seed=0)
    environment.render()
    assert len(set(open_renderers()) - before) == 2
    environment.close()
    assert not set(open_renderers()) - before


def test_a_camera_that_is_not_there():
    with pytest.raises(UsageError, match="2 cameras"):
        control_task("cartpole", "swingup", ControlOptions(camera=2), TINY)

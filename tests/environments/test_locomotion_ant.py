"""Ants in corridors, against dm_control itself."""

import warnings

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from coral_cli.environments.control_tasks import ControlOptions
from coral_cli.environments.locomotion.records import LOCOMOTION
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import UsageError

from .episodes import actions_of, episode

BY_NAME = {record.name: record for record in LOCOMOTION}


def make(name, backend="raycast", size=8, action_repeat=2):
    record = BY_NAME[name]
    options = ControlOptions(action_repeat, record.options.camera)
    return record.build(options, Rendering(size, size, backend=backend))


def reference_ant(walls):
    """dm_control's own environment with the published settings, observables and all."""
    pytest.importorskip("labmaze", reason="dm_control's own corridors need labmaze")
    from dm_control import composer
    from dm_control.composer.variation.colors import GrayVariation
    from dm_control.composer.variation.distributions import Uniform
    from dm_control.locomotion.arenas.corridors import EmptyCorridor, WallsCorridor
    from dm_control.locomotion.tasks.corridors import RunThroughCorridor
    from dm_control.locomotion.walkers.ant import Ant

    if walls:
        arena = WallsCorridor(
            wall_gap=Uniform(2, 4), wall_width=Uniform(1, 2), wall_rgba=GrayVariation(Uniform(0, 1)), corridor_length=80
        )
    else:
        arena = EmptyCorridor(corridor_length=80)
    task = RunThroughCorridor(Ant(), arena, contact_termination=False, control_timestep=0.025)
    task._walker.observables.egocentric_camera.enabled = False
    return composer.Environment(task, random_state=0, strip_singleton_obs_buffer_dim=True)


def names_of(model):
    return [model.geom(geom).name.replace("unnamed_geom_", "") for geom in range(model.ngeom)]


FELT = ["joints_pos", "joints_vel", "sensors_gyro", "sensors_velocimeter", "sensors_touch"]


@pytest.mark.parametrize("name", ["ant-empty", "ant-walls"])
def test_an_ant_step_for_step_as_in_dm_control(name):
    environment, theirs = make(name), reference_ant(name == "ant-walls")
    environment.reset(seed=0)
    theirs.random_state.set_state(environment.simulation.environment.random_state.get_state())
    observation, _ = environment.reset()
    step = theirs.reset()
    assert names_of(environment.simulation.model) == names_of(theirs.physics.model.ptr)
    for part in ("pos", "quat", "size", "rgba", "group", "type", "contype", "conaffinity", "friction"):
        ours = getattr(environment.simulation.model, f"geom_{part}")
        assert ours == pytest.approx(getattr(theirs.physics.model, f"geom_{part}")), part
    for part in ("znear", "zfar"):
        assert getattr(environment.simulation.model.vis.map, part) == getattr(theirs.physics.model.ptr.vis.map, part)
    for part in ("ambient", "diffuse", "specular"):
        light = environment.simulation.model.vis.headlight
        assert getattr(light, part) == pytest.approx(getattr(theirs.physics.model.ptr.vis.headlight, part))
    assert (environment.simulation.model.tex_data == theirs.physics.model.tex_data).all()  # the sky
    touches = 0
    for action in actions_of(environment, 20):
        wanted = np.concatenate([step.observation[f"walker/{part}"] for part in FELT])
        assert observation["proprio"] == pytest.approx(wanted, rel=1e-5, abs=1e-5)
        touches += observation["proprio"][-9:].sum()
        observation, reward, terminated, truncated, _ = environment.step(action)
        paid = 0.0
        for _ in range(2):
            step = theirs.step(action.astype(float))
            paid += step.reward
        assert reward == pytest.approx(paid, abs=1e-12)
        assert not terminated and not truncated
    assert touches > 0
    environment.close()
    theirs.close()


def test_an_ant_s_reward_by_hand():
    """It falls linearly on both sides of 3 m/s: 1 - |v - 3| / 3."""
    environment = make("ant-empty", action_repeat=1)
    environment.reset(seed=0)
    for action in actions_of(environment, 30):
        reward = environment.step(action)[1]
        speed = environment.simulation.data.subtree_linvel[environment.simulation.model.body("walker/torso").id, 0]
        assert reward == pytest.approx(max(0.0, 1 - abs(speed - 3) / 3), abs=1e-9)
    assert 0 < reward < 1
    environment.close()


def test_an_ant_s_episode_is_999_environment_steps_even_on_its_back():
    environment = make("ant-empty", action_repeat=200)
    environment.reset(seed=0)
    environment.simulation.data.qpos[3:7] = [0, 1, 0, 0]
    ends = [environment.step(action)[2:4] for action in actions_of(environment, 5)]
    assert ends == [(False, False)] * 4 + [(False, True)]
    assert environment.simulation.data.time == pytest.approx(999 * 0.025)
    environment.close()


def walls_of(environment):
    model = environment.simulation.model
    walls = [geom for geom in range(model.ngeom) if "wall_" in model.geom(geom).name]
    return model.geom_pos[walls].copy(), model.geom_size[walls].copy(), model.geom_rgba[walls].copy()


def test_walls_differ_between_episodes_and_are_as_published():
    environment = make("ant-walls")
    scene = environment.scene
    seen = []
    for seed in (0, 1, 0):
        environment.reset(seed=seed)
        assert environment.scene is scene and scene.model is environment.simulation.model
        places, halves, colours = walls_of(environment)
        gaps = np.diff(places[:, 0])
        assert gaps.min() >= 2 and gaps.max() <= 4 and places[-1, 0] > 75
        assert halves[:, 1].min() >= 0.5 and halves[:, 1].max() <= 1  # half of 1 to 2 m
        assert (np.sign(places[1:, 1]) == -np.sign(places[:-1, 1])).all()  # from alternating sides
        assert np.abs(places[:, 1]) + halves[:, 1] == pytest.approx(2.0)  # of a corridor 4 m wide
        assert (colours[:, :1] == colours[:, :3]).all() and len(np.unique(colours[:, 0])) > 10
        seen.append(places[:10])
    assert (seen[0] != seen[1]).any()
    assert (seen[0] == seen[2]).all()
    environment.close()


@pytest.mark.parametrize("name", ["ant-empty", "ant-walls"])
def test_the_seed_determines_the_episode(name, backend):
    one, two = make(name, backend, 16), make(name, backend, 16)
    first = episode(one, 3)
    assert episode(two, 3) == first
    other = episode(one, 4)
    following = episode(one, None)
    if name != "ant-empty":  # where nothing is random
        assert other != first
        assert following not in (first, other)  # without a seed the stream goes on
    assert episode(one, 3) == first
    episode(two, 4)
    assert episode(two, None) == following
    one.close()
    two.close()


def test_new_walls_are_seen(backend):
    """A wall that stands ahead shows in the agent's image, in its own grey, in the first episode and in later ones."""
    environment = make("ant-walls", backend, 64)
    for seed in (0, 1):
        image = environment.reset(seed=seed)[0]["image"].astype(int)
        shown = environment.scene.renderer.segment(environment.simulation.data, environment.scene.camera)
        first = shown == environment.scene.model.geom("wall_0").id
        assert first.sum() > 30
        assert np.ptp(image[first], axis=1).max() <= 3  # grey
    environment.close()


@pytest.mark.slow
def test_no_context_is_left_over_after_many_episodes(backend):
    """Neither of ours nor of dm_control's own."""
    if backend == "raycast":
        pytest.skip("the ray caster holds none")
    from coral_cli.environments.rendering.opengl import open_renderers

    before = set(open_renderers())
    environment = make("ant-walls", backend, 16)
    environment.render()
    for seed in range(20):
        last = environment.scene.renderer
        environment.reset(seed=seed)
        assert last.closed
        assert environment.simulation.environment.physics._contexts is None
        assert len(set(open_renderers()) - before) == 1
    environment.close()
    assert not set(open_renderers()) - before


def test_range_finders_are_not_drawn(backend):
    """MuJoCo draws them as yellow lines."""
    environment = make("ant-empty", backend, 64)
    environment.reset(seed=0)
    for action in actions_of(environment, 20):
        environment.step(action)
    red, green, blue = np.moveaxis(environment.render().astype(int), 2, 0)
    assert not ((red > 200) & (green > 200) & (blue < 100)).any()
    assert red.std() > 10
    environment.close()


def test_an_ant_is_a_gymnasium_environment():
    environment = make("ant-empty", size=64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(infinity|render).*")
        check_env(environment, skip_render_check=True)
    assert environment.render().shape == (256, 256, 3)
    assert environment.metadata["render_fps"] == pytest.approx(20)
    environment.close()


def test_a_camera_that_is_not_there():
    with pytest.raises(UsageError, match="4 cameras"):
        BY_NAME["ant-empty"].build(ControlOptions(camera=4), Rendering(8, 8))

"""Any Gymnasium environment: which sensors it has, what they show, how it is stepped, and what is refused."""

import pickle
import re
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.environments.foreign import adapter
from coral_cli.environments.foreign.absent import registering as registering_modules
from coral_cli.environments.foreign.absent import unregistered
from coral_cli.environments.foreign.adapter import Foreign
from coral_cli.environments.foreign.fitting import Framing
from coral_cli.environments.foreign.options import ForeignOptions
from coral_cli.environments.foreign.records import resolve_foreign
from coral_cli.environments.foreign.sensors import readers
from coral_cli.plugin import Rendering
from coral_cli.registry.errors import CoralError, UsageError

TINY = Rendering(2, 3)


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    resolve_foreign.cache_clear()
    import foreign_toys

    return foreign_toys


@pytest.fixture
def needy(tmp_path, monkeypatch):
    """A module that needs what is not installed."""
    (tmp_path / "foreign_needy.py").write_text("import pygame\n", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "pygame", None)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def registering(tmp_path, monkeypatch):
    """A module that registers an environment when it is imported."""
    text = "import gymnasium\ngymnasium.register('Registered-v0', 'foreign_toys:make_blind')\n"
    (tmp_path / "foreign_registering.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    gymnasium.registry.pop("Registered-v0", None)
    sys.modules.pop("foreign_registering", None)


@pytest.fixture
def without_pygame(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)


def build(name, rendering=TINY, **options):
    return resolve_foreign(name).build(ForeignOptions(**options), rendering)


def adapted(env, draws=True, rendering=TINY, **options):
    return Foreign("toy", env, ForeignOptions(**options), rendering, draws)


def test_a_name_without_a_colon_is_not_foreign():
    assert resolve_foreign("box-push") is None


def test_an_id_of_gymnasium_is_a_record(without_pygame):
    record = resolve_foreign("gym:Pendulum-v1")
    assert (record.name, record.suite, record.action_size, record.terminates) == (
        "gym:Pendulum-v1",
        "gymnasium",
        1,
        True,
    )
    assert record.sensors == {"proprio": "vector"}
    why, mends = record.no_image
    assert "pygame" in why and mends == 'python -m pip install "gymnasium[classic_control]"'
    elsewhere = pickle.loads(pickle.dumps(record))  # as in a worker
    assert list(elsewhere.build(elsewhere.options, TINY).observation_space) == ["proprio"]


def test_pendulum_is_stepped_as_gymnasium_does(without_pygame):
    env, theirs = build("gym:Pendulum-v1", action_repeat=3), gymnasium.make("Pendulum-v1")
    observation, _ = env.reset(seed=3)
    expected, _ = theirs.reset(seed=3)
    assert observation["proprio"].dtype == np.float32 and (observation["proprio"] == expected).all()
    for action in np.linspace(-1, 1, 67, dtype=np.float32)[:, None]:  # 200 = 66 * 3 + 2
        observation, reward, terminated, truncated, _ = env.step(action)
        total, over = 0.0, False
        for _ in range(3):
            if not over:
                expected, one, _, over, _ = theirs.step(2 * action)  # torques of up to 2 Nm
                total += one
        assert observation["proprio"] == pytest.approx(expected, abs=1e-5) and reward == pytest.approx(total, rel=1e-5)
        assert (terminated, truncated) == (False, over)
    assert truncated and env.action_repeat == 3
    assert env.metadata["render_fps"] == pytest.approx(
        1 / (3 * theirs.unwrapped.dt)
    )  # it says 30, and makes 20 a second
    env.close()
    theirs.close()


def test_a_callable_that_draws_has_an_image_of_the_size_asked_for():
    record = resolve_foreign("foreign_toys:Drawing")
    assert (record.suite, record.action_size) == ("python", 2)
    assert record.sensors == {"image": "image", "proprio": "vector"} and record.no_image == ("", "")
    env = record.build(ForeignOptions(fit="squeeze"), Rendering(31, 20))
    observation, _ = env.reset(seed=0)
    image = observation["image"]
    assert image.shape == env.observation_space["image"].shape == (31, 20, 3) and image.dtype == np.uint8
    assert image[:, 0, 0].tolist() == [8 * row for row in range(31)]
    assert image[0, :, 1].tolist() == [12 * column + 3 for column in range(20)]  # the mean of two neighbours
    outside = env.render()
    assert outside.shape == (30, 40, 3) and outside.dtype == np.uint8  # even sides
    assert outside[2, :, 1].tolist() == [6 * column for column in range(40)]
    assert env.step(np.zeros(2, np.float32))[0]["image"][0, 0, 2] == 1


def test_what_is_rendered_is_padded_and_the_right_way_up():
    env = resolve_foreign("foreign_toys:Drawing").build(ForeignOptions(turn=True), Rendering(40, 40))
    image = env.reset(seed=0)[0]["image"]
    assert not image[:4].any() and not image[35:].any()  # 31 rows in the middle of 40
    assert image[4:35, 0, 0].tolist() == [8 * row for row in reversed(range(31))]
    assert image[4, :, 1].tolist() == [6 * column for column in reversed(range(40))]
    assert env.render()[0, :, 1].tolist() == image[4, :, 1].tolist()  # films, too


def test_a_picture_that_is_observed_is_preferred_to_what_is_rendered(toys):
    raw = toys.Drawing("rgb_array")
    raw.observation_space = Box(0, 255, (4, 4, 3), np.uint8)
    raw._seen = lambda: np.full((4, 4, 3), 9, np.uint8)
    env = adapted(raw, rendering=Rendering(4, 4), flip=True)
    assert env.kinds == {"image": "image"}
    assert (env.reset(seed=0)[0]["image"] == 9).all()
    assert env.render()[0, 0, 0] == 0 and env.render()[29, 0, 0] == 8 * 29  # as it is rendered, for films


def test_nested_observations_become_named_sensors():
    record = resolve_foreign("foreign_toys:make_cameras")
    assert record.action_size == 4
    assert record.sensors == {
        "front_camera": "image",
        "reward_2": "vector",  # a recorded step has a reward already
        "front_camera_2": "image",
        "robot-depth": "depth",
        "robot-joints": "vector",
        "robot-mode": "vector",
        "robot-stacked": "image",
    }
    env = build("foreign_toys:make_cameras", Rendering(2, 2), fit="squeeze")
    seen, _ = env.reset(seed=0)
    assert seen in env.observation_space
    block = np.arange(72).reshape(2, 2, 2, 3, 3).mean((1, 3))  # each pixel is the mean of 2x3
    assert np.abs(seen["front_camera"] - block).max() <= 0.5
    assert seen["front_camera_2"][..., 0].tolist() == [[0, 255], [128, 76]]  # 127.5 to the even number, 76.5 as well
    assert seen["robot-depth"][..., 0].tolist() == [[5, 7], [13, 15]] and seen["robot-depth"].dtype == np.float32
    assert seen["robot-joints"].tolist() == [1, 2, 3, pytest.approx(4.1)]
    assert seen["robot-mode"].tolist() == [0, 1, 0]  # modes 1, 2, 3
    assert seen["robot-stacked"][1, 0].tolist() == [2, 6, 10, 14]  # channels first
    assert seen["reward_2"].tolist() == [1, 0]
    assert env.step(np.array([0, 0, 0.5, 0], np.float32))[1] == 0.5  # the action has its shape again


def test_a_single_picture_is_the_image_and_the_outside_view():
    assert resolve_foreign("foreign_toys:make_picture").sensors == {"image": "image"}
    env = build("foreign_toys:make_picture", Rendering(5, 4))
    assert env.reset()[0]["image"].shape == (5, 4, 1)
    frame = env.render()
    assert frame.shape == (4, 4, 3) and (frame == 9).all()


def test_what_shows_nothing_is_black():
    assert resolve_foreign("foreign_toys:make_blind").sensors == {"proprio": "vector"}
    env = build("foreign_toys:make_blind", Rendering(4, 6))
    env.reset()
    assert env.render().shape == (4, 6, 3) and not env.render().any()


def test_observations_are_copies(toys):
    env = build("foreign_toys:make_cameras", Rendering(4, 6))
    seen, _ = env.reset()
    before = pickle.dumps(toys.SEEN)
    for value in seen.values():
        value[...] = 0
    assert pickle.dumps(toys.SEEN) == before


def test_a_hidden_state_is_told_where_there_is_one(toys):
    env = toys.Drawing()
    env.hidden_state = lambda: {"pole": np.ones(2)}
    assert adapted(gymnasium.Wrapper(env)).hidden_state()["pole"].tolist() == [1, 1]
    assert not adapted(toys.Drawing()).has_wrapper_attr("hidden_state")


def test_actions_reach_the_bounds_and_never_pass_them(toys):
    raw = toys.Drawing("rgb_array")
    env = adapted(raw)
    env.reset()
    for action in ([-1, -1], [1, 1], [0, 0], [-7, 7], [-0.5, 0.5]):
        env.step(np.array(action, np.float32))
    assert raw.actions[0].dtype == np.float32
    tenth = np.float32(0.1)
    assert np.allclose(raw.actions, [[-2, 0], [4, tenth], [1, 0.05], [-2, tenth], [-0.5, 0.075]])
    assert (raw.actions[1] == raw.action_space.high).all() and (raw.actions[0] == raw.action_space.low).all()
    raw.action_space = Box(-0.96, 0.02, (2,), np.float64)  # -0.96 + (0.02 + 0.96) is a little more than 0.02
    env = adapted(raw)
    env.reset()
    env.step(np.ones(2, np.float32))
    assert raw.actions[-1].dtype == np.float64 and (raw.actions[-1] == 0.02).all()


@pytest.mark.parametrize(
    ("ends", "repeat", "max_steps", "rewards", "last"),
    [
        (None, 1, 3, [10, 100, 1000], (False, True)),  # cut off
        (None, 2, 3, [110, 1000], (False, True)),  # in the middle of an action
        (3, 2, 9, [110, 1000], (True, False)),  # by itself
        (2, 2, 2, [110], (True, False)),  # by itself, at the limit
    ],
)
def test_an_episode_ends(toys, ends, repeat, max_steps, rewards, last):
    env = adapted(toys.Drawing("rgb_array", ends), action_repeat=repeat, max_steps=max_steps)
    for _ in range(2):  # the limit counts anew
        env.reset()
        results = [env.step(np.zeros(2))[1:4] for _ in rewards]
        assert [reward for reward, _, _ in results] == rewards
        assert [ends for _, *ends in results[:-1]] == [[False, False]] * (len(rewards) - 1)
        assert results[-1][1:] == last and type(results[-1][1]) is bool


@pytest.mark.parametrize(
    ("asked", "steps"),
    [({}, 5), ({"max_steps": 2}, 2), ({"max_steps": 9}, 5), ({"max_steps": 2, "limit": "own"}, 5)],
)
def test_the_shorter_of_two_limits_ends_an_episode(asked, steps):
    gymnasium.register("Drawing-v0", entry_point="foreign_toys:Drawing", max_episode_steps=5)
    try:
        env = build("gym:Drawing-v0", **asked)
        env.reset(seed=0)
        assert [env.step(np.zeros(2))[3] for _ in range(steps)] == [False] * (steps - 1) + [True]
    finally:
        del gymnasium.registry["Drawing-v0"]


def test_without_a_limit_of_its_own_that_which_was_asked_for_counts(toys):
    env = adapted(toys.Drawing("rgb_array"), max_steps=2, limit="own")
    env.reset(seed=0)
    assert [env.step(np.zeros(2))[3] for _ in range(2)] == [False, True]


def test_the_end_tells_success_and_numbers(toys):
    env = adapted(toys.Drawing("rgb_array"), max_steps=2)
    assert env.reset()[1] == {}  # what is there is not what coral means
    assert env.step(np.zeros(2))[4] == {"missing": ("proprio",)}
    assert env.step(np.zeros(2))[4] == {"missing": ("proprio",), "metrics": {"height": 2.0, "success": 1.0}}


def test_what_is_no_number_or_counted_anyway_is_no_metric():
    told = {"metrics": {"return": 5, "length": 2, "off": np.nan, "far": np.inf, "tip": np.float32(0.5)}}
    assert adapter.metrics_of(told, success=1.0) == {"tip": 0.5, "success": 1.0}


def test_depth_without_end_is_far():
    space = Dict(depth=Box(0, np.inf, (1, 2), np.float64))
    depth = readers(space, Framing((1, 2)))["depth"]({"depth": np.array([[np.inf, 2]])})
    assert depth[..., 0].tolist() == [[np.finfo(np.float32).max, 2]]


def test_closing_twice_closes_once(toys):
    raw = toys.Drawing("rgb_array")
    env = adapted(raw)
    env.close()
    env.close()
    assert raw.closed == 1


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


def test_an_id_that_importing_a_module_registers(registering):
    with pytest.raises(UsageError, match="Gymnasium has no environment"):
        resolve_foreign("gym:Registered-v0")
    record = resolve_foreign("gym:foreign_registering:Registered-v0")
    assert (record.name, record.suite) == ("gym:foreign_registering:Registered-v0", "gymnasium")
    assert record.summary == "Gymnasium: foreign_registering:Registered-v0."
    assert build(record.name).reset(seed=0)[0].keys() == {"proprio"}


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


def test_a_module_beside_the_user_is_found(tmp_path, monkeypatch):
    (tmp_path / "my_env.py").write_text("from foreign_toys import make_blind\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    assert resolve_foreign("my_env:make_blind").sensors == {"proprio": "vector"}


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


def test_a_picture_that_leaves_its_bounds_a_little_stays_as_bright(toys):
    """1.005 * 255 in a byte would be 0."""
    value = np.array([1.005, 0.5, -0.01] * 6, np.float32).reshape(2, 3, 3)
    observation, _ = adapted(toys.Observing(Box(0, 1, (2, 3, 3), np.float32), value), draws=False).reset()
    assert observation["image"].reshape(-1, 3).tolist() == [[255, 128, 0]] * 6


@pytest.mark.parametrize("missing", ["Front Camera", ("Front Camera",), ["front_camera"], {"Front Camera", "other"}])
def test_a_sensor_is_missing_by_either_name(toys, missing):
    given = {key: value for key, value in toys.SEEN.items() if key != "Front Camera"}
    env = adapted(toys.Observing(toys.CAMERAS, given, {"missing": missing}), draws=False)
    seen, info = env.reset()
    assert info == {"missing": ("front_camera",)} and not seen["front_camera"].any() and seen["robot-joints"].all()

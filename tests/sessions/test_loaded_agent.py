"""``coral_cli.load_agent``: a trained agent in other programs, NumPy in and NumPy out."""

import numpy as np
import pytest
import torch

import coral_cli
from coral_cli import builtin
from coral_cli.app import main
from coral_cli.registry.discovery import discover
from coral_cli.registry.errors import CoralError, UnreadableError
from coral_cli.runs.checkpoint import load
from coral_cli.sessions.saved import open_saved

TINY = ["--size", "tiny", "--image-encoder.depth", "2", "--rssm.gru", "8", "--batch-size", "2", "--batch-length", "4"]
QUICK = [
    *TINY,
    "--random-episodes",
    "1",
    "--updates-per-step",
    "0.02",
    "--eval-every",
    "0",
    "--steps",
    "200",
    "--quiet",
]


BOX = ["--env", "box-push", "--env.action", "torque", "--env.action-repeat", "1", "--crop-margin", "12"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", *BOX, *QUICK, "--out", str(path)]) == 0
    return path / "checkpoints" / "latest.pt"


@pytest.fixture(scope="module")
def agent(checkpoint):
    return coral_cli.load_agent(checkpoint, device="cpu")


@pytest.fixture(scope="module")
def inner(checkpoint):
    """The same agent, as training knows it."""
    return open_saved(checkpoint, discover(builtin)).agent(torch.device("cpu"))


def observation(seed, batch=()):
    random = np.random.default_rng(seed)
    return {
        "image": random.integers(256, size=(*batch, 76, 76, 3), dtype=np.uint8),
        "wrist": random.integers(256, size=(*batch, 44, 44, 3), dtype=np.uint8),
        "proprio": random.normal(size=(*batch, 17)).astype(np.float32),
    }


def test_it_says_what_it_needs(agent):
    assert {name: sensor.shape for name, sensor in agent.sensors.items()} == {
        "image": (76, 76, 3),
        "wrist": (44, 44, 3),
        "proprio": (17,),
    }
    assert agent.action_size == 7


def test_an_action_and_a_state_to_go_on_from(agent):
    torch.manual_seed(0)
    action, state = agent.act(observation(0))
    assert action.shape == (7,) and action.dtype == np.float32 and (abs(action) <= 1).all()
    again, _ = agent.act(observation(1), state)
    fresh, _ = agent.act(observation(1))
    assert not np.array_equal(again, fresh)  # it remembers


def test_a_batch_acts_as_its_members_do(agent):
    both = observation(3, batch=(2,))
    actions, _ = agent.act(both)
    one, _ = agent.act({name: value[1] for name, value in both.items()})
    np.testing.assert_allclose(actions[1], one, atol=1e-5)


def test_an_image_that_is_cropped_already_is_taken_as_it_is(agent):
    whole = observation(0)
    cropped = {**whole, "image": whole["image"][6:70, 6:70]}
    np.testing.assert_array_equal(agent.act(whole)[0], agent.act(cropped)[0])


def test_features_are_the_posterior_s_mean_and_h_by_hand(agent, inner, checkpoint):
    seen, action = observation(5), np.full(7, 0.5, np.float32)
    features, state = agent.features(seen)
    model = inner.representation
    image, wrist = (
        torch.from_numpy(seen[name][None, 6:-6, 6:-6]).permute(0, 3, 1, 2) / 255 - 0.5 for name in ("image", "wrist")
    )
    mean, std = model.normalization.proprio_mean, model.normalization.proprio_std
    embedding = torch.cat(
        [
            model.encoders["image"](image),
            model.encoders["wrist"](wrist),
            model.encoders["proprio"]((torch.from_numpy(seen["proprio"])[None] - mean) / std),
        ],
        -1,
    )
    h = model.rssm.predict(torch.zeros(1, 8), torch.zeros(1, 16), torch.zeros(1, 7))
    expected = torch.cat([model.rssm.update(h, embedding).mean, h], -1)[0]
    np.testing.assert_allclose(features, expected.detach().numpy(), atol=1e-5)
    following, _ = agent.features(observation(6), state, action)
    assert following.shape == features.shape == (24,)
    assert load(checkpoint)[0]["action_size"] == 7


def test_features_need_the_action_that_led_to_them(agent):
    _, state = agent.features(observation(0))
    with pytest.raises(CoralError, match="which action"):
        agent.features(observation(1), state)
    _, acted = agent.act(observation(0))
    agent.features(observation(1), acted)  # act knows


NOTHING = {"image": None, "wrist": None, "proprio": None}


@pytest.mark.parametrize("path", ["~nobody-is-called-so/run", "run\0", "a" * 5000])
def test_what_is_no_path_is_one_clear_error(path):
    with pytest.raises(CoralError):
        coral_cli.load_agent(path)


def test_a_sensor_that_is_none_is_missing(agent, inner):
    whole = observation(0)
    action, state = agent.act({**NOTHING, "proprio": whole["proprio"]})
    assert not np.array_equal(action, agent.act(whole)[0])
    assert agent.act(NOTHING, state)[0].shape == (7,)
    arrays = {"proprio": whole["proprio"][None]}
    expected, _ = inner.act(arrays, inner.initial(), explore=False)
    np.testing.assert_allclose(action, expected[0], atol=1e-6)


def test_a_sensor_that_is_left_out_is_an_error(agent):
    given = observation(0)
    given["propio"] = given.pop("proprio")
    with pytest.raises(CoralError, match="no sensor 'proprio'") as caught:
        agent.act(given)
    assert "Is it 'propio'?" in caught.value.hint and "{'proprio': None}" in caught.value.hint
    with pytest.raises(CoralError, match="no sensor 'wrist'"):
        agent.features({name: value for name, value in observation(0).items() if name != "wrist"})
    assert agent.act({**observation(0), "more": np.zeros(3)})[0].shape == (7,)  # what an environment has besides


def test_a_sensor_that_was_missing_in_training_may_be_left_out(tmp_path):
    gaps = ["--distraction", "proprio-dropout", "--distraction", "frame-drop"]
    task = [
        "--env",
        "cartpole-swingup",
        "--env.action-repeat",
        "50",
        "--image-size",
        "32",
        "--out",
        str(tmp_path / "r"),
    ]
    assert main(["train", *task, *QUICK, *gaps]) == 0
    agent = coral_cli.load_agent(tmp_path / "r", device="cpu")
    image = np.zeros((44, 44, 3), np.uint8)
    action, _ = agent.act({"image": image})
    np.testing.assert_array_equal(action, agent.act({"image": image, "proprio": None})[0])
    with pytest.raises(CoralError, match="no sensor 'proprio'"):
        agent.act({"image": image, "propio": np.zeros(2)})
    with pytest.raises(CoralError, match="no sensor 'image'"):  # whose frames were repeated, not missing
        agent.act({"proprio": np.zeros(2)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": np.zeros((64, 80, 3), np.uint8)}, "shape"),
        ({"image": np.zeros((76, 76, 3), np.float32)}, "uint8"),
        ({"proprio": np.zeros((2, 17), np.float32)}, "batched"),
        ({"proprio": np.array(["1"] * 17)}, "real numbers"),
        ({"proprio": np.full(17, np.nan)}, "NaN"),
    ],
)
def test_what_does_not_fit_is_refused(agent, change, message):
    with pytest.raises(CoralError, match=message):
        agent.act({**observation(0), **change})


def test_what_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"nonsense")
    with pytest.raises(UnreadableError):
        coral_cli.load_agent(tmp_path / "x.pt")

"""Some entries of a foreign environment's vectors, and no others."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from coral_cli.environments.foreign.entries import with_entries
from coral_cli.environments.foreign.fitting import Framing
from coral_cli.environments.foreign.sensors import readers
from coral_cli.environments.foreign.values import NotOfSpaceError
from coral_cli.registry.errors import UsageError

STATE = Box(-9, 9, (8,), np.float64)
STATES = Dict(arm=STATE, goal=Box(-1, 1, (3,), np.float32), picture=Box(0, 255, (4, 4, 3), np.uint8))


def read(space, asked, observation):
    return {name: reader(observation) for name, reader in with_entries(readers(space, Framing((4, 4))), asked).items()}


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (None, [0, 1, 2, 3, 4, 5, 6, 7]),
        ("0:3", [0, 1, 2]),
        ("5:", [5, 6, 7]),
        ("7", [7]),
        ("6:8,0,2:4", [6, 7, 0, 2, 3]),
        ("proprio=1", [1]),
    ],
)
def test_a_state_has_the_entries_that_were_asked_for(asked, kept):
    value = read(STATE, asked, np.arange(8) / 2)["proprio"]
    assert value.dtype == np.float32 and value.tolist() == [entry / 2 for entry in kept]
    assert with_entries(readers(STATE, Framing((4, 4))), asked)["proprio"].space.shape == (len(kept),)


def test_each_vector_has_its_own():
    seen = {"arm": np.arange(8.0), "goal": np.zeros(3, np.float32), "picture": np.zeros((4, 4, 3), np.uint8)}
    values = read(STATES, "arm=2:4 goal=0", seen)
    assert {name: value.shape for name, value in values.items()} == {"arm": (2,), "goal": (1,), "picture": (4, 4, 3)}
    assert values["arm"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("space", "asked", "said"),
    [
        (STATE, "0:9", "proprio has 8 entries, and none at 0:9"),
        (STATE, "8", "none at 8"),
        (STATE, "3:3", "none at 3:3"),
        (STATE, "-1", "'-1' names no entries of proprio"),
        (STATE, "0:4,", "'' names no entries"),
        (STATE, "0:4,3", "0:4,3 has an entry of proprio twice"),
        (STATE, "prorio=0", "there is no vector 'prorio'"),
        (STATES, "0:2", "0:2 is of no sensor, and there are 2 vectors"),
        (STATES, "picture=0:2", "there is no vector 'picture'"),
    ],
)
def test_what_there_is_not_is_refused(space, asked, said):
    with pytest.raises(UsageError, match=said) as caught:
        with_entries(readers(space, Framing((4, 4))), asked)
    assert caught.value.hint


def test_only_what_is_read_is_held_to_its_bounds():
    low, high = np.array([-1, 0, -np.inf, 0], np.float32), np.array([1, 0, np.inf, 0], np.float32)
    space = Box(low, high)  # as in Meta-World, whose goal is declared to be zero, and is not
    value = np.array([0.5, 0.8, 7.0, 0.9])
    assert read(space, "0,2", value)["proprio"].tolist() == [0.5, 7.0]
    for asked in ("0:2", None):
        with pytest.raises(NotOfSpaceError, match=r"0\.[89], but its space says 0 to 0"):
            read(space, asked, value)
    with pytest.raises(NotOfSpaceError, match="4, but its space says -1 to 1"):
        read(space, "0,2", np.array([4.0, 0.8, 7.0, 0.9]))

"""A policy's actions are from -1 to 1, whatever a robot was sent."""

import numpy as np
import pytest

from coral_cli.plugin import UsageError
from coral_cli.recordings.actions import scaling

BOUNDS = np.array([-0.5, 0.0]), np.array([0.5, 10.0])
SEEN = np.array([-0.4, 2.0]), np.array([0.3, 4.0])
WITHIN = np.array([-0.4, 0.0]), np.array([0.3, 1.0])


@pytest.mark.parametrize(
    "wish, bounds, seen, by, low, high",
    [
        (None, BOUNDS, SEEN, "bounds", [-0.5, 0], [0.5, 10]),
        (None, None, SEEN, "range", [-0.4, 2], [0.3, 4]),
        (None, None, WITHIN, "keep", [-1, -1], [1, 1]),
        (None, (np.full(2, -np.inf), np.full(2, np.inf)), WITHIN, "keep", [-1, -1], [1, 1]),
        (None, (np.full(2, -3.4028234e38), np.full(2, 3.4028234e38)), SEEN, "range", [-0.4, 2], [0.3, 4]),
        ("range", BOUNDS, SEEN, "range", [-0.4, 2], [0.3, 4]),
        ("-1,0:1,5", BOUNDS, SEEN, "flags", [-1, 0], [1, 5]),
        ("-3:3", None, SEEN, "flags", [-3, -3], [3, 3]),
    ],
)
def test_what_becomes_of_them(wish, bounds, seen, by, low, high) -> None:
    metadata = scaling(wish, bounds, seen).metadata
    assert metadata == {"by": by, "low": low, "high": high}


def test_low_becomes_minus_one_and_what_was_recorded_can_be_told_from_it() -> None:
    scale = scaling(None, BOUNDS, SEEN)
    recorded = np.array([[-0.5, 10.0], [0.1, 2.5]])
    scaled = scale(recorded)
    assert scaled.dtype == np.float32 and np.allclose(scaled, [[-1, 1], [0.2, -0.5]], atol=1e-7)
    low, high = (np.array(scale.metadata[side]) for side in ("low", "high"))
    assert np.allclose(low + (scaled + 1) / 2 * (high - low), recorded, atol=1e-6)


def test_an_action_that_is_always_the_same_becomes_zero() -> None:
    same = np.array([5.0, 1.0]), np.array([5.0, 2.0])
    assert scaling("range", None, same)(np.array([[5.0, 2.0]])).tolist() == [[0, 1]]


def test_what_lies_beyond_is_cut_off() -> None:
    scale = scaling("-0.2:0.2", None, WITHIN)
    assert scale.beyond(WITHIN) and scale(np.array([[0.3, -0.1]])).tolist() == [[1, -0.5]]
    assert not scaling(None, BOUNDS, SEEN).beyond(SEEN)


@pytest.mark.parametrize(
    "wish, told",
    [
        ("bounds", "say no bounds"),
        ("keep", "actions go from -0.4 to 4"),
        ("1,2,3:4,5,6", "3 and 3 numbers for 2 actions"),
        ("1:-1", "each HIGH must be above its LOW"),
        ("nonsense", "cannot be 'nonsense'"),
        ("-inf:inf", "each HIGH must be above its LOW"),
    ],
)
def test_what_cannot_be_is_refused(wish: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        scaling(wish, None, SEEN)

"""A reader's breaches are told by the check that is meant for each."""

import numpy as np
import pytest

from coral_cli.plugin import Reader
from coral_cli.testing import ConformanceError, check, check_reader

from ..recordings.recorded import Recorded, reader


class Changing(Recorded):
    count = 0

    def episode(self, number, sensors):
        Changing.count += 1
        found = super().episode(number, sensors)
        return type(found)(found.observations, found.actions + Changing.count, found.rewards, found.terminated)


class Unasked(Recorded):
    def episode(self, number, sensors):
        return super().episode(number, tuple(self.sensors))


def record(kind) -> Reader:
    return Reader("made-up", "Made up.", lambda options, source: kind())


def test_what_keeps_the_contract_passes() -> None:
    check_reader(reader(), "x")
    check_reader(reader(more=0), "x")
    check(reader(more=5))  # without a source, only what is said of it


@pytest.mark.parametrize(
    "broken, told",
    [
        (reader(episodes=0), "about: there are 0 episodes"),
        (reader(sensors={}), "about: there is no sensor"),
        (reader(sensors={"eye": Recorded().sensors["hand"]}), "about: a sensor has another name"),
        (reader(fps=0.0), "about: fps is 0"),
        (reader(bounds=(np.zeros(2), np.zeros(3))), "about: the bounds"),
        (reader(action_size=3), "episodes: episode 0 has actions of shape"),
        (reader(more=2), "observations: eye.rgb has 5 values for 3 actions"),
        (reader(sensors={"hand": Recorded().sensors["eye.rgb"]}), "about: a sensor has another name"),
        (record(Unasked), "observations: sensors come unasked"),
        (record(Changing), "again: an episode is not the same"),
    ],
)
def test_each_breach_is_told(broken: Reader, told: str) -> None:
    with pytest.raises(ConformanceError, match=told):
        check_reader(broken, "x")

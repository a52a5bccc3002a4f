"""How long a run will take, from what its parts take, worked out by hand."""

from __future__ import annotations

import pytest

from coral_cli.assembly.settings import Settings
from coral_cli.sessions.rehearsal import Rehearsal, slowness

PARTS = Rehearsal(step_seconds=0.01, act_seconds=0.001, update_seconds=1.0, length=100)
"""Episodes of 100 actions: a second each, 0.1 seconds more where the agent chooses."""


@pytest.mark.parametrize(
    ("settings", "repeat", "seconds"),
    [
        # ten episodes, of which the fifth is the first to bring its 50 updates
        ({"steps": 1000, "updates_per_step": 0.5}, 1, 10 + 5 * 0.1 + 6 * 50),
        # the budget ends with the random episodes: the last one alone brings updates
        ({"steps": 500, "updates_per_step": 0.5}, 1, 5 + 50),
        # it ends before
        ({"steps": 400, "updates_per_step": 0.5}, 1, 4),
        # nine actions more are another episode; 33 and a third updates are 34
        ({"steps": 509, "updates_per_step": 1 / 3}, 1, 6 + 0.1 + 2 * 34),
        # every action is four steps: three episodes of 400
        ({"steps": 1200, "updates_per_step": 0.5, "random_episodes": 1}, 4, 3 + 2 * 0.1 + 3 * 50),
        # evaluations of two episodes after the fourth and the eighth, and at the end
        ({"steps": 1000, "updates_per_step": 0.5, "eval_every": 4}, 1, 10 + 0.5 + 300 + 3 * 2 * 1.1),
        # one at the end, also of a short run
        ({"steps": 100, "updates_per_step": 0.5, "eval_every": 20}, 1, 1 + 2 * 1.1),
    ],
)
def test_random_episodes_bring_no_updates_but_for_the_last(settings, repeat, seconds) -> None:
    chosen = Settings(**{"eval_every": 0, "eval_episodes": 2, "random_episodes": 5, **settings})
    assert PARTS.total(chosen, repeat) == pytest.approx(seconds)


def test_a_slow_environment_is_told_with_its_share() -> None:
    slow = Rehearsal(step_seconds=0.9, act_seconds=0.0, update_seconds=0.1, length=100)
    chosen = Settings(steps=100, updates_per_step=1.0, eval_every=0, random_episodes=1)
    # 100 actions of 0.9 s, and as many updates of 0.1 s
    assert slow.share(chosen, 1) == pytest.approx(0.9)
    said = " An action takes 0.9 s in gym:A-v0, 90% of the time; --envs plays several side by side."
    assert slowness("gym:A-v0", slow, chosen, 1) == said
    assert slowness("gym:A-v0", PARTS, chosen, 1) == ""

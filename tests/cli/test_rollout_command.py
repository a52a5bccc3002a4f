"""``coral rollout``: what it says when it is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_the_next_command_can_be_copied(coral, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path("my data")
    monkeypatch.setattr("coral_cli.sessions.rollout.rollout", lambda request, report: (place, 2, 0))
    outcome = coral("rollout", "--out", str(place))
    assert outcome.out == (
        "2 episodes in my data; train a representation on them with: coral pretrain --data 'my data'\n"
    )


def test_without_an_episode_there_is_nothing_to_train_on(coral, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coral_cli.sessions.rollout.rollout", lambda request, report: (Path("data"), 0, 130))
    outcome = coral("rollout", "--out", "data")
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.endswith("stopped before the end of the first episode: nothing is left behind.\n")
    outcome = coral("rollout", "--out", "data", "--json")
    assert json.loads(outcome.out) == {"dataset": None, "episodes": 0, "interrupted": True}

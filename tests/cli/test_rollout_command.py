"""``coral rollout``: what it says when it is done."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_the_next_command_can_be_copied(coral, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path("my data")
    monkeypatch.setattr("coral_cli.sessions.rollout.rollout", lambda request, report: (place, 2, 0))
    outcome = coral("rollout", "--out", str(place))
    assert outcome.out == (
        "2 episodes in my data; train a representation on them with: coral pretrain --data 'my data'\n"
    )

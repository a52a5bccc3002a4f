"""What ``coral study`` asks for."""

from __future__ import annotations

import pytest

from coral_cli.study.requests import SweepRequest


@pytest.fixture
def asked(monkeypatch, tmp_path) -> list[SweepRequest]:
    """What is asked for, instead of doing it, in an empty directory."""
    found: list[SweepRequest] = []
    monkeypatch.setattr("coral_cli.commands.sweep.run_session", lambda request: found.append(request) or 0)
    monkeypatch.setenv("CORAL_PLUGINS", "")
    monkeypatch.chdir(tmp_path)
    return found

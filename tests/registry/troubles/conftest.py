"""Only the plugins of a test are seen."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def only_ours(monkeypatch) -> None:
    """Whatever else is installed here stays out."""
    monkeypatch.setenv("CORAL_PLUGINS", "pack-a,pack-b,pack-c")
    monkeypatch.delenv("CORAL_DISABLE_PLUGINS", raising=False)

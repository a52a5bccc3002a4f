"""Environments that nobody wrote for coral, and modules that hold them."""

import sys
from pathlib import Path

import gymnasium
import pytest

from coral_cli.environments.foreign.records import resolve_foreign


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

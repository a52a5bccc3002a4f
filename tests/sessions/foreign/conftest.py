"""A folder with odd environments, which is the working directory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from coral_cli.environments.foreign.records import resolve_foreign

from .odd import CODE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "odd_env.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "odd_env", raising=False)
    resolve_foreign.cache_clear()
    yield tmp_path
    resolve_foreign.cache_clear()

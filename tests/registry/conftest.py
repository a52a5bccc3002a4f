"""Distributions that are installed for a test."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

numbers = itertools.count()

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """``install("dist", source)`` makes a distribution whose entry point ``point`` is a module of ``source``."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def run(
        distribution: str, source: str, point: str = "main", version: str = "1.0", requires: Sequence[str] = ()
    ) -> None:
        module = f"stranger_{next(numbers)}"
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        about = [f"Name: {distribution}", f"Version: {version}", *(f"Requires-Dist: {line}" for line in requires)]
        (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *about, ""]))
        points = info / "entry_points.txt"
        before = points.read_text() if points.exists() else "[coral]\n"
        points.write_text(f"{before}{point} = {module}\n")

    return run

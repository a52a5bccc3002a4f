"""Help is quick because it imports nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "mujoco", "dm_control", "gymnasium", "av", "PIL", "numpy")


@pytest.mark.parametrize(
    "words", ["--help", "--version", "train --help", "eval --help", "bench --help", "plugins list"]
)
def test_nothing_heavy_is_imported(words: str) -> None:
    program = f"""
import sys
from coral_cli.app import main
code = main({words.split()!r})
print(",".join(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "\n")


def test_help_takes_less_than_half_a_second(seconds) -> None:
    spent, printed = seconds("--help")
    assert "Usage: coral" in printed
    assert spent < 0.5

"""Help and completion are quick because they import nothing heavy. How quick: ``benchmarks/startup.py``."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "mujoco", "dm_control", "gymnasium", "av", "PIL", "numpy")
VALUES = "pydantic"
"""What Typer imports to check values, which completion does not read."""
PROGRAM = f"""
import atexit, sys
atexit.register(lambda: print(*[name for name in {(*HEAVY, VALUES)} if name in sys.modules], file=sys.stderr))
from coral_cli.app import main
sys.exit(main())
"""


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """``coral WORDS`` in a process of its own, whose standard error names what it imported of these."""
    command = [sys.executable, "-c", PROGRAM, *words]
    return subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words",
    [
        *("--help", "--version", "train --help", "eval --help", "report --help", "bench --help", "plugins list"),
        *(
            "sweep --help",
            "reproduce",
            "study",
            "study transfer --measure 0 --dry-run",
            "sweep --method v-coral --seeds 2 --measure 0 --dry-run",
        ),
        *("runs --help", "runs list --json", "compare --help", "watch --help"),
    ],
)
def test_nothing_heavy_is_imported(words: str) -> None:
    result = run(*words.split())
    assert (result.returncode, result.stderr.strip()) in [(0, ""), (0, VALUES)]
    assert result.stdout


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("coral ", "train"),
        ("coral plugins ", "list"),
        ("coral envs ", "show"),
        ("coral train --image-loss cpc --image-loss.", "--image-loss.projection"),
        ("coral train --steps 5 --size ", "small"),
    ],
)
def test_completion_imports_even_less(line: str, offered: str) -> None:
    result = run(_CORAL_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(line.count(" ")))
    assert (result.returncode, result.stderr) == (0, "\n")
    assert offered in result.stdout.split()

"""Help and completion are quick because they import nothing heavy. How quick: ``benchmarks/startup.py``."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from typer.main import get_command

from coral_cli.app import COMMANDS, application
from coral_cli.assembly.typer_surface import whole
from coral_cli.registry.catalog import Catalog

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


@pytest.mark.parametrize("width", [45, 200])
def test_what_is_said_of_a_command_is_what_its_module_says(width) -> None:
    """In help (200 letters) and by shells that show a sentence with each completion (45)."""

    def listed(group) -> dict[str, str]:
        return {name: command.get_short_help_str(width) for name, command in group.commands.items()}

    app = application(Catalog([]))
    assert listed(get_command(app)) == listed(whole(app))
    assert list(listed(whole(app))) == [name for name, _ in COMMANDS]


@pytest.mark.parametrize(("words", "module"), [("--help", ""), ("doctor --help", "doctor"), ("runs -h", "runs")])
def test_no_other_commands_module_is_imported(words: str, module: str) -> None:
    show = "print(*[name for name in names if f'coral_cli.commands.{name}' in sys.modules], file=sys.stderr)"
    program = f"import atexit, sys\nnames = {[name for name, _ in COMMANDS]}\natexit.register(lambda: {show})\n"
    program += "from coral_cli.app import main\nsys.exit(main())"
    environ = {**os.environ, "CORAL_PLUGINS": ""}
    command = [sys.executable, "-c", program, *words.split()]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert result.stderr.split() == module.split()

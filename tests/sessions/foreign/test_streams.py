"""Environments that print or hang, in a process whose streams are its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .odd import PACE


def coral(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run the program as users do, in a process whose streams are its own."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    return subprocess.run(
        [sys.executable, "-m", "coral_cli", *line.split()], cwd=folder, env=env, capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.parametrize("copies", ["", pytest.param("--envs 2", marks=pytest.mark.slow)])
def test_what_an_environment_prints_in_python_or_in_c_stays_out_of_documents(copies, folder) -> None:
    ran = coral(folder, f"train --env odd_env:Loud --out run {PACE} --json {copies}".replace("--quiet", ""))
    assert ran.returncode == 0, ran.stderr
    assert [json.loads(line)["kind"] for line in ran.stdout.splitlines()][-1] == "end"
    for said in ("python imports", "c makes", "c steps", "child steps"):
        assert said in ran.stderr


def test_what_is_printed_while_an_environment_is_made_stays_out_of_what_is_shown(folder) -> None:
    ran = coral(folder, "envs show odd_env:Loud --json")
    assert ran.returncode == 0 and json.loads(ran.stdout)["name"] == "odd_env:Loud"
    assert "python imports" in ran.stderr and "c makes" in ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize("where", ["step", pytest.param("render", marks=pytest.mark.slow)])
def test_a_run_whose_environment_hangs_in_its_own_process_is_saved_at_one_sigterm(where, folder) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), "HANG": where}
    words = f"train --env odd_env:Hangs --out run {PACE} --steps 5k --eval-every 0 --checkpoint-every 1"
    line = [sys.executable, "-m", "coral_cli", *words.split()]
    with subprocess.Popen(line, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as training:
        deadline = time.monotonic() + 250
        while not (folder / "hangs").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        training.terminate()
        _, errors = training.communicate(timeout=200)
    assert training.returncode == 143, errors
    assert "coral train --resume run" in errors.replace("\n", " ")
    assert (folder / "run/checkpoints/latest.pt").exists()

"""From `coral plugins new` to a trained agent, with a real installation of each kind."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import get_args

import pytest

from coral_cli.commands.plugin_new import SHORT, TRIED, Kind

ROOT = Path(__file__).parents[2]
SIZES = (
    "--size tiny --image-size 32 --policy.hidden 8 --batch-size 2 --batch-length 4 --random-episodes 1 --eval-every 0"
)
PACE = "--updates-per-step 0.02"


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """A fresh environment that sees what this one has, and this copy of coral."""
    place = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    site = next((place / "lib").glob("python*")) / "site-packages"
    (site / "around.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    return place / "bin" / "python"


@pytest.mark.slow
@pytest.mark.parametrize("kind", get_args(Kind))
def test_new_installed_checked_and_trained(kind: str, python: Path, tmp_path: Path) -> None:
    def run(line: str) -> str:
        environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CORAL_PLUGINS")}
        outcome = subprocess.run(
            [str(python), "-m", *shlex.split(line)], capture_output=True, text=True, cwd=tmp_path, env=environ
        )
        assert outcome.returncode == 0, f"{line}\n{outcome.stdout}\n{outcome.stderr}"
        return outcome.stdout

    run(f"coral_cli plugins new mine --kind {kind} --out package")
    run("pip install --no-build-isolation --no-deps --no-index -e package")
    distribution = f"coral-{SHORT.get(kind, kind)}-mine"
    components = json.loads(run(f"coral_cli plugins list --kind {kind} --json"))["components"]
    assert ("mine", distribution, "0.1.0") in [(c["name"], c["distribution"], c["version"]) for c in components]
    run(f"coral_cli plugins check {distribution}")
    if kind == "engine":
        line = f"sweep --env cartpole-swingup {TRIED[kind].format(name='mine')} --seed 0 --measure 0 --out swept"
        assert "done" in run(f"coral_cli {line} -- --steps 1200 {SIZES} {PACE}")
        return
    env = "--steps 60" if kind == "environment" else "--env cartpole-swingup --steps 1200"
    out = run(f"coral_cli train {env} {TRIED[kind].format(name='mine')} {SIZES} {PACE} --out run --json")
    assert '"status": "done"' in out
    run("coral_cli eval run --episodes 1")

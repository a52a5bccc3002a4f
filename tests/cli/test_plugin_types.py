"""A strict type checker accepts what `coral plugins new` makes, and rejects a wrong signature of `build`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import coral_cli
from coral_cli.app import main
from coral_cli.commands.plugin_new import Kind

WRONG = """
from pathlib import Path
from coral_cli.plugin import (
    Encoder, EncoderModule, Event, Loss, LossBatch, LossModule, LossOptions, Observer, ObserverModule, Rssm, Sensor
)

def loss(options: LossOptions, sensor: Sensor) -> LossModule: raise NotImplementedError
def encoder(options: LossOptions, sensor: str) -> EncoderModule: raise NotImplementedError
def rssm(options: LossOptions, embedding_size: int, action_size: int) -> LossModule: raise NotImplementedError
def observer(options: LossOptions, run: Path) -> ObserverModule: return lambda event: None

LOSS = Loss("mine", "Mine.", loss)
ENCODER = Encoder("mine", "Mine.", encoder)
RSSM = Rssm("mine", "Mine.", rssm)
OPTIONS = Loss("mine", "Mine.", loss, options=3)
"""


@pytest.mark.slow
@pytest.mark.skipif(np.__version__ < "2", reason="older NumPy's types are others than Gymnasium's")
def test_a_strict_checker_takes_the_new_and_refuses_the_wrong(tmp_path: Path, pytestconfig) -> None:
    sources = []
    for kind in get_args(Kind):
        assert main(["plugins", "new", "mine", "--kind", kind, "--out", str(tmp_path / kind)]) == 0
        sources.append(tmp_path / kind / "src")
        sources.append(tmp_path / kind / "tests")
    (tmp_path / "wrong.py").write_text(WRONG)
    assert (Path(coral_cli.__file__).parent / "py.typed").exists()
    paths = [str(path) for path in (Path(coral_cli.__file__).parents[1], *sources)]
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--config-file="]
    command += ["--cache-dir", str(pytestconfig.cache.mkdir("mypy")), "--explicit-package-bases"]
    files = [str(file) for source in sources for file in source.rglob("*.py")]
    environ = {**os.environ, "MYPYPATH": os.pathsep.join(paths)}
    outcome = subprocess.run(
        [*command, *files, str(tmp_path / "wrong.py")], env=environ, capture_output=True, text=True, cwd=tmp_path
    )
    errors = re.findall(r"^(\S+):(\d+): error: .*\[(.+)\]$", outcome.stdout, re.MULTILINE)
    start = WRONG.splitlines().index('LOSS = Loss("mine", "Mine.", loss)') + 1
    expected = [(start - 2, "return-value"), *((start + i, "arg-type") for i in range(4)), (start + 3, "arg-type")]
    assert [(name, int(line), code) for name, line, code in errors] == [
        ("wrong.py", line, code) for line, code in expected
    ], outcome.stdout

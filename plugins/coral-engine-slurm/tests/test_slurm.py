"""Slurm's own programs, played by scripts: what they are told, and what is made of their answers."""

import json
import os
import subprocess
import sys

import pytest

from coral_cli.plugin import UsageError

pytest.importorskip("submitit")

from coral_engine_slurm import SlurmOptions
from coral_engine_slurm.asking import asked_for
from coral_engine_slurm.attempt import Attempt
from coral_engine_slurm.queues import Slurm

SBATCH = 'cat "$1" > script; echo "Submitted batch job 12"'


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """``programs(sbatch="echo no")`` writes programs as shell scripts; the working directory is theirs."""

    def write(**lines):
        for name, line in lines.items():
            (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
            (tmp_path / "bin" / name).chmod(0o755)

    (tmp_path / "bin").mkdir()
    write(sbatch=SBATCH, srun="", squeue="", scancel='echo "$@" >> cancelled')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return write


def queue(folder, **options):
    return Slurm(asked_for(SlurmOptions(**options), folder))


def attempts(folder, count):
    return [Attempt(("true",), folder, folder / "log", folder / "ended", {}) for _ in range(count)]


def test_an_array_has_what_was_asked_for(programs, tmp_path):
    slurm = queue(
        tmp_path / "sweep", partition="gpu", time="90m", cpus=4, memory=8, gpus=1, account="us", extra="--qos=low"
    )
    assert slurm.about == "Slurm jobs, partition gpu, 4 cores, 1 GPU and 90 minutes each"
    assert slurm.send(attempts(tmp_path, 3), 2) == ["12_0", "12_1", "12_2"]
    lines = (tmp_path / "script").read_text().splitlines()
    flags = {line.removeprefix("#SBATCH --") for line in lines if line.startswith("#SBATCH")}
    assert flags >= {
        "partition=gpu",
        "time=90",
        "cpus-per-task=4",
        "mem=8GB",
        "gpus-per-node=1",
        "account=us",
        "qos=low",
        "array=0-2%2",
        "requeue",
        "signal=USR2@120",
        "open-mode=append",
        "job-name=sweep",
    }
    assert any(line.startswith("srun ") and "--cpus-per-task=4" in line for line in lines)
    assert not any(flag.startswith("constraint") for flag in flags)
    assert len(list((tmp_path / "sweep" / "slurm" / "submitit").glob("12_*_submitted.pkl"))) == 3


def test_one_job_is_no_array_and_a_limit_is_whole_minutes(programs, tmp_path):
    assert queue(tmp_path / "sweep", time="61s").send(attempts(tmp_path, 1), 1) == ["12"]
    script = (tmp_path / "script").read_text()
    assert "--time=2" in script and "--array" not in script and "--partition" not in script


def test_submitting_leaves_the_environment_as_it_was(programs, tmp_path):
    before = dict(os.environ)
    queue(tmp_path / "sweep").send(attempts(tmp_path, 1), 1)
    assert dict(os.environ) == before


def test_what_sbatch_refuses_is_told_in_its_words(programs, tmp_path):
    programs(sbatch="echo 'sbatch: error: invalid partition specified: gpus' >&2; exit 1")
    with pytest.raises(UsageError, match="invalid partition specified: gpus"):
        queue(tmp_path / "sweep", partition="gpus").send(attempts(tmp_path, 2), 1)


def test_states_are_those_of_squeue(programs, tmp_path):
    programs(squeue="printf '12_0|RUNNING\\n12|CANCELLED\\n9|NODE_FAIL\\n'")
    told = queue(tmp_path).states(["12_0", "12_3", "9", "8", "11_0"])
    assert told == {"12_0": "RUNNING", "12_3": "CANCELLED", "9": "NODE_FAIL"}  # 12_3 had not begun
    programs(squeue="echo 'slurm_load_jobs error: Socket timed out' >&2; exit 1")
    with pytest.raises(OSError, match="squeue: slurm_load_jobs error: Socket timed out"):
        queue(tmp_path).states(["12_0"])


def test_what_waits_is_taken_out_and_what_runs_is_asked_first(programs, tmp_path):
    queue(tmp_path).end(["12_0", "12_1"], at_once=False)
    queue(tmp_path).end(["12_0"], at_once=True)
    assert (tmp_path / "cancelled").read_text().splitlines() == [
        "--quiet --state=PENDING 12_0 12_1",
        "--quiet --state=RUNNING --signal=HUP 12_0 12_1",
        "--quiet 12_0",
    ]


ASKED = """
import os, signal, sys, time
def save(*_):
    print("saved", flush=True)
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
os.kill(os.getppid(), getattr(signal, sys.argv[1]))
time.sleep(600)
"""
NODE = """
import sys
from pathlib import Path
from coral_engine_slurm.attempt import Attempt
here = Path.cwd()
Attempt((sys.executable, "-c", *sys.argv[1:]), here, here / "log", here / "ended", {})()
"""


@pytest.mark.parametrize(
    ("number", "state", "put_back"),
    [
        ("SIGTERM", "RUNNING", True),  # a machine that is wanted
        ("SIGTERM", "COMPLETING", False),  # somebody's scancel
        ("SIGHUP", "RUNNING", False),  # the sweep's own
    ],
)
def test_a_job_goes_back_into_the_queue_when_its_machine_is_wanted(programs, tmp_path, number, state, put_back):
    programs(squeue=f"echo {state}", scontrol='echo "$@" > told')
    path = os.pathsep.join(path for path in sys.path if path)
    environ = {**os.environ, "PYTHONPATH": path, "SUBMITIT_EXECUTOR": "slurm"}
    environ |= {"SLURM_JOB_ID": "14", "SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "1"}
    done = subprocess.run([sys.executable, "-c", NODE, ASKED, number], env=environ, timeout=200)
    assert (tmp_path / "log").read_text() == "saved\n"
    if put_back:
        assert done.returncode == 0 and (tmp_path / "told").read_text() == "requeue 12_1\n"
        assert not (tmp_path / "ended").exists()
    else:
        assert done.returncode == 143 and not (tmp_path / "told").exists()
        assert json.loads((tmp_path / "ended").read_text()) == {"job": "12_1", "code": 143, "asked": True}

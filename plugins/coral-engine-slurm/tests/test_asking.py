"""What is asked of Slurm, in its own terms; and what is said where that cannot be."""

import sys
from dataclasses import replace

import pytest

from coral_cli.plugin import UsageError
from coral_cli.testing import run
from coral_engine_slurm import SlurmOptions, coral_engines
from coral_engine_slurm.asking import asked_for, extras, seconds

(RECORD,) = coral_engines()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90),
        ("90m", 5400),
        ("4h", 14400),
        ("2d", 172800),
        ("90:00", 5400),  # Slurm: minutes:seconds
        ("12:30:00", 45000),
        ("1-12:00", 129600),  # days-hours:minutes
        ("1-12:30:05", 131405),
    ],
)
def test_a_time_limit_is_read_as_slurm_reads_it(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "4", "0h", "-4h", "4 hours", "1-", "12:3", "4h30m"])
def test_no_time(text):
    with pytest.raises(UsageError, match="which is no time"):
        seconds(text)


def test_more_flags_are_those_that_coral_does_not_set():
    assert extras("--qos=low --exclude=n1,n2 --exclusive --comment='a b'") == {
        "qos": "low",
        "exclude": "n1,n2",
        "exclusive": True,
        "comment": "a b",
    }
    for wrong in ("qos=low", "--qos low", "--comment='a", "--comment='a\nb'", "--array=0-3", "--output=here"):
        with pytest.raises(UsageError, match=r"--slurm\.extra (has|cannot have)"):
            extras(wrong)


def test_a_job_is_asked_to_save_two_minutes_before_its_end_or_half_way(tmp_path):
    assert asked_for(SlurmOptions(), tmp_path).saving == 120
    assert asked_for(SlurmOptions(time="3m"), tmp_path).saving == 90


def test_what_cannot_be_asked_for_is_said(tmp_path):
    with pytest.raises(UsageError, match=r"--slurm\.partition is 'a\\nb'"):
        asked_for(SlurmOptions(partition="a\nb"), tmp_path)
    with pytest.raises(UsageError, match="there is a % in it"):
        asked_for(SlurmOptions(), tmp_path / "50%")


SWEEP = "sweep --env toy --seeds 2 --on slurm --measure 0"


def test_without_submitit_it_says_what_installs_it(monkeypatch, tmp_path):
    for name in list(sys.modules):
        if name.split(".")[0] == "submitit" or name == "coral_engine_slurm.queues":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "submitit", None)
    outcome = run(f"{SWEEP} --out {tmp_path / 'sweep'}", [RECORD])
    assert outcome.code == 3 and not (tmp_path / "sweep").exists()
    assert "error: the engine slurm needs submitit, which cannot be imported" in outcome.err
    assert "hint: pip install submitit" in outcome.err


def test_without_slurm_it_says_where_to_go(monkeypatch, tmp_path):
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = run(f"{SWEEP} --out {tmp_path / 'sweep'}", [RECORD])
    assert outcome.code == 2 and not (tmp_path / "sweep").exists()
    assert "error: there is no Slurm here: sbatch, srun and squeue are not found." in outcome.err
    assert "--slurm.cluster local" in outcome.err


def test_a_dry_run_needs_neither(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "submitit", None)
    outcome = run(f"{SWEEP} --dry-run --slurm.partition gpu --out {tmp_path / 'sweep'}", [RECORD])
    assert outcome.code == 0, outcome.err


def test_options_have_the_defaults_that_the_readme_names():
    assert replace(SlurmOptions(), partition="gpu") == SlurmOptions("gpu", "4h", 2, None, 0, None, None, None, "slurm")

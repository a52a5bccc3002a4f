"""How long a sweep takes: worked out by hand."""

from __future__ import annotations

import sys

import pytest

from coral_cli.engines.local import Local
from coral_cli.plugin import Job
from coral_cli.registry.errors import CoralError
from coral_cli.study.estimating import makespan, rehearsed, remaining


@pytest.mark.parametrize(
    ("durations", "jobs", "begun", "expected"),
    [
        ([], 2, [], 0),
        ([3, 4, 5], 1, [], 12),
        ([3, 4, 5], 2, [], 8),  # 3 then 5 beside 4
        ([3, 4, 5], 3, [], 5),
        ([3, 4, 5], 9, [], 5),
        ([5], 2, [7, 1], 7),  # after 1, beside what takes 7
        ([5, 5], 2, [7, 1], 11),
        ([5], 1, [2], 7),
    ],
)
def test_what_waits_begins_where_something_ends(durations, jobs, begun, expected) -> None:
    assert makespan(durations, jobs, begun) == expected


def test_a_range_is_around_what_waits_and_reaches_as_far_as_what_runs() -> None:
    assert remaining([10, 10], [], 1) == (pytest.approx(14), pytest.approx(26))
    assert remaining([10], [(2, 4)], 1) == (pytest.approx(2 + 7), pytest.approx(4 + 13))
    assert remaining([], [(2, 4), (1, 9)], 2) == (2, 9)
    assert remaining([10, None], [], 1) is None and remaining([10], [None], 1) is None


def job(tmp_path, name: str, program: str) -> Job:
    return Job(
        name, (sys.executable, "-c", program, "train", "--out", "nowhere", "--auto-resume"), tmp_path, tmp_path / "log"
    )


def test_a_rehearsal_is_a_dry_run_of_each_agent_that_writes_nothing(tmp_path) -> None:
    says = "import sys, json; assert sys.argv[1:] == ['train', '--dry-run', '--json'], sys.argv; print('a warning')\n"
    jobs = {
        "one": job(tmp_path, "a", says + "print(json.dumps({'eta_seconds': 12.5, 'b': {}}, indent=2))"),
        "two": job(tmp_path, "b", says + "print(json.dumps({'eta_seconds': 3}, indent=2)); print('another')"),
    }
    told: list[str] = []
    assert rehearsed(jobs, Local(2, 1), told.append) == {"one": 12.5, "two": 3.0}
    assert told[0] == "measuring: 0 of 2" and told[-1] == "measuring: 2 of 2"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import sys; sys.exit('error: there is no GPU.')", "a cannot be trained: there is no GPU."),
        ("print('{'); print('}')", "a cannot be trained: it said nothing of how long"),
        ("print(3)", "a cannot be trained: it said nothing of how long"),
    ],
)
def test_what_cannot_be_rehearsed_is_told_before_anything_starts(program, message, tmp_path) -> None:
    with pytest.raises(CoralError, match=message):
        rehearsed({"one": job(tmp_path, "a", program)}, Local(1, 1))

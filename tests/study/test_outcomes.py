"""What a run's files say: how far it came, whether anything is left, how fast it goes, what went wrong."""

from __future__ import annotations

import pytest

from coral_cli.study.outcomes import Follower, Seen, last_error, seen

from .events import write

START = ("start", 0, {"budget": 100, "resumed": False})
EVALUATION = ("evaluation", 60, {"return/mean": 3.5})
DONE = ("end", 104, {"status": "done"})
RESUMED = ("start", 104, {"budget": 200, "resumed": True, "out": "elsewhere"})


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], Seen(0, 0.0, None, False)),
        ([START], Seen(0, 0.0, None, False)),
        ([START, EVALUATION], Seen(60, 6.0, 3.5, False)),
        ([START, EVALUATION, DONE], Seen(104, 10.4, 3.5, True)),
        ([START, DONE, ("warning", 104, {"message": "an observer could not close"})], Seen(104, 10.4, None, True)),
        ([START, ("end", 60, {"status": "interrupted"})], Seen(60, 6.0, None, False)),
        ([START, ("end", 100, {"status": "failed"})], Seen(100, 10.0, None, False)),
        ([START, DONE, RESUMED], Seen(104, 10.4, None, False)),
        ([START, DONE, RESUMED, ("end", 200, {"status": "done"})], Seen(200, 20.0, None, True)),
        ([START, ("end", 99, {"status": "done"})], Seen(99, 9.9, None, False)),  # more steps are asked for now
    ],
)
def test_how_far_a_run_came(events, expected, tmp_path) -> None:
    write(tmp_path / "run", *events)
    assert seen(tmp_path / "run", 100) == expected


def test_only_the_end_of_a_long_file_is_read_and_pieces_of_lines_are_left_out(tmp_path) -> None:
    write(tmp_path, ("evaluation", 1, {"return/mean": 9.0}), *[("episode", 2, {"return": 1.0})] * 6000, DONE)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "start", "st')
    assert seen(tmp_path, 100) == Seen(104, 10.4, None, True)


def test_a_follower_hears_what_is_added_and_forgets_a_run_that_is_started_afresh(tmp_path) -> None:
    follower = Follower(tmp_path)
    follower.look()
    assert follower.progress.step == 0 and follower.value is None and follower.eta is None
    write(tmp_path, START, ("episode", 20, {"return": 2.0}), ("episode", 40, {"return": 4.0}))
    follower.look()
    assert (follower.progress.step, follower.progress.budget, follower.value) == (40, 100, 3.0)
    low, high = follower.eta  # at 10 steps a second the other 60 take 6, 30 % of 0.6 around
    assert 0.5 < low / 6 < 1 < high / 6 < 1.3
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "evaluation", "step": 60, "seconds": 6.0, ')
    follower.look()
    assert follower.progress.step == 40
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('"values": {"return/mean": 5.0}}\nno line of a run\n')
    follower.look()
    assert (follower.progress.step, follower.value) == (60, 5.0)
    write(tmp_path, ("start", 60, {"budget": 300, "resumed": True, "out": "nowhere"}))
    follower.look()
    assert follower.progress.budget == 300
    (tmp_path / "metrics.jsonl").unlink()
    write(tmp_path, START)
    follower.look()
    assert follower.progress.step == 0 and follower.value is None


def test_what_no_run_writes_stops_no_follower(tmp_path) -> None:
    write(tmp_path, START, ("start", 0, {"budget": "many"}), ("note", 0, {}), ("episode", 8, {"pending": 3}))
    follower = Follower(tmp_path)
    follower.look()
    assert follower.progress.step == 8


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("started\nerror: no arm.\nhint: plug it in\n", "no arm."),
        ("error: first\nerror: second\n", "second"),
        ("Traceback\n  File\nmujoco.FatalError: no light\n", "mujoco.FatalError: no light"),
        ("19:04  steps 3/4  error 3\nall is well\n", ""),
        ("", ""),
    ],
)
def test_the_last_error_of_a_log(log, expected, tmp_path) -> None:
    assert last_error(tmp_path / "log") == ""
    (tmp_path / "log").write_text(log)
    assert last_error(tmp_path / "log") == expected
    assert last_error(tmp_path / "log", len(log)) == ""

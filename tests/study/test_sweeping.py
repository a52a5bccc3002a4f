"""Sweeps: what is done is left alone, what was cut off goes on, what fails stops nothing else."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from coral_cli.display.sweep import Row
from coral_cli.engines.local import Local
from coral_cli.plugin import Job, JobStatus
from coral_cli.study.sweeping import STALLS, Sweep

from .events import write


class Heard:
    """A display that keeps each change of state, and may do something when it hears one."""

    def __init__(self, then: Callable[[str], None] = lambda said: None) -> None:
        self.changes: list[str] = []
        self.most = 0
        self._then = then

    def __enter__(self) -> Heard:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, rows: Sequence[Row], changed: Sequence[Row], eta: object) -> None:
        self.most = max(self.most, sum(row.state == "running" for row in rows))
        for row in changed:
            self.changes.append(f"{row.name} {row.state}")
            self._then(self.changes[-1])


class Scripted:
    """An engine whose jobs become what a script says, a word at each look; the last word stays."""

    about = "as a script says"

    def __init__(self, **scripts: str) -> None:
        self._scripts = {name: script.split() for name, script in scripts.items()}
        self.submitted: list[str] = []
        self.cancelled: list[bool] = []

    def submit(self, jobs: Sequence[Job]) -> None:
        self.submitted += [job.name for job in jobs]

    def poll(self) -> dict[str, JobStatus]:
        return {name: JobStatus(self._next(name), "the script says so") for name in dict.fromkeys(self.submitted)}

    def _next(self, name: str):
        script = self._scripts[name]
        return script.pop(0) if len(script) > 1 else script[0]

    def cancel(self, at_once: bool) -> None:
        self.cancelled.append(at_once)
        for name, script in self._scripts.items():
            if script[0] in ("pending", "running"):
                self._scripts[name] = ["preempted"]

    def close(self) -> None:
        pass


def carried_out(made, engine, then=lambda said: None, **kinds) -> tuple[int, Sweep, Heard]:
    runs, jobs = made(**kinds)
    sweep, heard = Sweep(runs, jobs, Path("sweep"), 2, tick=0.01), Heard(then)
    return sweep.carry_out(engine, heard), sweep, heard


def states(sweep: Sweep) -> dict[str, str]:
    return {row.name: row.state for row in sweep.rows}


def order() -> list[str]:
    return Path("order").read_text().splitlines()


def test_all_is_done_in_order_and_so_many_at_a_time(made) -> None:
    code, sweep, heard = carried_out(made, Local(1, 1), a="--works", b="--works", c="--works")
    assert code == 0 and set(states(sweep).values()) == {"done"}
    assert order() == ["a new", "b new", "c new"] and heard.most == 1
    assert [(row.step, row.value, row.seconds) for row in sweep.rows] == [(100, 7.5, 10.0)] * 3
    assert [said for said in heard.changes if "done" in said] == ["a done", "b done", "c done"]


def test_two_run_side_by_side(made) -> None:
    engine = Local(2, 1)
    runs, jobs = made(a="--stays", b="--works", c="--works")
    sweep = Sweep(runs, jobs, Path("sweep"), 2, tick=0.01)

    def then(said: str) -> None:
        if said == "c done":  # which a would keep from running, were it one at a time
            os.kill(os.getpid(), signal.SIGTERM)

    heard = Heard(then)
    assert sweep.carry_out(engine, heard) == 143
    assert heard.most == 2 and states(sweep) == {"a": "stopped", "b": "done", "c": "done"}


def test_one_that_fails_stops_no_other_and_is_told_with_its_last_error(made) -> None:
    code, sweep, _ = carried_out(made, Local(2, 1), a="--fails", b="--dies", c="--raises", d="--works")
    assert code == 1 and states(sweep) == {"a": "failed", "b": "failed", "c": "failed", "d": "done"}
    told = ["the arm does not answer", "exit code 5", "ValueError: no such arm"]
    assert [row.reason for row in sweep.failed] == told
    assert "plug it in" in Path("sweep/logs/a.log").read_text()


def test_an_error_of_an_earlier_attempt_is_not_told_again(made) -> None:
    Path("sweep/logs/b.log").write_text("error: of yesterday\n")
    _, sweep, _ = carried_out(made, Local(2, 1), b="--dies")
    assert sweep.failed[0].reason == "exit code 5"


def test_the_same_again_leaves_alone_what_is_done_and_tries_the_rest(made) -> None:
    kinds = {"a": "--works", "b": "--fails", "c": "--works"}
    assert carried_out(made, Local(1, 1), **kinds)[0] == 1
    assert carried_out(made, Local(1, 1), **kinds)[0] == 1
    assert order() == ["a new", "b new", "c new", "b new"]
    assert carried_out(made, Local(1, 1), **{**kinds, "b": "--works"})[0] == 0
    assert order()[4:] == ["b new"]
    engine = Scripted()
    assert carried_out(made, engine, a="--works")[0] == 0 and engine.submitted == []


def test_what_waits_for_another_begins_when_that_is_done_and_with_its_weights(made) -> None:
    after = {"b": "a", "c": "b"}
    code, sweep, heard = carried_out(made, Local(3, 1), after=after, a="--works", b="--works", c="--works", d="--works")
    assert code == 0 and set(states(sweep).values()) == {"done"}
    assert [name for name in order() if name[0] != "d"] == ["a new", "b new", "c new"]
    for earlier, later in (("a done", "b running"), ("b done", "c running")):
        assert heard.changes.index(earlier) < heard.changes.index(later)
    command = sweep.jobs[1].command
    assert command[command.index("--init-from") + 1] == str(Path("sweep/a").absolute())
    assert carried_out(made, Scripted(), after=after, a="--works", b="--works")[0] == 0  # all of it is there
    engine = Scripted(e="running done")
    assert carried_out(made, engine, after={"e": "a"}, a="--works", e="--works")[0] == 0
    assert engine.submitted == ["e"]


def test_what_waits_for_one_that_fails_or_stops_is_not_begun(made) -> None:
    engine = Scripted(a="running failed", d="running done")
    kinds = {"a": "--works", "b": "--works", "c": "--works", "d": "--works"}
    code, sweep, _ = carried_out(made, engine, after={"b": "a", "c": "b"}, **kinds)
    assert code == 1 and engine.submitted == ["a", "d"]
    assert states(sweep) == {"a": "failed", "b": "pending", "c": "pending", "d": "done"}
    assert [row.reason for row in sweep.rows[1:3]] == [
        "it waits for a, which has failed",
        "it waits for b, which is not done",
    ]

    def stop(said: str) -> None:
        if said == "a running":
            os.kill(os.getpid(), signal.SIGTERM)

    engine = Scripted(a="running")
    code, sweep, _ = carried_out(made, engine, stop, after={"b": "a"}, a="--works", b="--works")
    assert code == 143 and engine.submitted == ["a"] and states(sweep) == {"a": "stopped", "b": "pending"}


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_runs_save_and_the_same_again_goes_on(made, number, expected) -> None:
    def then(said: str) -> None:
        if said == "a running":
            while not Path("sweep/a/metrics.jsonl").exists():
                time.sleep(0.01)
            os.kill(os.getpid(), number)

    kinds = {"a": "--stays", "b": "--works", "c": "--works"}
    code, sweep, _ = carried_out(made, Local(1, 1), then, **kinds)
    assert code == expected and states(sweep) == {"a": "stopped", "b": "pending", "c": "pending"}
    assert sweep.rows[0].step == 40 and Path("sweep/a/saved").exists()
    code, sweep, _ = carried_out(made, Local(1, 1), **kinds)
    assert code == 0 and order() == ["a new", "a resumed", "b new", "c new"]


def test_a_second_ctrl_c_ends_what_runs_at_once(made) -> None:
    engine = Scripted(a="running running running running")

    def then(said: str) -> None:
        if said == "a running":
            os.kill(os.getpid(), signal.SIGINT)

    engine.cancel = lambda at_once: (  # type: ignore[method-assign]
        engine.cancelled.append(at_once)
        or (os.kill(os.getpid(), signal.SIGINT) if not at_once else Scripted.cancel(engine, True))
    )
    code, sweep, _ = carried_out(made, engine, then, a="--works")
    assert code == 130 and engine.cancelled[:2] == [False, True] and states(sweep) == {"a": "stopped"}


def test_what_is_preempted_is_submitted_again(made) -> None:
    engine = Scripted(a="running preempted pending running done", b="running done")
    code, _, heard = carried_out(made, engine, a="--works", b="--works")
    assert code == 0 and engine.submitted == ["a", "b", "a"]
    assert [said for said in heard.changes if said[0] == "a"] == ["a running", "a pending", "a running", "a done"]


def test_what_an_engine_puts_back_into_its_queue_is_left_to_it(made) -> None:
    engine = Scripted(a="running pending running done")
    assert carried_out(made, engine, a="--works")[0] == 0 and engine.submitted == ["a"]


def test_what_is_cut_off_again_and_again_without_getting_further_has_failed(made) -> None:
    engine = Scripted(a="preempted")
    code, sweep, _ = carried_out(made, engine, a="--works")
    assert code == 1 and len(engine.submitted) == 1 + STALLS
    assert sweep.failed[0].reason == "cut off again and again without getting any further: the script says so"


def test_what_gets_further_between_is_submitted_as_often_as_it_takes(made) -> None:
    class Slow(Scripted):
        def submit(self, jobs: Sequence[Job]) -> None:
            super().submit(jobs)
            write(
                Path("sweep/a"), ("start", 0, {"budget": 100, "resumed": False}), ("episode", len(self.submitted), {})
            )

    engine = Slow(a=" ".join(["preempted"] * 9 + ["done"]))
    assert carried_out(made, engine, a="--works")[0] == 0 and len(engine.submitted) == 10


@pytest.mark.parametrize(("elsewhere", "cancelled", "state"), [(True, [], "running"), (False, [False], "stopped")])
def test_a_closed_terminal_leaves_alone_what_runs_elsewhere(made, elsewhere, cancelled, state) -> None:
    runs, jobs = made(a="--works")
    engine = Scripted(a="running")
    sweep = Sweep(runs, jobs, Path("sweep"), 2, tick=0.01, elsewhere=elsewhere)

    def close(said: str) -> None:
        if said == "a running":
            os.kill(os.getpid(), signal.SIGHUP)

    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may run under nohup
    try:
        assert sweep.carry_out(engine, Heard(close)) == 129
    finally:
        signal.signal(signal.SIGHUP, before)
    assert engine.cancelled == cancelled and states(sweep) == {"a": state}


def test_what_is_left_is_estimated_from_what_is_known(made) -> None:
    runs, jobs = made(a="--works", b="--works", c="--longer")
    sweep = Sweep(runs, jobs, Path("sweep"), 1)
    assert sweep.eta is None and list(sweep.unknown.values()) == [jobs[0], jobs[2]][::-1]
    sweep.rehearsed = {runs[0].agent: 10.0, runs[2].agent: 80.0}
    assert sweep.unknown == {} and sweep.eta == (pytest.approx(70.0), pytest.approx(130.0))
    write(Path("sweep/a"), ("end", 100, {"status": "done"}))  # after 10 s, as events here say
    write(Path("sweep/c"), ("start", 0, {}), ("episode", 50, {}))  # half of it, after 5 s
    sweep = Sweep(runs, jobs, Path("sweep"), 1)
    assert sweep.unknown == {} and sweep.eta == (pytest.approx(0.7 * 15), pytest.approx(1.3 * 15))
    sweep.rows[2].state = "running"
    assert sweep.eta == (pytest.approx(0.7 * 15), pytest.approx(1.3 * 15))  # nothing is seen of it yet
    assert Sweep(runs, jobs, Path("sweep"), None).eta is None

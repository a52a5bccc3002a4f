"""A sweep on a terminal of any size, in a pipe, as documents; its plan and its results."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta

import pytest
from rich.console import Console

from coral_cli.display.plans import print_plan, print_results
from coral_cli.display.sweep import (
    JsonRows,
    LiveTable,
    PlainRows,
    QuietRows,
    Row,
    make_sweep_display,
    screen,
    tally,
)

ROWS = [
    Row("cheetah-run-v-coral-seed0", 100_000, "done", 101_000, 431.24, 700.0),
    Row("cheetah-run-p-coral-seed0", 100_000, "failed", 3_000, None, 20.0, reason="the arm does not answer"),
    Row("walker-walk-v-coral-seed0", 100_000, "running", 24_000, 12.5, 90.0, (600.0, 1200.0)),
    Row("walker-walk-p-coral-seed0", 100_000, "stopped", 5_000, 1.0, 9.0),
    *(Row(f"walker-walk-p-coral-seed{seed}", 100_000) for seed in range(1, 9)),
]


def drawn(width: int, height: int, rows=ROWS) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    console.print(screen("sweeps/a  2 at a time", rows, (3600.0, 7200.0), width, height))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_where_there_is_room_everything_is_shown() -> None:
    lines = drawn(140, 30)
    assert lines[:5] == [
        "sweeps/a  2 at a time",
        "8 pending, 1 running, 1 done, 1 failed, 1 stopped of 12  eta 1 to 2 hours",
        "run                        state             steps  return  eta               why",
        "cheetah-run-v-coral-seed0  done            101,000   431.2",
        "cheetah-run-p-coral-seed0  failed    3,000/100,000       -                    the arm does not answer",
    ]
    assert lines[5] == "walker-walk-v-coral-seed0  running  24,000/100,000    12.5  10 to 20 minutes"
    assert len(lines) == 3 + len(ROWS)


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 120])
@pytest.mark.parametrize("height", [3, 6, 8, 12, 40])
def test_it_never_is_larger_than_the_terminal(width, height) -> None:
    lines = drawn(width, height)
    assert len(lines) < height and max(map(len, lines)) <= width
    if height >= 8 and width >= 30:
        assert any("running" in line and line.startswith("walker") for line in lines)  # before all others
    if 6 <= height < 16:
        assert lines[-1].startswith("and ")


def test_what_is_left_out_is_counted() -> None:
    assert drawn(80, 8)[-1] == "and 9 more: 8 pending, 1 done"


def test_long_names_lose_what_all_begin_with_and_then_the_time_is_left_out() -> None:
    losses = ("recon", "cpc")
    rows = [Row(f"cartpole-swingup-{loss}-seed0", 100_000, "running", 9, 1.0, 9.0, (60.0, 120.0)) for loss in losses]
    assert drawn(65, 9, rows)[2:] == [
        "run            state        steps  return  eta",
        "…-recon-seed0  running  9/100,000    1.00  1 to 2 minutes",
        "…-cpc-seed0    running  9/100,000    1.00  1 to 2 minutes",
    ]
    tasks = ("cheetah-run-under-a-distraction", "walker-walk-under-another-one-too")
    rows = [Row(f"{task}-seed0", 100_000, "running", 9, 1.0, 9.0, (60.0, 120.0)) for task in tasks]
    assert drawn(80, 9, rows)[2:] == [
        "run                                      state        steps  return",
        "cheetah-run-under-a-distraction-seed0    running  9/100,000    1.00",
        "walker-walk-under-another-one-too-seed0  running  9/100,000    1.00",
    ]


def test_states_that_end_have_no_time_left() -> None:
    assert tally(ROWS[:2], (1.0, 2.0)) == "1 done, 1 failed of 2"


def test_lines_in_a_pipe() -> None:
    console, clock = Console(file=io.StringIO(), width=40), [datetime(2026, 1, 2, 3, 4)]
    with PlainRows(console, "sweeps/a", "2 at a time", lambda: clock[0]) as display:
        display(ROWS[:3], [ROWS[1], ROWS[2]], None)
        display(ROWS[:3], [], None)
        clock[0] += timedelta(seconds=61)
        display(ROWS[:3], [], (3600.0, 7200.0))
    assert console.file.getvalue().splitlines() == [
        "03:04  sweeps/a: 2 at a time",
        "03:04  failed cheetah-run-p-coral-seed0  steps 3,000/100,000  return -  the arm does not answer",
        "03:04  running walker-walk-v-coral-seed0  steps 24,000/100,000  return 12.5",
        "03:04  1 running, 1 done, 1 failed of 3; walker-walk-v-coral-seed0 24,000/100,000 return 12.5",
        "03:05  1 running, 1 done, 1 failed of 3  eta 1 to 2 hours; "
        "walker-walk-v-coral-seed0 24,000/100,000 return 12.5",
    ]


def test_documents() -> None:
    out = io.StringIO()
    with make_sweep_display(out, Console(file=io.StringIO()), "a", "b", json=True, quiet=False) as display:
        assert isinstance(display, JsonRows)
        display(ROWS, ROWS[1:3], None)
    first, second = map(json.loads, out.getvalue().splitlines())
    assert first == {
        "kind": "run",
        "name": "cheetah-run-p-coral-seed0",
        "state": "failed",
        "step": 3000,
        "steps": 100000,
        "return": None,
        "seconds": 20.0,
        "reason": "the arm does not answer",
    }
    assert second["return"] == 12.5


def test_which_display_there_is(monkeypatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")

    def made(console, **options):
        return make_sweep_display(io.StringIO(), console, "a", "b", **{"json": False, "quiet": False, **options})

    terminal = Console(file=io.StringIO(), force_terminal=True)
    assert isinstance(made(terminal), LiveTable) and isinstance(made(Console(file=io.StringIO())), PlainRows)
    assert type(made(terminal, quiet=True)) is QuietRows


def test_the_live_table_goes_with_the_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=60, height=10, color_system=None)
    with LiveTable(console, "sweeps/a", "2 at a time") as display:
        display(ROWS, [], None)
        console.size = (40, 8)  # type: ignore[assignment]
        display(ROWS, [], None)
    assert "running" in console.file.getvalue()


def test_a_stranger_s_words_are_text() -> None:
    row = Row("a", 10, "failed", reason="[bold]no\n\x1b[2Jarm[/]")
    assert "[bold]no" in "\n".join(drawn(80, 20, [row]))


def printed(show, *args) -> list[str]:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    show(console, *args)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_plan() -> None:
    agents = [({"method": "v-coral"}, 60.0), ({"method": "p-coral"}, None), ({"method": "v-coral"}, 60.0)]
    rows = [Row("a", 100), Row("b", 200, "done"), Row("c", 100)]
    assert printed(print_plan, "sweeps/a: 2 at a time", agents, rows, (60.0, 240.0), "") == [
        "method   runs  done  steps  each takes",
        "v-coral     2          100  42 to 78 seconds",
        "p-coral     1     1    200  -",
        "",
        "sweeps/a: 2 at a time; 3 runs, 2 of them to do: about 1 to 4 minutes",
    ]
    assert printed(print_plan, "sweeps/a: here", agents[1:2], [Row("b", 200)], None, "who knows")[-2:] == [
        "",
        "sweeps/a: here; 1 run; who knows",
    ]
    assert (
        printed(print_plan, "sweeps/a: here", agents[1:2], rows[1:2], None, "")[-1] == "sweeps/a: here; its run is done"
    )


def test_a_plan_in_a_narrow_terminal_is_wrapped_between_words() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    print_plan(console, "sweeps/cartpole: here, 1 thread each", [({}, None)], [Row("b", 200)], None, "who knows")
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert lines[-2:] == ["sweeps/cartpole: here, 1 thread each; 1", "run; who knows"]


def test_the_results() -> None:
    assert printed(print_results, ROWS[:2]) == [
        "run                        state           steps  return  training time  why",
        "cheetah-run-v-coral-seed0  done          101,000   431.2  0:11:40",
        "cheetah-run-p-coral-seed0  failed  3,000/100,000       -  0:00:20        the arm does not answer",
    ]
    assert printed(print_results, ROWS[:1])[0].split() == ["run", "state", "steps", "return", "training", "time"]

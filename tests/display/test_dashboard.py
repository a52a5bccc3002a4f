from __future__ import annotations

import io
import re
import time
from contextlib import suppress

import pytest
from rich.cells import cell_len
from rich.console import Console

from coral_cli.display.dashboard import Dashboard
from coral_cli.display.progress import Progress
from coral_cli.display.rows import fit, live_rows, summary_rows
from coral_cli.registry.events import Event

SIZES = [(80, 24), (120, 40), (40, 10), (200, 60), (20, 4), (10, 1), (1, 1)]


def after(events):
    progress = Progress()
    for event in events:
        progress(event)
    return progress


def shown(progress, width, height, rows=live_rows):
    return [line.plain for line in fit(rows(progress, 0.0, width), height)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_never_taller_than_the_terminal_at_any_moment(run, end, width, height):
    events = [*run, end]
    for count in range(len(events) + 1):
        progress = after(events[:count])
        for rows in (live_rows, summary_rows):
            assert len(shown(progress, width, height, rows)) <= height


@pytest.mark.parametrize("width", [40, 80, 120])
def test_lines_fit_the_width(run, width):
    assert max(map(cell_len, shown(after(run), width, 60))) <= width


def test_what_stands_on_80_by_24(run):
    text = "\n".join(shown(after(run), 80, 23))
    for piece in (
        "box-push-cpc-recon-seed0  box-push  cpu  raycast renderer  seed 0",
        " 24%  eta 23 to 41 minutes  24,000/100,000 steps",
        "310 env steps/s  4.1 updates/s  memory 2.1 GB  replay 1.2 GB  2 episodes",
        "return    431.2  mean(10) 225.6  best 431.2 ",
        "eval      455.0 ± 12.1  at 24,000 ",
        "success 0.35",
        "image     3.21    accuracy 0.81 ",
        "proprio   0.52 ",
        "kl        1.03 ",
        "total     4.76 ",
        "metrics   overlap 0.40",
        "policy    actor -2.20  alpha nan",
        "gradient  model 4.20",
        "time      learn 60%    collect 30%  evaluate 5%",
        "saved     runs/box-push-cpc-recon-seed0/checkpoints/step-000024000.pt",
        "note      reading the replay",
        "warning   the gradient of the model was not finite and was skipped",
    ):
        assert piece in text, piece


def test_40_by_10_keeps_what_matters_most(run):
    text = shown(after(run), 40, 9)
    assert re.search(r"24%  eta 23 to 41 minutes", text[1])
    for start in ("310 env steps/s", "return    431.2", "eval      455.0", "image     3.21", "warning "):
        assert any(line.startswith(start) for line in text), start


def test_one_line_is_the_progress_bar(run):
    assert "24%" in shown(after(run), 40, 1)[0]


def test_the_bar_is_as_long_as_the_progress(run):
    bar = shown(after(run), 80, 1)[0].split("  ")[0]
    assert bar.count("━") == int(0.24 * len(bar))
    assert set(bar) == {"━", "─"}


def test_clocks_go_on_between_events(run):
    rows = [line.plain for line in fit(live_rows(after(run), 10.0, 80), 23)]
    assert "eta 22 to 41 minutes" in rows[1] and "0:02:00 elapsed" in rows[1]


def test_a_curve_grows_with_the_run():
    progress = after(Event("episode", i, float(i), {"episode": i, "return": float(i)}) for i in range(8))
    assert any(line.endswith(" ▁▂▃▄▅▆▇█") for line in shown(progress, 80, 23))


def test_before_anything_happened():
    text = "\n".join(shown(Progress(), 80, 23))
    assert "starting" in text and "waiting for the first episode" in text
    assert "0/0" not in text and "eta" not in text and "%" not in text
    assert shown(Progress(), 80, 23, summary_rows)[0] == "stopped  before it began"


def test_a_speed_that_is_not_known_is_not_shown(run):
    """A resumed run does its updates first; none of its episodes has ended yet."""
    update = Event("update", 24_000, 110.0, {**run[2].values, "env_steps_per_s": 0.0})
    line = shown(after([*run, update]), 80, 23)[2]
    assert line.startswith("4.1 updates/s  memory")


def test_a_busy_machine_is_told(run, monkeypatch):
    monkeypatch.setattr("os.getloadavg", lambda: (1e9, 0.0, 0.0))
    assert "4.1 updates/s  machine busy  memory" in shown(after(run), 80, 23)[2]


def spent(pending):
    """10,000 steps of 9,500 asked for, which bring 5,000 updates."""
    start = {"name": "x", "budget": 9500, "updates_per_env_step": 0.5, "pending": 0}
    update = Event("update", 10_000, 100.0, {"updates": 5000 - pending, "pending": pending})
    return after([Event("start", 0, 0.0, start), update])


@pytest.mark.parametrize(("pending", "done"), [(1000, "80%"), (1, "99%")])
def test_updates_that_are_still_due_are_still_to_do(pending, done):
    """Of 5,000, in 100 s: what is left takes 25 s or 0.02 s, give or take 30 % of the share that is left."""
    bar = shown(spent(pending), 100, 23)[1]
    assert f"{done}  eta {'24 to 26' if pending > 1 else 'a few'} seconds  10,000/9,500 steps" in bar
    assert f"steps  {pending:,} update{'s' if pending > 1 else ''} to do  0:01:40 elapsed" in bar


def test_when_nothing_is_left_it_is_finishing():
    assert "  100%  finishing  10,000/9,500 steps  0:01:40 elapsed" in shown(spent(0), 100, 23)[1]


def test_more_than_was_asked_for_is_told_at_the_end():
    more = "500 more than the 9,500 asked for: episodes are played to their end"
    assert more in shown(spent(0), 100, 23, summary_rows)
    assert shown(spent(7), 100, 23, summary_rows)[1:3] == [more, "7 updates to do"]


def test_one_episode_has_no_standard_error(run):
    evaluation = Event("evaluation", 24_000, 111.0, {"episodes": 1, "return/mean": 9.0, "return/stderr": None})
    line = next(line for line in shown(after([*run, evaluation]), 80, 23) if line.startswith("eval"))
    assert line.startswith("eval      9.00  at 24,000")


def test_random_episodes_are_called_so(run):
    assert "random actions" in "\n".join(shown(after(run[:2]), 80, 23))
    assert "random actions" not in "\n".join(shown(after(run), 80, 23))


def test_long_messages_are_wrapped_not_cut(run):
    message = "the file " + "/".join(["very-long-directory"] * 4) + " cannot be written"
    warning = Event("warning", 24_000, 110.0, {"message": message})
    text = "".join(line.strip() for line in shown(after([*run, warning]), 60, 40, summary_rows))
    assert message.replace(" ", "") in text.replace(" ", "")


def wait_for(console, text):
    """Until the dashboard's thread has drawn ``text``."""
    deadline = time.monotonic() + 200
    while text not in console.file.getvalue():
        assert time.monotonic() < deadline, f"{text!r} was never drawn"
        time.sleep(0.02)


def screen(console, *events, until):
    with Dashboard(console) as dashboard:
        for event in events:
            dashboard(event)
        wait_for(console, until)
    return console.file.getvalue()


@pytest.fixture
def terminal(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return Console(file=io.StringIO(), force_terminal=True, width=80, height=24)


def test_it_redraws_while_it_runs_and_ends_with_a_summary(terminal, run, end):
    output = screen(terminal, *run, end, until="env steps/s")
    assert output.count("coral train --env box-push --image-loss cpc") == 1, "above the screenful, for good"
    assert output.count("\x1b[?25l") == 1 and output.count("\x1b[?25h") == 1, "the cursor is back"
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output)
    last = plain[plain.rindex("done  ") :]
    assert "done  box-push-cpc-recon-seed0  at step 100,000 after 0:31:10" in last
    assert "env steps/s" not in last and "return    431.2" in last and last.endswith("\n")


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (10, 3)])
def test_the_command_at_the_end_is_in_one_piece(terminal, run, end, size):
    """As a terminal wraps it by itself, and so copies it."""
    terminal.size = size
    message = "saved; go on with: coral train --resume runs/cartpole-swingup-cpc-recon-seed0"
    with Dashboard(terminal) as dashboard:
        for event in [*run, Event("end", 24_000, 110.0, {**end.values, "message": message})]:
            dashboard(event)
    output = terminal.file.getvalue()
    assert output.splitlines()[-1].removeprefix("\x1b[?25h") == message
    assert output.count("saved; go on with") == 1


def test_a_failing_run_leaves_the_error_and_a_summary(terminal, run):
    with pytest.raises(RuntimeError), Dashboard(terminal) as dashboard:
        for event in run:
            dashboard(event)
        raise RuntimeError
    output = terminal.file.getvalue()
    assert "stopped" in output and "at step 24,000" in output and output.count("\x1b[?25h") == 1


def test_a_resized_terminal_is_cleared(terminal, run):
    with Dashboard(terminal) as dashboard:
        dashboard(run[0])
        wait_for(terminal, "raycast")
        assert "\x1b[2J" not in terminal.file.getvalue()
        terminal.size = (60, 20)
        dashboard(run[1])
        wait_for(terminal, "\x1b[2J")


def test_no_color_is_honoured(monkeypatch, run):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", screen(console, *run, until="env steps/s"))


def test_a_terminal_that_is_gone_is_left_in_peace(terminal, run, end):
    class Gone(type(terminal.file)):
        def write(self, text):
            raise OSError(5, "Input/output error")

    with Dashboard(terminal) as dashboard:
        dashboard(run[0])
        wait_for(terminal, "raycast")
        terminal.file = Gone()
        with suppress(OSError):
            dashboard(end)


class Screen(io.StringIO):
    def isatty(self):
        return True


def watched(*steps):
    """What stands on the terminal after watching: ``steps`` take the dashboard."""
    console = Console(file=Screen(), width=80, height=24, force_terminal=True, color_system=None)
    with Dashboard(console, watching=True) as dashboard:
        for step in steps:
            step(dashboard)
    return console.file.getvalue()


def test_a_run_of_another_process_that_goes_on_is_left_as_it_was_seen(run):
    last = watched(lambda dashboard: dashboard.recall(run, 30.0)).splitlines()
    assert any("24,000/100,000 steps" in line and "0:02:20 elapsed" in line for line in last)
    assert not any("stopped" in line for line in last)


def test_one_that_has_ended_leaves_its_summary(run, end):
    text = watched(lambda dashboard: dashboard.recall([*run, end], 0.0))
    assert "done  box-push-cpc-recon-seed0  at step 100,000 after 0:31:10" in text
    assert text.splitlines()[-1].endswith("evaluate with: coral eval runs/x")


def test_what_is_recalled_again_counts_once(run):
    def twice(dashboard):
        dashboard.recall(run, 0.0)
        dashboard.recall(run[:2], 0.0)

    last = watched(twice).splitlines()
    assert any("20,000/100,000 steps" in line for line in last[-12:])
    assert not any("431.2" in line for line in last[-12:])


def test_other_programs_are_not_told_of_where_the_run_is_another_process(run, monkeypatch):
    monkeypatch.setattr("os.getloadavg", lambda: (1e9, 0.0, 0.0))
    assert "machine busy" not in watched(lambda dashboard: dashboard.recall(run, 0.0))

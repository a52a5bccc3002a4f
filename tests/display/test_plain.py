from __future__ import annotations

import io
from datetime import datetime, timedelta

from rich.console import Console

from coral_cli.display.plain import PlainLines
from coral_cli.registry.events import Event


class Clock:
    def __init__(self):
        self.now = datetime(2024, 5, 1, 12, 3)

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += timedelta(seconds=seconds)


def plain():
    console, clock = Console(file=io.StringIO(), width=40), Clock()
    return PlainLines(console, clock), clock, console.file


def test_the_lines_of_a_run(run, end):
    lines, _, file = plain()
    with lines:
        for event in [*run, end]:
            lines(event)
    assert file.getvalue().splitlines() == [
        "12:03  started box-push-cpc-recon-seed0  env box-push  seed 0  device cpu  renderer raycast  "
        "steps 0/100,000  replay 1.2 GB  in runs/box-push-cpc-recon-seed0",
        "12:03  coral train --env box-push --image-loss cpc",
        "12:03  steps 24,000/100,000 (24%)  eta 23 to 41 minutes  310 env steps/s  4.1 updates/s  "
        "return 431.2 (eval 455.0 +- 12.1)  image 3.21  proprio 0.52  kl 1.03",
        "12:03  reading the replay",
        "12:03  warning: the gradient of the model was not finite and was skipped",
        "12:03  done at step 100,000 after 0:31:10  best return 455.0  evaluate with: coral eval runs/x",
    ]
    assert file.getvalue().isascii()


def test_a_line_every_thirty_seconds(run):
    lines, clock, file = plain()
    lines(run[0])
    for second in range(1, 100):
        clock.advance(1)
        lines(Event("episode", 10 * second, float(second), {"episode": second, "return": 1.0}))
    said = file.getvalue().splitlines()
    assert len(said) == 2 + 3
    assert [line.split("  ")[1] for line in said[2:]] == [
        "steps 300/100,000 (0%)",
        "steps 600/100,000 (1%)",
        "steps 900/100,000 (1%)",
    ]
    assert said[2] == "12:03  steps 300/100,000 (0%)  eta 1.9 to 3.6 hours  return 1.00"  # 2.8 for 99,700 steps


def test_an_evaluation_is_said_at_once_and_restarts_the_wait(run):
    lines, clock, file = plain()
    lines(run[0])
    clock.advance(20)
    lines(Event("evaluation", 500, 20.0, {"episodes": 2, "return/mean": 5.0, "return/stderr": 1.0}))
    clock.advance(20)
    lines(Event("update", 600, 40.0, {"updates_per_s": 1.0, "env_steps_per_s": 5.0}))
    assert len(file.getvalue().splitlines()) == 3
    assert "return - (eval 5.00 +- 1.00)" in file.getvalue()


def test_brackets_in_a_message_are_no_markup():
    lines, _, file = plain()
    lines(Event("warning", 1, 0.0, {"message": "sensor [image] :bug: is [red]blank[/red]"}))
    assert file.getvalue() == "12:03  warning: sensor [image] :bug: is [red]blank[/red]\n"


def test_a_resumed_and_interrupted_run_says_so(run):
    lines, _, file = plain()
    lines(Event("start", 500, 9.0, {**run[0].values, "resumed": True}))
    values = {"status": "interrupted", "seconds": 61.0, "best_return": None, "message": ""}
    lines(Event("end", 900, 61.0, values))
    first, _, last = file.getvalue().splitlines()
    assert first.startswith("12:03  resumed box-push") and "steps 500/100,000" in first
    assert last == "12:03  interrupted at step 900 after 0:01:01"


def test_what_is_still_to_do_and_what_was_too_much_is_said(run):
    lines, clock, file = plain()
    start = {**run[0].values, "budget": 9500, "updates_per_env_step": 0.5, "pending": 1000}
    lines(Event("start", 10_000, 90.0, start))
    clock.advance(30)
    lines(Event("update", 10_000, 100.0, {"updates": 4500, "pending": 500, "env_steps_per_s": 0.0}))
    lines(Event("end", 10_000, 100.0, {"status": "interrupted", "seconds": 100.0, "best_return": None, "message": ""}))
    first, _, progress, end = (line.removeprefix("12:03  ") for line in file.getvalue().splitlines())
    assert "steps 10,000/9,500  1,000 updates to do  replay" in first
    assert progress == "steps 10,000/9,500 (90%)  500 updates to do  eta 8 to 12 seconds"  # 10, of 20 in all
    assert end == (
        "interrupted at step 10,000 after 0:01:40  "
        "500 more than the 9,500 asked for: episodes are played to their end  500 updates to do"
    )


def test_one_episode_has_no_standard_error(run):
    lines, _, file = plain()
    lines(run[0])
    lines(Event("evaluation", 500, 20.0, {"episodes": 1, "return/mean": 5.0, "return/stderr": None}))
    assert file.getvalue().splitlines()[-1].endswith("return - (eval 5.00)")


def test_what_has_happened_is_one_line_and_no_news(run, end):
    """A run that another process trains, looked at in the middle of it; then it ends."""
    lines, _, file = plain()
    lines.recall(run, 100.0)
    assert [line.split("  ")[1].split()[0] for line in file.getvalue().splitlines()] == ["started", "steps"]
    assert (
        file.getvalue().splitlines()[1].endswith("return 431.2 (eval 455.0 +- 12.1)  image 3.21  proprio 0.52  kl 1.03")
    )
    lines(end)
    assert file.getvalue().splitlines()[2] == "12:03  done at step 100,000 after 0:31:10  best return 455.0  " + (
        "evaluate with: coral eval runs/x"
    )


def test_a_run_that_has_ended_is_its_start_and_its_end(run, end):
    lines, _, file = plain()
    lines.recall([*run, end], 0.0)
    assert [line.split("  ")[1].split()[0] for line in file.getvalue().splitlines()] == ["started", "done"]

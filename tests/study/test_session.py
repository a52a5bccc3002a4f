"""What an invocation does around a sweep: threads shared out, nothing measured in vain, one process at a time."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from coral_cli.plugin import Engine, Job, JobStatus
from coral_cli.registry.errors import CoralError, UsageError
from coral_cli.study.plan import held, read_plan
from coral_cli.study.requests import SweepRequest
from coral_cli.study.session import carry_out


class Instant:
    """An engine whose jobs are over at once: done, unless their names end with ``x``."""

    about = "at once"

    def __init__(self, most: int | None) -> None:
        self.most = most
        self.jobs: list[Job] = []
        self.closed = False

    def submit(self, jobs) -> None:
        for job in jobs:
            self.jobs.append(job)
            if "--dry-run" in job.command:
                job.log.write_text(json.dumps({"eta_seconds": 100}, indent=2))
            elif job.name.endswith("x"):
                job.log.write_text("error: no arm\n")

    def poll(self):
        return {job.name: JobStatus("failed" if job.name.endswith("x") else "done") for job in self.jobs}

    def cancel(self, at_once: bool) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def asked(made):
    """``asked(here=True, a="--works")``: what became of a request: exit code, documents, and the engine."""

    def ask(here: bool = True, kinds=None, **options):
        engines: list[Instant] = []

        def build(options, folder: Path, most: int | None) -> Instant:
            engines.append(Instant(most))
            return engines[0]

        runs, _ = made(**(kinds or {"a": "--works", "b": "--longer"}))
        usual = {"jobs": None, "measure": 8, "again": "coral sweep --resume there", "json": True}
        engine = Engine("mine", "Mine.", build, here=here)
        request = SweepRequest(runs, (), Path(options.pop("folder", "there")), engine, None, **{**usual, **options})
        out = io.StringIO()
        code = carry_out(request, out, Console(file=io.StringIO()))
        return code, out.getvalue(), engines

    return ask


def test_a_plan_is_written_and_the_engine_let_go(asked) -> None:
    code, out, (engine,) = asked(jobs=9)
    assert code == 0 and engine.closed and engine.most == 2  # as many as there are runs
    assert [run.name for run in read_plan(Path("there")).runs] == ["a", "b"]
    first, *_, last = map(json.loads, out.splitlines())
    assert first["kind"] == "plan" and first["eta_range_seconds"] == [pytest.approx(70), pytest.approx(130)]
    assert last == {"kind": "end", "done": 2, "failed": 0, "stopped": 0, "pending": 0, "exit_code": 0}


def test_one_at_a_time_unless_asked_and_elsewhere_as_the_engine_likes(asked) -> None:
    assert asked()[2][0].most == 1
    _, out, (engine,) = asked(here=False)
    assert engine.most is None and not any("--dry-run" in job.command for job in engine.jobs)
    assert json.loads(out.splitlines()[0])["eta_range_seconds"] is None


@pytest.mark.parametrize(
    ("options", "measured"),
    [({}, 2), ({"measure": 1}, 0), ({"measure": 2}, 2), ({"json": False, "quiet": True}, 0), ({"dry_run": True}, 2)],
)
def test_only_what_is_told_is_measured(options, measured, asked) -> None:
    _, _, (engine,) = asked(**options)
    assert sum("--dry-run" in job.command for job in engine.jobs) == measured


def test_a_dry_run_writes_nothing_and_builds_no_engine_elsewhere(asked) -> None:
    code, out, engines = asked(here=False, dry_run=True)
    assert code == 0 and engines == [] and not Path("there").exists()
    assert json.loads(out)["about"] == "on mine"


def test_reasons_are_told_once_each(asked) -> None:
    with pytest.raises(CoralError) as error:
        asked(kinds={"x": "--a", "ax": "--a", "b": "--a"}, measure=0)
    assert error.value.message == "2 of 3 runs have failed: x and 1 more: no arm."
    assert error.value.hint == "See there/logs/x.log, and go on with: coral sweep --resume there"


def test_a_sweep_that_another_process_carries_out_is_left_alone(asked) -> None:
    Path("there/logs").mkdir(parents=True)
    with held(Path("there")):
        with pytest.raises(UsageError, match="another process carries out the sweep in there"):
            asked()
        assert asked(dry_run=True)[0] == 0


def test_the_next_command_is_quoted_for_a_shell(asked, capsys) -> None:
    asked(folder="my sweeps/[a]", json=False, measure=0)
    assert capsys.readouterr().err.endswith("compare them with: coral report 'my sweeps/[a]'\n")


def test_a_place_that_cannot_be_is_said_before_anything_is_measured(asked, monkeypatch) -> None:
    def measured(*_: object) -> None:
        raise AssertionError("measured in vain")

    monkeypatch.setattr(Instant, "submit", measured)
    Path("there").write_text("")
    with pytest.raises(UsageError, match="there is a file"):
        asked()
    Path("there").unlink()
    Path("there/thesis").mkdir(parents=True)
    with pytest.raises(UsageError, match="there is not empty, and holds no sweep"):
        asked()

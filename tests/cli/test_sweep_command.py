"""From a line of `coral sweep` or `coral reproduce` to what is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coral_cli.app import main
from coral_cli.assembly.resolve import resolve
from coral_cli.plugin import Engine
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.errors import CoralError
from coral_cli.report.comparisons import comparisons
from coral_cli.report.published import SETTINGS, table
from coral_cli.study.plan import Plan, Planned, make_folder, write_plan
from coral_cli.study.requests import SweepRequest

from .test_completion import complete  # noqa: F401 - a fixture


@pytest.fixture
def asked(monkeypatch, tmp_path) -> list[SweepRequest]:
    """What is asked for, instead of doing it, in an empty directory."""
    found: list[SweepRequest] = []
    monkeypatch.setattr("coral_cli.commands.sweep.run_session", lambda request: found.append(request) or 0)
    monkeypatch.chdir(tmp_path)
    return found


def names(request: SweepRequest) -> list[str]:
    return [run.name for run in request.runs]


def test_values_span_and_what_is_behind_holds_for_all(coral, asked) -> None:
    line = "--jobs 2 --image-loss cv --seeds 2 --image-loss byol --env.no-random-start --dry-run"
    line += " -- --steps 10k --size tiny"
    assert coral("sweep", *line.split()).code == 0
    (request,) = asked
    assert names(request) == ["cv-seed0", "byol-seed0", "cv-seed1", "byol-seed1"]
    assert (request.jobs, request.dry_run, request.engine.name, request.measure) == (2, True, "local", 8)
    assert request.folder == Path.cwd() / "sweeps" / "box-push-by-image-loss"
    assert all(run.assembly.settings.steps == 10_000 for run in request.runs)
    assert all(run.assembly.choices["env"].options["random_start"] is False for run in request.runs)
    flags = "--image-loss cv --env.no-random-start --seed 0 --steps 10k --size tiny"
    assert list(request.runs[0].planned.flags) == flags.split()
    assert request.again == "coral sweep --resume sweeps/box-push-by-image-loss --jobs 2"


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("--env maze --seeds 2", "maze"),
        ("--seed 3 -- --method v-coral", "box-push-v-coral"),
        ("--env maze --env box-push --image-size 32 --image-size 64", "by-env-image-size"),
        ("--rssm.gru 8 --rssm.gru 16 --method v-coral", "box-push-v-coral-by-gru"),
        ("--env maze --out here/it/is", "../here/it/is"),
    ],
)
def test_a_sweep_is_named_by_what_it_spans(line, folder, coral, asked) -> None:
    assert coral("sweep", *line.split()).code == 0
    assert asked[0].folder.resolve() == (Path.cwd() / "sweeps" / folder).resolve()


def test_the_same_command_finds_its_place_again_and_another_has_one_of_its_own(coral, asked) -> None:
    def sweep(*words: str) -> str:
        assert coral("sweep", *words).code == 0
        folder = asked[-1].folder
        make_folder(folder)
        write_plan(folder, Plan(tuple(run.planned for run in asked[-1].runs)))
        return folder.name

    assert sweep("--env", "maze") == "maze"
    assert sweep("--env", "maze", "--", "--size", "tiny") == "maze-2"
    assert sweep("--env", "maze") == "maze"
    assert sweep("--env", "maze", "--seeds", "3", "--", "--size", "tiny", "--steps", "9k") == "maze-2"
    assert sweep("--env", "maze", "--seeds", "2") == "maze"
    assert sweep("--env", "maze", "--seed", "1") == "maze-3"  # which of the others has runs that are not asked for
    outcome = coral("sweep", "--env", "maze", "--seed", "1", "--out", "sweeps/maze")
    assert outcome.code == 2
    message = "error: sweeps/maze holds another sweep: it has maze-seed0, which is not asked for now."
    assert outcome.err.startswith(message)


def test_a_plan_is_all_that_resuming_needs(coral, asked) -> None:
    make_folder(Path("a"))
    planned = Planned("x", ("--image-loss", "byol", "--seed", "4", "--steps", "10"), {"seed": "4"})
    write_plan(Path("a"), Plan((planned,)))
    assert coral("sweep", "--resume", "a", "--jobs", "3", "--local.threads", "2").code == 0
    (request,) = asked
    assert request.runs[0].planned == planned and request.runs[0].assembly.settings.seed == 4
    assert request.again == "coral sweep --resume a --jobs 3 --local.threads 2"
    for words, flag in (
        (["--seeds", "3"], "seeds"),
        (["--method", "v-coral"], "method"),
        (["--", "--size", "tiny"], "size"),
    ):
        outcome = coral("sweep", "--resume", "a", *words)
        assert (outcome.code, outcome.err.splitlines()[0]) == (
            2,
            f"error: --{flag} cannot be combined with --resume: the plan says it.",
        )
    assert coral("sweep", "--resume", "a", "--out", "b").code == 2


def test_an_engine_of_a_plugin_has_flags_of_its_own(coral, asked, toy_catalog) -> None:
    from coral_cli.engines.records import LocalOptions

    far = Engine("far", "Far away.", lambda *_: None, LocalOptions(threads=3))
    catalog = Catalog([*toy_catalog, Entry(far, "coral-far", "1")])
    assert coral("sweep", "--env", "maze", "--on", "far", "--far.threads", "7", catalog=catalog).code == 0
    assert asked[0].engine is far and asked[0].engine_options == LocalOptions(7) and asked[0].jobs is None
    assert asked[0].again == "coral sweep --resume sweeps/maze --on far --far.threads 7"
    assert "--far.threads INT" in coral("sweep", "--on", "far", "--help", catalog=catalog).out
    outcome = coral("sweep", "--env", "maze", "--far.threads", "7", catalog=catalog)
    assert outcome.err.splitlines()[:2] == [
        "error: the engine 'far' is not in use (--far.threads).",
        "hint: Add --on far.",
    ]
    assert "there is no engine named 'fra'" in coral("sweep", "--env", "maze", "--on", "fra", catalog=catalog).err


def test_flags_of_the_sweep_are_found_and_belong_before_the_rest(coral, asked) -> None:
    assert coral("sweep", "--env", "maze", "--threads", "2").err.splitlines()[:2] == [
        "error: there is no option --threads.",
        "hint: Did you mean --local.threads?",
    ]
    for flag in ("jobs", "local.threads"):
        assert coral("sweep", "--env", "maze", "--", f"--{flag}", "2").err.splitlines()[:2] == [
            f"error: --{flag} is no flag of a run, and stands behind the --.",
            "hint: Write it before the --.",
        ]


def test_the_shell_completes_flags_of_runs_too(complete) -> None:  # noqa: F811
    assert complete("coral sweep --jo") == ["--jobs"]
    assert complete("coral sweep --method v-coral --method p-") == ["p-coral"]
    assert complete("coral reproduce video --env ma") == ["maze"]


def test_comparisons_are_those_of_which_there_are_published_values() -> None:
    found = comparisons()
    assert sum(len(one.tasks) * len(one.methods) for one in found.values()) == len(table())
    assert found["video"].tasks == found["standard"].tasks and found["locomotion"].steps == 1_000_000
    for one in found.values():
        setting = one.name.removesuffix("-imagination")
        distractions = tuple(filter(None, [one.flags.get("distraction")]))
        assert setting in SETTINGS[distractions]  # so that a report finds its values
        assert one.flags.get("policy", "sac") == ("imagination" if one.name.endswith("imagination") else "sac")


def reproduced(line: str) -> int:
    return main(["reproduce", *line.split()])


def test_a_comparison_is_a_sweep_over_tasks_and_methods(asked, capsys) -> None:
    assert reproduced("video --fraction 0.05 --jobs 3 -- --size small") == 0
    (request,) = asked
    assert len(request.runs) == 7 * 11 * 5 and request.folder.name == "reproduce-video" and request.jobs == 3
    first = request.runs[0]
    assert first.name == "cartpole-swingup-v-coral-seed0" and first.steps == 50_000
    assert first.assembly.settings.distraction == ("procedural",)
    assert {run.assembly.settings.seed for run in request.runs} == set(range(5))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "standard --env cartpole-swingup --method v-coral --seeds 2",
            ["cartpole-swingup-seed0", "cartpole-swingup-seed1"],
        ),
        ("standard --seed 9 --env cheetah-run --method proprio-sac -- --batch-size 8", ["cheetah-run-seed9"]),
        (
            "occlusion --seeds 1 --env cheetah-run --method v-coral --method u-coral --size tiny --size small",
            ["v-coral-tiny-seed0", "v-coral-small-seed0", "u-coral-tiny-seed0", "u-coral-small-seed0"],
        ),
    ],
)
def test_a_comparison_can_be_narrowed_and_widened(line, expected, asked) -> None:
    assert reproduced(line) == 0
    assert names(asked[0]) == expected


def test_the_policy_and_another_distraction_hold_for_all(asked) -> None:
    assert reproduced("video-imagination --method v-coral --distraction disks --seeds 1") == 0
    assert {run.assembly.settings.distraction for run in asked[0].runs} == {("disks",)}
    assert {run.assembly.choices["policy"].component for run in asked[0].runs} == {"imagination"}


def write(run: Path, assembly, returns: dict[int, float]) -> None:
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"assembly": assembly.to_json()}))
    events = [
        {"kind": "evaluation", "step": step, "seconds": step / 100, "values": {"return/mean": mean}}
        for step, mean in returns.items()
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


LINE = "standard --env cartpole-swingup --method v-coral --seeds 1 --fraction 0.1 --out there"


@pytest.fixture
def trained(asked) -> list[SweepRequest]:
    """A run of cartpole that was evaluated up to 99,000 steps."""
    from coral_cli import builtin
    from coral_cli.registry.discovery import discover

    catalog = discover(builtin, {"CORAL_PLUGINS": ""})
    assembly = resolve({"env": "cartpole-swingup", "method": "v-coral"}, catalog)
    write(Path("there/cartpole-swingup-seed0"), assembly, {25_000: 100.0, 75_000: 300.0, 99_000: 600.0})
    return asked


def test_returns_stand_beside_published_values_at_their_steps(trained, capsys) -> None:
    assert reproduced(LINE) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    known = table()["standard", "sac", "cartpole-swingup", "v-coral"]
    assert lines[0] == [
        "cartpole-swingup",
        "runs",
        "steps",
        "return",
        "95",
        "%",
        "interval",
        "paper",
        "training",
        "time",
    ]
    assert lines[1][1:5] + lines[1][5:6] == ["1", "50,000", "200.0", "-", f"{known[50_000]:.1f}"]
    assert lines[2][1:5] + lines[2][5:6] == ["1", "99,000", "600.0", "-", f"{known[100_000]:.1f}"]  # within 2 %


def test_with_json_the_report_is_the_last_line(trained, capsys) -> None:
    assert reproduced(f"{LINE} --json") == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["kind"] == "report" and document["tasks"][0]["agents"][0]["statistics"]["steps"] == [50_000, 99_000]


def test_runs_that_have_failed_are_told_after_the_report(trained, capsys, monkeypatch) -> None:
    def fails(request: SweepRequest) -> int:
        raise CoralError("1 of 2 runs has failed: a: no arm.", "See the log.")

    monkeypatch.setattr("coral_cli.commands.sweep.run_session", fails)
    assert reproduced(LINE) == 1
    told = capsys.readouterr()
    assert "99,000" in told.out and told.err.splitlines()[-2:] == [
        "error: 1 of 2 runs has failed: a: no arm.",
        "hint: See the log.",
    ]


def test_a_dry_run_and_a_stopped_one_have_no_report(trained, capsys, monkeypatch) -> None:
    assert reproduced(f"{LINE} --dry-run") == 0 and capsys.readouterr().out == ""
    monkeypatch.setattr("coral_cli.commands.sweep.run_session", lambda request: 130)
    assert reproduced(LINE) == 130 and capsys.readouterr().out == ""


def test_where_nothing_was_evaluated_that_is_a_note(asked, capsys) -> None:
    assert reproduced(LINE) == 0
    assert "note: there does not exist." in capsys.readouterr().err

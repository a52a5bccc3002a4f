"""``coral study``: from runs to what it answers."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from coral_cli.registry.errors import CoralError
from coral_cli.study.plan import Plan, Planned, write_plan
from coral_cli.study.requests import SweepRequest

from .lines import LINE, TRANSFERS, finish, study, write_plan_of


def test_returns_stand_beside_the_clean_ones_and_nothing_is_guessed(asked, capsys) -> None:
    assert study(f"{LINE} --show") == 0 and not asked  # nothing is trained
    captured = capsys.readouterr()
    told = captured.out.splitlines()
    assert captured.err == "note: there is no run of it yet: there does not exist.\n"
    assert told[0] == "cartpole-swingup: return relative to clean"
    assert told[2].split("  ")[0] == "clean" and told[2].count("0 of 2 done") == 2
    assert told[-1] == "8 of 8 runs are not finished: their squares have no value"
    study(LINE)
    (request,) = asked
    for seed, (clean, disks) in enumerate([(100.0, 50.0), (200.0, 25.0)]):
        finish(request, f"no-distraction-cv-seed{seed}", {50_000: 1.0, 100_000: clean})
        finish(request, f"disks-cv-seed{seed}", {50_000: 1.0, 100_000: disks})
    finish(request, "no-distraction-cpc-seed0", {100_000: 10.0})
    finish(request, "no-distraction-cpc-seed1", {90_000: 10.0}, status="stopped")
    finish(request, "disks-cpc-seed0", {100_000: 5.0})
    finish(request, "disks-cpc-seed1", {100_000: 5.0})
    capsys.readouterr()
    assert study(f"{LINE} --show --csv found.csv") == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:4] == [
        "distraction  cv                    cpc",
        "clean        150.0 [100.0, 200.0]  1 of 2 done",
        "disks        0.25 [0.12, 0.50]!    5.00 [5.00, 5.00], no ratio",
    ]
    assert lines[4:] == [
        "[95 % interval over seeds]",
        "! worse: the reference lies outside the interval",
        "1 of 8 runs is not finished: their squares have no value",
        "no ratio: the reference is not finished, is 0, or a return is negative",
        "written: found.csv",
    ]
    rows = list(csv.DictReader(Path("found.csv").read_text().splitlines()))
    assert [(row["distraction"], row["image-loss"], row["relative"]) for row in rows] == [
        ("none", "cv", ""),
        ("disks", "cv", "0.25"),
        ("none", "cpc", ""),
        ("disks", "cpc", ""),
    ]
    assert study(f"{LINE} --show --json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["kind"] == "answer" and answer["maps"][0]["squares"][1]["relative"]["value"] == 0.25


def test_more_that_is_varied_has_heat_maps_of_its_own(asked, capsys) -> None:
    assert study(f"{LINE} --rssm.gru 8 --rssm.gru 16 --env reacher-easy --env cartpole-swingup --show") == 0
    titles = [line for line in capsys.readouterr().out.splitlines() if "relative" in line]
    assert titles == [
        f"{env}, rssm.gru {gru}: return relative to clean"
        for env in ("reacher-easy", "cartpole-swingup")
        for gru in (8, 16)
    ]


def test_transfer_is_an_area_beside_scratch_with_what_the_source_has_cost(asked, capsys) -> None:
    study(f"{TRANSFERS} -- --steps 100")
    (request,) = asked
    assert [run.name for run in request.runs] == [
        "from-body-seed0",
        "scratch-seed0",
        "body-encoders-slow-seed0",
        "body-encoders-fine-tuned-seed0",
    ]
    finish(request, "from-body-seed0", {100: 1.0})
    finish(request, "scratch-seed0", {20: 0.0, 60: 20.0, 100: 40.0, 200: 60.0})
    finish(request, "body-encoders-slow-seed0", {20: 10.0, 100: 20.0})
    capsys.readouterr()
    assert study(f"{TRANSFERS} --show -- --steps 100") == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "cartpole-swingup: area under the curve relative to scratch",
        "source, way       encoders     steps",
        "scratch           20.0           100",
        "body, slow        0.75           200",
        "body, fine-tuned  0 of 1 done    200",
        "1 of 3 runs is not finished: their squares have no value",
        "",
        "cartpole-swingup: last return relative to scratch after as many steps in all",
        "source, way       encoders",
        "scratch           60.0",
        "body, slow        0.33",
        "body, fine-tuned  0 of 1 done",
        "1 of 3 runs is not finished: their squares have no value",
    ]


def test_what_is_done_and_was_evaluated_too_rarely_is_not_called_unfinished(asked, capsys) -> None:
    study(f"{TRANSFERS} -- --steps 100")
    (request,) = asked
    for run in request.runs:
        finish(request, run.name, {150: 8.0})
    capsys.readouterr()
    assert study(f"{TRANSFERS} --show -- --steps 100") == 0
    area, final = capsys.readouterr().out.split("\n\n")
    assert area.count("not measured  ") == 3 and "not finished" not in area and "0 of 1" not in area
    assert area.splitlines()[-1] == ("not measured: its runs are done, with too few evaluations or updates for a value")
    assert "1.00" in final and "not measured" not in final


@pytest.mark.parametrize(
    "line",
    [
        "loss-by-distraction --distraction disks --image-loss cv --image-loss cpc --env reacher-easy --rssm.gru 8",
        "loss-by-distraction --distraction none --distraction.disks.count 4 --distraction disks -- --steps 2k",
        "transfer --source body --init-parts encoders --way slow --seeds 1 -- --steps 100",
        "overhead --method cv-image --env reacher-easy --env cartpole-swingup --seed 7",
    ],
)
@pytest.mark.parametrize("out", ["", "--out there"])
def test_what_is_shown_is_what_the_plan_says_without_the_flags(line, out, asked, capsys) -> None:
    before, _, behind = line.partition(" -- ")
    line = f"{before} {out} --csv CSV -- {behind}"
    study(line.replace("CSV", "unused.csv"))
    write_plan_of(asked[0])
    for run in asked[0].runs[::2]:
        finish(asked[0], run.name, {run.steps // 2: 1.0, run.steps: 2.0})
    capsys.readouterr()
    told = []
    for words in (line.replace("--csv", "--show --csv"), f"{line.split()[0]} {out} --show --csv CSV"):
        name = f"{len(told)}.csv"
        assert study(words.replace("CSV", name)) == 0
        told.append((capsys.readouterr().out.replace(name, ""), Path(name).read_text()))
    assert told[0] == told[1] and "not finished" in told[0][0]
    assert study(f"{line.split()[0]} {out} --show --json") == 0
    assert json.loads(capsys.readouterr().out)["maps"]


@pytest.mark.parametrize("file", ["--picture a.png", "--csv a.csv"])
def test_a_picture_of_what_was_begun_with_flags_trains_nothing_else(file, asked, capsys) -> None:
    study("overhead --method v-coral --method cv-image --seeds 1 -- --size tiny")
    write_plan_of(asked[0])
    capsys.readouterr()
    assert study(f"overhead {file}") == 2 and len(asked) == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: sweeps/study-overhead was begun with other flags, and this would begin 6 other runs in "
        "sweeps/study-overhead-2.",
        "hint: Add --show to tell of what there is; to train them all the same, name their --out.",
    ]
    assert study(f"overhead {file} --show") == 0 and Path(file.split()[1]).is_file()
    study(f"overhead --method v-coral --method cv-image --seeds 1 {file} -- --size tiny")
    study("overhead")
    assert [request.folder.name for request in asked[1:]] == ["study-overhead", "study-overhead-2"]


def test_one_way_of_one_source_is_no_scratch(asked, capsys) -> None:
    assert study("transfer --source random --init-parts encoders --way slow --seeds 1 --size tiny --show") == 0
    lines = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    title = "cartpole-swingup: area under the curve relative to scratch"
    assert lines[:4] == [title, "source, way", "scratch", "random, slow"]


def test_overhead_is_told_with_its_units(asked, capsys) -> None:
    line = "overhead --method v-coral --method cv-image --seeds 1 --out there"
    study(line)
    (request,) = asked
    finish(request, "v-coral-seed0", {100_000: 8.0}, seconds=60)
    finish(request, "cv-image-seed0", {100_000: 6.0}, seconds=30)
    capsys.readouterr()
    assert study(f"{line} --show") == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "cartpole-swingup: relative to v-coral",
        "quantity  v-coral       cv-image",
        "update    300.0 ms      0.50",
        "run       1.00 minutes  0.50",
        "memory    600.0 MB      0.50",
        "return    8.00          0.75",
    ]
    assert study(f"{line} --show --csv a.csv") == 0
    header, *rows = csv.reader(Path("a.csv").read_text().splitlines())
    assert len(set(header)) == len(header)
    measures = {(row[header.index("measure")], row[header.index("quantity")]) for row in rows}
    assert measures == {("relative to v-coral", name) for name in ("update", "run", "memory", "return")}


def test_runs_that_have_failed_are_told_after_the_answer(asked, capsys, monkeypatch) -> None:
    def fails(request: SweepRequest) -> int:
        raise CoralError("1 of 8 runs has failed: a: no arm.", "See the log.")

    monkeypatch.setattr("coral_cli.commands.sweep.run_session", fails)
    assert study(LINE) == 1
    told = capsys.readouterr()
    assert "0 of 2 done" in told.out and "1 of 8 runs has failed" in told.err
    monkeypatch.setattr("coral_cli.commands.sweep.run_session", lambda request: 130)
    assert study(LINE) == 130 and "0 of 2 done" in capsys.readouterr().out
    assert study(f"{LINE} --dry-run") == 130 and capsys.readouterr().out == ""


@pytest.mark.parametrize("line", [LINE, TRANSFERS, "overhead --seeds 1 --out there"])
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_pictures_are_drawn_of_all_and_of_nothing(line, ending, asked, capsys) -> None:
    pytest.importorskip("matplotlib")
    study(line)
    assert study(f"{line} --show --picture nothing.{ending}") == 0
    for run in asked[0].runs:
        finish(asked[0], run.name, {run.steps // 2: 1.0, run.steps: 2.0})
    assert study(f"{line} --show --picture all.{ending}") == 0
    signs = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert all(Path(f"{name}.{ending}").read_bytes().startswith(signs[ending]) for name in ("nothing", "all"))


@pytest.mark.parametrize(
    ("runs", "said"),
    [((), "has no runs."), ((Planned("a", ("--steps", "many")),), "is damaged: --steps is 'many', which is no whole")],
)
def test_a_plan_that_cannot_be_shown_is_unreadable(runs, said, asked, capsys) -> None:
    Path("there").mkdir()
    write_plan(Path("there"), Plan(runs))
    assert study("overhead --show --out there") == 4
    assert f"error: the plan in there {said}" in capsys.readouterr().err


def test_runs_that_are_measured_in_several_ways_are_counted_once(asked, capsys) -> None:
    assert study("overhead --show") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("6 of 6 runs are not finished")

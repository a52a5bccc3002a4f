"""What ``coral eval`` of several agents and conditions shows, writes and keeps, cut short or not."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import signal
from pathlib import Path

import numpy as np

from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.tables import evaluations
from coral_cli.testing import run

from .tolled import coral, draws


def test_the_table_as_it_is_read(runs: Path) -> None:
    outcome = coral("eval plain taught --episodes 2 --seed 7 --under own --under hard='add --env.bonus 1'")
    first, second = ([3.0 * (d + more) for d in draws(7, 2)] for more in (5, -19))
    lines = outcome.out.splitlines()
    assert lines[0] == "tolled: 2 episodes each, the same for all (seed 7); [95 % interval]"
    cells = [line.split("  ") for line in lines if line]
    words = [[word.strip() for word in line if word.strip()] for line in cells]
    assert words[1] == ["return", "own", "hard"]
    assert words[2][0] == "plain" and words[2][1].startswith(
        f"{np.mean(first):.1f} [{min(first):.1f}, {max(first):.1f}"
    )
    assert words[2][2].startswith(f"{np.mean(second):.1f} [")
    assert [line[0] for line in words[3:]] == [
        *("taught", "success rate", "plain", "taught"),
        *("change from own", "plain", "taught"),
    ]
    told = outcome.err.splitlines()
    assert told[0] == "evaluating 1/4: plain under own"
    assert told[3].startswith("evaluating 4/4: taught under hard")


def test_a_file_of_it(runs: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    outcome = coral(f"eval plain taught --episodes 2 --under own --under add --quiet --csv {path}")
    assert outcome.code == 0 and outcome.err == ""
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [(row["agent"], row["condition"], row["flags"]) for row in rows] == [
        (agent, *known) for agent in ("plain", "taught") for known in (("own", ""), ("add", "--distraction add"))
    ]
    assert float(rows[1]["return"]) == np.mean([3.0 * (d + 5 - 20) for d in draws(3, 2)])
    assert float(rows[1]["change"]) == float(rows[1]["change_low"]) == -60
    assert (rows[0]["change"], rows[1]["reference"], rows[1]["kept"]) == ("", "own", "")
    assert {row["seed"] for row in rows} == {"3"} and {row["episodes"] for row in rows} == {"2"}
    assert float(rows[0]["success_high"]) <= 1


def test_one_agent_as_it_was_trained_has_a_file_as_well(runs: Path, tmp_path: Path) -> None:
    assert coral(f"eval plain --episodes 1 --csv {tmp_path / 'one.csv'}").code == 0
    [row] = csv.DictReader(io.StringIO((tmp_path / "one.csv").read_text()))
    assert (row["condition"], float(row["return"]), row["return_low"]) == ("own", 3.0 * (draws(3, 1)[0] + 5), "")


def test_help_lists_the_options_of_the_checkpoint_and_of_what_is_named(runs: Path) -> None:
    out = coral("eval plain --distraction add --help").out
    assert "--env.bonus FLOAT             Paid in every step. [default: 5.0]" in out
    assert "--distraction.add.much FLOAT  How much is added. [default: 20.0]" in out
    assert "--env." not in coral("eval --distraction add --help").out.replace("--env.OPTION", "")
    assert "--distraction.add.much" not in coral("eval plain --help").out


def test_a_switch_may_stand_before_the_checkpoint(runs: Path) -> None:
    assert coral("eval --env.no-wide plain --episodes 1").code == 0


def test_ctrl_c_tells_what_there_is(runs: Path, tmp_path: Path) -> None:
    stopping = f"'add --env.signal {int(signal.SIGINT)}'"
    outcome = coral(f"eval plain --episodes 2 --under own --under stop={stopping} --under clean --csv {tmp_path}/a.csv")
    assert outcome.code == 130
    assert outcome.err.splitlines()[-1] == "1 of 3 evaluations are done."
    table = [line.split("  ") for line in outcome.out.splitlines() if line.startswith(("return", "plain"))]
    assert [word.strip() for word in table[1] if word.strip()][2:] == ["-", "-"]
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 2
    cut = coral(f"eval plain --episodes 2 --under stop={stopping} --under own --json --quiet")
    assert cut.code == 130 and json.loads(cut.out)["complete"] is False
    assert json.loads(cut.out)["agents"][0]["cells"] == {}


def test_one_that_fails_loses_nothing(runs: Path) -> None:
    outcome = coral("eval plain --episodes 2 --under own --under 'add --distraction.add.much 1e7'")
    assert outcome.code == 1
    assert "the reward of the environment is not a finite number" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("error: under add add.much=10000000.0: ")
    assert f"{3 * (np.mean(draws(3, 2)) + 5):.1f} [" in outcome.out


def test_every_pair_has_its_film(seeing: Path) -> None:
    line = f"eval {seeing} --episodes 1 --video --under own --under 'disks --distraction.disks.count 2' --json"
    cells = json.loads(run(line).out)["agents"][0]["cells"]
    names = ["latest-seed0.mp4", "latest-seed0-disks-disks.count-2.mp4"]
    assert [Path(cell["video"]).name for cell in cells.values()] == names
    assert all((seeing / "videos" / name).stat().st_size > 1000 for name in names)
    alone = run(f"eval {seeing} --episodes 1 --video --distraction disks --json")
    assert json.loads(alone.out)["video"].endswith("videos/latest-seed0-disks.mp4")


def test_losses_of_one_condition(seeing: Path) -> None:
    outcome = run(f"eval {seeing} --episodes 2 --losses --distraction noise --json")
    assert outcome.code == 0, outcome.err
    assert math.isfinite(json.loads(outcome.out)["losses"]["here"]["loss/image"])


def test_what_was_evaluated_is_kept_in_the_runs(runs: Path, tmp_path: Path) -> None:
    """Each run has a file for each condition; a checkpoint without a run has none, and one agent as trained neither."""
    for name in ("plain", "taught"):
        shutil.rmtree(runs / name / "tables", ignore_errors=True)
    lone = tmp_path / "lone.pt"
    shutil.copy(runs / "plain" / "checkpoints" / "latest.pt", lone)
    assert coral(f"eval plain taught {lone} --episodes 2 --under own --under add --quiet").code == 0
    assert coral("eval plain --distraction double --episodes 1").code == 0
    assert coral("eval taught --episodes 3").code == 0
    plain, taught = (
        {one.condition: one for one in evaluations(RunDirectory(runs / name), [])} for name in ("plain", "taught")
    )
    assert set(plain) == {"own", "add", "double"} and set(taught) == {"own", "add"}
    assert plain["add"].returns == tuple(3.0 * (d + 5 - 20) for d in draws(3, 2))
    assert (plain["add"].flags, plain["add"].stands_for, plain["own"].stands_for) == (
        "--distraction add",
        "other",
        "own",
    )
    assert (plain["add"].seed, plain["add"].step) == (3, 6) and len(plain["add"].successes) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lone.pt"]


def test_a_run_that_cannot_be_written_is_evaluated_all_the_same(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "plain", tmp_path / "plain", ignore=shutil.ignore_patterns("tables"))
    (tmp_path / "plain" / "tables").write_text("a file")
    outcome = coral(f"eval {tmp_path / 'plain'} --episodes 1 --under own --under add --quiet")
    assert outcome.code == 0 and "return" in outcome.out
    assert outcome.err.startswith("warning: ") and outcome.err.count("coral report will not show it.") == 2

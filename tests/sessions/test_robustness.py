"""``coral eval`` of several agents and conditions, where every return is known.

Each of three steps is paid the draw of the episode's seed, plus ``--env.bonus``, minus a toll that the distractions set
when the episode begins: from 0 on, ``add`` adds 10 and ``double`` doubles it.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict
from gymnasium.utils import seeding

from coral_cli.plugin import Distraction, Environment, Help
from coral_cli.runs.checkpoint import load, save
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.tables import evaluations
from coral_cli.testing import Outcome, run
from coral_cli.training.collection import episode_seed

STEPS = 3


@dataclass(frozen=True)
class TolledOptions:
    bonus: Annotated[float, Help("Paid in every step.")] = 0.0
    wide: Annotated[bool, Help("Whether the sensor has one more value.")] = False
    arms: Annotated[int, Help("The size of actions.", min=1)] = 1
    signal: Annotated[int, Help("A signal that comes in the last step of an episode under toll.")] = 0


class Toll:
    """What distractions may change."""

    prepare, camera, cut_out = None, 0, False

    def __init__(self) -> None:
        self.model = {"toll": 0.0}

    def background(self, floor: bool) -> Any:
        raise AssertionError


class Tolled(gymnasium.Env):
    def __init__(self, options: TolledOptions) -> None:
        self.options, self.scene = options, Toll()
        self.observation_space = Dict(proprio=Box(-np.inf, np.inf, (3 if options.wide else 2,), np.float32))
        self.action_space = Box(-1, 1, (options.arms,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.draw, self.step_number = int(self.np_random.integers(10)), 0
        self.scene.model["toll"] = 0.0
        return self.seen(), {}

    def step(self, action):
        self.step_number += 1
        over = self.step_number == STEPS
        toll = self.scene.model["toll"]
        if over and toll and self.options.signal:
            os.kill(os.getpid(), self.options.signal)
        toll = math.nan if toll > 1e6 else toll
        info = {"metrics": {"success": float(self.draw > 4)}} if over else {}
        return self.seen(), self.draw + self.options.bonus - toll, False, over, info

    def seen(self):
        return {"proprio": np.full(self.observation_space["proprio"].shape, self.draw, np.float32)}


@dataclass(frozen=True)
class AddOptions:
    much: Annotated[float, Help("How much is added.")] = 10.0
    file: Annotated[str | None, Help("A file that must be there.")] = None


class Change:
    """A distraction that changes the toll."""

    def __init__(self, change) -> None:
        self.of = change

    def begin(self, random, scene) -> None:
        scene.model["toll"] = self.of(scene.model["toll"])

    def prepare(self, scene) -> None: ...

    def change(self, value, scene):
        return value


def add(options: AddOptions, sensor, split) -> Change:
    if options.file and not Path(options.file).exists():
        raise FileNotFoundError(options.file)
    assert split == ("evaluation" if sensor.name == "proprio" and evaluating else "training")
    return Change(lambda toll: toll + options.much)


evaluating = False
VECTOR = {"proprio": "vector"}
TOLLED = Environment(
    "tolled",
    "Pays.",
    lambda options, _: Tolled(options),
    TolledOptions(),
    VECTOR,
    False,
    {"distraction.add.much": 20.0},
)
OTHER = Environment("other", "Pays, too.", lambda options, _: Tolled(options), TolledOptions(), VECTOR, False)
COMPONENTS = (
    TOLLED,
    OTHER,
    Distraction("add", "Adds.", add, AddOptions(), ("vector",)),
    Distraction("double", "Doubles.", lambda *_: Change(lambda toll: 2 * toll), sensors=("vector",)),
)
PACE = (
    "--method proprio-sac --size tiny --random-episodes 1 --updates-per-step 0 --eval-every 0 --batch-length 2 --quiet"
)


def coral(line: str) -> Outcome:
    return run(line, COMPONENTS)


def trained(path: Path, words: str = "", env: str = "tolled") -> Path:
    outcome = coral(f"train --env {env} {PACE} --steps 6 {words} --out {path}")
    assert outcome.code == 0, outcome.err
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A folder: ``plain`` (seed 3) was trained without a distraction, ``taught`` (seed 4) with add, of 1."""
    folder = tmp_path_factory.mktemp("runs")
    trained(folder / "plain", "--seed 3 --env.bonus 5")
    trained(folder / "taught", "--seed 4 --distraction add --distraction.add.much 1")
    trained(folder / "elsewhere", env="other")
    return folder


@pytest.fixture(autouse=True)
def evaluation(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Distractions are asked for the split of evaluation, and paths are seen from the folder of runs."""
    monkeypatch.setitem(globals(), "evaluating", True)
    monkeypatch.chdir(runs)


def draws(seed: int, episodes: int) -> list[int]:
    return [int(seeding.np_random(episode_seed(seed, "evaluation", i))[0].integers(10)) for i in range(episodes)]


def document(line: str) -> dict:
    outcome = coral(f"{line} --json --quiet")
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    return json.loads(outcome.out)


def returns(table: dict, agent: int = 0) -> dict[str, list[float]]:
    return {name: cell["returns"] for name, cell in table["agents"][agent]["cells"].items()}


CONDITIONS = "--under own --under clean --under add --under 'add,double' --under 'double --distraction add'"


def test_every_return_is_that_of_its_condition(runs: Path) -> None:
    """An option of a named distraction is the environment's suggestion, 20, whatever the agent was trained with."""
    table = document(f"eval plain taught --episodes 4 {CONDITIONS}")
    tolls = {"own": 0, "clean": 0, "add": 20, "add+double": 40, "double+add": 20}
    assert returns(table) == {name: [3.0 * (d + 5 - toll) for d in draws(3, 4)] for name, toll in tolls.items()}
    tolls["own"] = 1
    assert returns(table, 1) == {name: [3.0 * (d - toll) for d in draws(3, 4)] for name, toll in tolls.items()}
    assert (table["env"], table["seed"], table["episodes"], table["complete"]) == ("tolled", 3, 4, True)
    assert [known["flags"] for known in table["conditions"]] == [
        "",
        "",
        "--distraction add",
        "--distraction add,double",
        "--distraction double,add",
    ]


def test_a_folder_of_runs_stands_for_all_of_them(runs: Path, tmp_path: Path) -> None:
    for name in ("plain", "taught"):
        shutil.copytree(runs / name, tmp_path / "sweep" / name)
    (tmp_path / "sweep" / "logs").mkdir()
    table = document(f"eval {tmp_path / 'sweep'} --episodes 2 --distraction add --distraction.add.much 4")
    assert [agent["name"] for agent in table["agents"]] == ["plain", "taught"]
    assert list(returns(table)) == ["add add.much=4.0"]


@pytest.mark.parametrize("agent", ["plain", "taught", "taught/checkpoints/latest.pt"])
def test_the_own_condition_is_what_eval_tells_without_any(agent: str, runs: Path) -> None:
    alone = document(f"eval {agent} --episodes 3")
    table = document(f"eval {agent} --episodes 3 --under own --under clean")
    cell = table["agents"][0]["cells"]["own"]
    assert cell["statistics"] == alone["statistics"]
    assert (table["seed"], table["renderer"], table["env"]) == (alone["seed"], alone["renderer"], alone["env"])
    assert "condition" not in alone


def test_options_alone_change_the_agents_own_distractions(runs: Path) -> None:
    table = document("eval taught --episodes 2 --under '--distraction.add.much 2' --under '--env.bonus 1' --under own")
    assert [known["name"] for known in table["conditions"]] == ["add.much=2.0", "env.bonus=1.0", "own"]
    known = {"add.much=2.0": -2, "env.bonus=1.0": 0, "own": -1}
    assert returns(table) == {name: [3.0 * (d + more) for d in draws(4, 2)] for name, more in known.items()}


def test_flags_without_under_are_one_condition(runs: Path) -> None:
    alone = document("eval taught --distraction double --distraction add --env.bonus 2 --episodes 2")
    assert alone["statistics"]["return/mean"] == np.mean([3.0 * (d + 2 - 20) for d in draws(4, 2)])
    flags = "--distraction double,add --env.bonus 2.0"
    assert alone["condition"] == {"name": "double+add env.bonus=2.0", "flags": flags}
    told = coral("eval taught --distraction double --distraction add --env.bonus 2 --episodes 2").out.splitlines()
    assert told[0] == f"under double+add env.bonus=2.0: {flags}"
    assert told[1].split() == ["metric", "mean", "standard", "error", "n"]
    table = document("eval taught plain --distraction double --distraction add --env.bonus 2 --episodes 2")
    assert returns(table)["double+add env.bonus=2.0"] == [3.0 * (d + 2 - 20) for d in draws(4, 2)]
    assert table["reference"] is None


def test_a_change_is_that_of_the_same_episodes(runs: Path) -> None:
    """Returns vary over the episodes by far more than they change, which is the same in each."""
    cells = document("eval taught --episodes 6 --under clean --under own --under less='--distraction.add.much 0.5'")
    cells = cells["agents"][0]["cells"]
    assert cells["own"]["change"] is None
    assert cells["clean"]["change"]["difference"] == {"value": 3.0, "low": 3.0, "high": 3.0}
    mean = 3 * np.mean(draws(4, 6))
    kept = None if min(draws(4, 6)) < 1 else mean / (mean - 3)
    assert cells["clean"]["change"]["kept"] == (kept and pytest.approx(kept))
    assert cells["less"]["change"]["difference"]["value"] == pytest.approx(1.5)


def test_without_its_own_condition_an_agent_is_compared_with_the_clean_one(runs: Path) -> None:
    table = document("eval plain --episodes 2 --under add --under clean")
    assert table["reference"] == "clean"
    assert table["agents"][0]["cells"]["add"]["change"]["difference"]["value"] == -60


def test_success_has_its_own_interval(runs: Path) -> None:
    success = document("eval plain --episodes 4 --under own --under clean")["agents"][0]["cells"]["own"]["success"]
    share = np.mean([d > 4 for d in draws(3, 4)])
    assert success["value"] == share
    assert 0 <= success["low"] < share < success["high"] <= 1


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


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        ("plain elsewhere", "plain was trained in tolled, but elsewhere in other.", "evaluate those of each apart"),
        ("plain --under ad", "there is no distraction named 'ad'.", "Did you mean 'add'?"),
        ("plain --under clen", "there is no condition 'clen'.", "Did you mean 'clean'?"),
        ("plain --under --distraktion", "there is no option --distraktion.", "Did you mean --distraction?"),
        ("plain --under '--env.bonis 1'", "environment 'tolled' has no option 'bonis'", "--env.bonus"),
        ("plain --under '--env.bonus x'", "--env.bonus is 'x', which is no number.", "Write 0.001"),
        ("plain --under add.much", "there is no distraction named 'add.much'.", "Did you mean 'add'?"),
        ("plain --under '--distraction.add.much 1'", "distraction 'add' is not in use", "Add --distraction add."),
        ("taught plain --distraction.add.much 1", "plain under add.much=1.0: distraction 'add' is not", "Add --dist"),
        ("plain --under 'clean --distraction add'", "--under clean already says which distractions", "Leave clean out"),
        ("plain --under own --under own", "two conditions are called own.", "--under 'NAME=FLAGS'"),
        ("plain --under ''", "--under is empty.", "Give it a value"),
        ("plain --under own --under ''", "--under is empty.", "Write own, clean, a distraction"),
        ('plain --under "add \'"', '--under "add \'" has a quotation mark without its other.', ""),
        ("plain --under 'add extra'", "got unexpected extra argument(s) (extra).", ""),
        ("plain --under '--seed 1'", "--seed holds for all conditions.", "Write --seed outside of --under."),
        ("plain --under 'add --plugin x'", "--plugin holds for all conditions.", "outside of --under"),
        ("plain --under --env.bonus", "option '--env.bonus' requires an argument.", ""),
        ("plain --under --distraction add", "option '--distraction' requires an argument.", ""),
        ("plain --under add --env.bonus 1", "--env.bonus stands beside --under.", "Write it inside"),
        ("plain --under '--env other'", "--env holds for all conditions.", "outside of --under"),
        ("plain --under '--sensors image'", "--sensors cannot change", "An evaluation may change"),
        ("plain --proprio-encoder mlp", "--proprio-encoder cannot change", "An evaluation may change"),
        ("plain --rssm.gru 9", "--rssm.gru cannot change", "An evaluation may change"),
        ("plain --epsodes 3", "there is no option --epsodes.", "Did you mean --episodes?"),
        ("--env.bonus 3", "which options there are is not known (--env.bonus).", "Name the checkpoint, too."),
        ("plain --under disks", "--distraction disks needs a sensor of kind image, and none is in use.", "proprio"),
        ("plain --under own --losses", "--losses tells of one agent under one condition.", "Leave --losses out"),
        ("plain taught --video a.mp4", "--video a.mp4 names one film", "Write --video alone"),
        ("plain --under own --csv a.txt", "--csv is 'a.txt', but tables are .csv files.", "Write --csv a.txt.csv."),
        ("plain --under own --device cpu:3", "device 'cpu:3' is not supported.", ""),
        ("plain --env other", "--env is other, but plain was trained in tolled.", "Leave --env out"),
        (
            "plain --env.wide",
            "the environment gives proprio in the shape (3,), but the agent knows it as (2,).",
            "--env",
        ),
        ("plain --under own --under --env.wide", "under env.wide: the environment gives proprio in the shape (3,)", ""),
        ("plain --under '--env.arms 2'", "under env.arms=2: the environment takes 2 actions there, but the agent", ""),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(line: str, error: str, hint: str, runs: Path) -> None:
    outcome = coral(f"eval {line} --episodes 1")
    told = outcome.err.splitlines()
    assert outcome.code == 2 and outcome.out == ""
    assert told[0].startswith(f"error: {error}")
    assert hint in " ".join(told[1:])


def test_the_last_under_needs_its_condition(runs: Path) -> None:
    for words in ("--under", "--under add --under"):
        outcome = coral(f"eval plain {words}")
        assert (outcome.code, outcome.err.splitlines()[0]) == (2, "error: option '--under' requires an argument.")


def test_what_a_distraction_lacks_is_said_before_anything_runs(runs: Path) -> None:
    outcome = coral("eval plain --under own --under 'add --distraction.add.file nowhere'")
    assert outcome.code == 1 and outcome.out == ""
    assert outcome.err.startswith(
        "error: under add add.file=nowhere: distraction add raised FileNotFoundError: nowhere"
    )


def test_a_run_that_is_not_there(runs: Path) -> None:
    for line in ("plain nothing", "nothing --under own", "nothing --distraction add"):
        outcome = coral(f"eval {line}")
        assert (outcome.code, outcome.err.splitlines()[0]) == (4, "error: nothing does not exist.")


def test_agents_that_do_not_see_alike(runs: Path, tmp_path: Path) -> None:
    metadata, state = load(runs / "plain" / "checkpoints" / "latest.pt")
    save(tmp_path / "other.pt", metadata | {"renderer": "egl" if metadata["renderer"] != "egl" else "raycast"}, state)
    outcome = coral(f"eval plain {tmp_path}/other.pt --episodes 1")
    assert outcome.code == 2 and "error: these agents do not see alike: plain" in outcome.err
    assert coral(f"eval plain {tmp_path}/other.pt --episodes 1 --renderer raycast").code == 0


def test_a_representation_has_nothing_to_compare(runs: Path, tmp_path: Path) -> None:
    metadata, state = load(runs / "plain" / "checkpoints" / "latest.pt")
    save(tmp_path / "bare.pt", metadata | {"pretrained": True}, state)
    outcome = coral(f"eval plain {tmp_path}/bare.pt --episodes 1")
    assert outcome.code == 2 and "bare.pt was pretrained: it has no policy that could be evaluated." in outcome.err


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


@pytest.fixture(scope="module")
def seeing(tmp_path_factory) -> Path:
    """A run that sees images."""
    path = tmp_path_factory.mktemp("seeing") / "seeing"
    toys = "--env toy --image-encoder toy --proprio-encoder toy --rssm toy --image-loss infonce --batch-length 4"
    words = "--size tiny --random-episodes 1 --updates-per-step 0 --eval-every 0 --quiet --steps 12"
    assert run(f"train {toys} {words} --out {path}").code == 0
    return path


def test_every_pair_has_its_film(seeing: Path) -> None:
    line = f"eval {seeing} --episodes 1 --video --under own --under 'disks --distraction.disks.count 2' --json"
    cells = json.loads(run(line).out)["agents"][0]["cells"]
    names = ["latest-seed0.mp4", "latest-seed0-disks-disks.count-2.mp4"]
    assert [Path(cell["video"]).name for cell in cells.values()] == names
    assert all((seeing / "videos" / name).stat().st_size > 1000 for name in names)
    alone = run(f"eval {seeing} --episodes 1 --video --distraction disks --json")
    assert json.loads(alone.out)["video"].endswith("videos/latest-seed0-disks.mp4")


def test_a_folder_of_clips_that_is_not_there(seeing: Path, tmp_path: Path) -> None:
    for folder, error in (("", "the distraction video needs a folder of clips."), ("nowhere", "there is no folder")):
        words = f"--distraction.video.folder {folder}" if folder else ""
        outcome = run(f"eval {seeing} --under own --under 'video {words}'")
        assert outcome.code == 2 and outcome.out == ""
        assert f": {error}" in outcome.err and "evaluating" not in outcome.err


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
        {one.condition: one for one in evaluations(RunDirectory(runs / name))} for name in ("plain", "taught")
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

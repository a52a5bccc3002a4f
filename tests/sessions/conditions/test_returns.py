"""``coral eval`` of several agents and conditions: every return, change and rate of success, worked out by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from .tolled import CONDITIONS, coral, document, draws, returns


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

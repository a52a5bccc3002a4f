"""``coral report``: its table, as a document too, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coral_cli import builtin
from coral_cli.assembly.resolve import resolve
from coral_cli.registry.discovery import discover
from coral_cli.runs.directory import RunDirectory

P_CORAL = {"image-loss": "cpc", "proprio-loss": "recon", "objective": "predictive"}


def test_the_table(make_run, report) -> None:
    for seed, value in enumerate([1.0, 2.0, 4.0, 100.0]):
        make_run(f"runs/v{seed}", {1000: 0.0, 2000: value}, seed=seed)
    make_run("runs/p", {1000: 50.0}, P_CORAL)
    rows = (
        ["p-coral", "1", "1,000", "50.0", "-", "0:00:10"],
        ["v-coral", "4", "2,000", "3.00", "1.00 to 100.0", "0:00:20"],
    )
    code, out, err = report()
    assert (code, err) == (0, "")
    lines = [line.split("  ") for line in out.splitlines()]
    cells = [[cell.strip() for cell in line if cell] for line in lines]
    assert cells[:3] == [["cartpole-swingup", "runs", "steps", "return", "95 % interval", "training time"], *rows]
    assert cells[3:7] == [
        [],
        ["on average", "steps", "mean", "95 % interval", "optimality gap", "95 % interval"],
        ["p-coral", "1,000", "50.0", "-", "0.95", "-"],
        ["v-coral", "2,000", "26.8", "1.50 to 75.5", "0.97", "0.92 to 1.00"],
    ]
    assert cells[7:] == [
        [],
        ["better at 1,000", "than p-coral", "than v-coral"],
        ["p-coral", "-", "1.00"],
        ["v-coral", "0.00", "-"],
    ]


def test_how_long_and_where_a_run_is_made_makes_no_other_agent(make_run, report) -> None:
    make_run("a0", {1000: 0.0}, seed=0, eval_every=5, device="cpu", observer=[])
    make_run("a1", {1000: 0.0}, seed=1, eval_every=9, device="cuda", observer=["tensorboard"])
    make_run("a2", {1000: 0.0}, seed=2, batch_size=5)
    assert [line.split()[2] for line in report(".")[1].splitlines()[1:3]] == ["2", "1"]


def test_learning_rates_that_fall_elsewhere_make_another_agent(make_run, report) -> None:
    for seed, drops in enumerate([[], [], [2000]]):
        make_run(f"a{seed}", {1000: 0.0}, seed=seed, lr_drops=drops)
    assert [line.split("  ")[0] for line in report(".")[1].splitlines()[1:3]] == ["lr-drops none", "lr-drops 2000"]


def test_sizes_and_methods_name_agents(make_run, report) -> None:
    """As they were given, though run.json holds what they stand for."""
    catalog = discover(builtin, {"CORAL_PLUGINS": ""})
    for method, size in (("v-coral", "tiny"), ("v-coral", "paper"), ("p-coral", "tiny")):
        run = make_run(f"{method}-{size}", {1000: 1.0})
        assembly = resolve({"env": "cartpole-swingup", "method": method, "size": size}, catalog)
        RunDirectory(run).write_metadata({"assembly": assembly.to_json()})
    names = [line.split("  ")[0] for line in report(".")[1].splitlines()[1:]]
    assert names == ["p-coral, size tiny", "v-coral, size paper", "v-coral, size tiny"]


def test_at_other_steps(make_run, report) -> None:
    run = make_run("a", {1000: 10.0, 2000: 20.0})
    _, out, _ = report(str(run), "--at", "1k,1500,3e3")
    assert [line.split()[2:4] for line in out.splitlines()[1:]] == [
        ["1,000", "10.0"],
        ["1,500", "15.0"],
        ["3,000", "-"],
    ]


def test_how_agents_compare(make_run, report) -> None:
    """Three runs against two: of 6 pairs v-coral wins 4, and one is a draw. The gap is to 1000."""
    for seed, value in enumerate([200.0, 700.0, 900.0]):
        make_run(f"v{seed}", {1000: value, 3000: 0.0}, seed=seed)
    for seed, value in enumerate([700.0, 100.0]):
        make_run(f"p{seed}", {1000: value, 2000: 500.0}, P_CORAL, seed=seed)
    [task] = json.loads(report(".", "--json", "--at", "1k")[1])
    agents = {agent["name"]: agent["statistics"] for agent in task["agents"]}
    assert agents["v-coral"]["mean"][0]["value"] == 600
    assert agents["v-coral"]["optimality_gap"][0]["value"] == pytest.approx(0.4)
    compared = task["comparison"]
    assert (compared["step"], compared["best"]) == (1000, 1000)
    wins = {(pair["agent"], pair["other"]): pair["value"] for pair in compared["improvement"]}
    assert wins["v-coral", "p-coral"] == pytest.approx(4.5 / 6) == 1 - wins["p-coral", "v-coral"]
    places, profiles = compared["thresholds"], {one["agent"]: one["share"] for one in compared["profiles"]}
    assert places[0] == 0 and places[-1] == 1000
    assert profiles["v-coral"] == pytest.approx([sum(v > at for v in (200, 700, 900)) / 3 for at in places])
    lines = [line.split() for line in report(".", "--at", "1k,2k,9k")[1].splitlines()]
    assert ["better", "at", "2,000", "than", "p-coral", "than", "v-coral"] in lines, "what all have reached"
    assert ["v-coral", "9,000", "-", "-", "-", "-"] in lines
    assert json.loads(report("v0", "p0", "--json")[1])[0]["comparison"] is None, "a run each says nothing"


def test_beside_the_paper(make_run, report) -> None:
    make_run("v", {49_000: 400.0, 101_000: 700.0})
    make_run("own", {50_000: 1.0}, {"image-loss": "byol", "proprio-loss": "recon", "objective": "variational"})
    out = report(".", "--at", "49500,101k")[1]
    cells = {tuple(line.split()[i] for i in (-5, -2)) for line in out.splitlines() if line.startswith("v-coral")}
    assert cells == {("49,500", "431.4"), ("101,000", "734.2")}
    assert [line.split()[-2] for line in out.splitlines() if "byol" in line] == ["-", "-"]
    assert "paper" not in report(".", "--at", "70k")[1]


def test_json(make_run, report) -> None:
    make_run("a", {1000: 10.0, 2000: 20.0}, options={"env.gravity": 1}, seed=5)
    make_run("b", {1000: 4.0}, options={"env.gravity": 2})
    code, out, err = report(".", "--json")
    assert (code, err) == (0, "")
    [task] = json.loads(out)
    assert task["task"] == "cartpole-swingup"
    assert task["agents"][0].pop("published")["100000"] == 734.2
    assert task["agents"][0] == {
        "name": "env.gravity 1",
        "differs": {"env.gravity": 1},
        "statistics": {
            **{"steps": [2000], "iqm": [20.0], "low": [None], "high": [None], "seconds": [20.0]},
            "mean": [{"value": 20.0, "low": None, "high": None}],
            "optimality_gap": [{"value": 0.98, "low": None, "high": None}],
        },
        "runs": [{"path": "a", "seed": 5, "steps": [1000, 2000], "values": [10.0, 20.0], "seconds": [10.0, 20.0]}],
    }


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 4, "runs does not exist"),
        (("a", "--metric", "sucess"), 2, "none of these runs has evaluated 'sucess'.\nhint: Did you mean success?"),
        (("a", "--csv", "x.txt"), 2, "tables are .csv files.\nhint: Write --csv x.txt.csv."),
        (("a", "--out", "x.txt"), 2, "neither a page nor a picture.\nhint: Write --out x.txt.html."),
        (("a", "--out", "no/x.html", "--metric", "success"), 1, "no/x.html cannot be written"),
        (("",), 2, "a path is empty"),
        (("a", "--out", "loop/x.html", "--metric", "success"), 1, "loop/x.html cannot be written"),
        (("torn",), 4, "run.json names no assembly"),
    ],
)
def test_errors(words, code, message, make_run, report) -> None:
    make_run("a", {1000: 1.0}, metric="success")
    (make_run("torn", {}) / "run.json").write_text("{}")
    Path("loop").symlink_to("loop")
    found, out, err = report(*words)
    assert (found, out) == (code, "")
    assert message in err


def test_torch_is_not_needed(make_run) -> None:
    run = make_run("a", {1000: 1.0})
    program = (
        f"import sys; from coral_cli.app import main; main(['report', {str(run)!r}]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)

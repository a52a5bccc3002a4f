"""``coral report``, as it is called."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from coral_cli import builtin
from coral_cli.app import main
from coral_cli.assembly.resolve import resolve
from coral_cli.registry.discovery import discover
from coral_cli.runs.directory import RunDirectory
from coral_cli.study.plan import Plan, Planned, write_plan

P_CORAL = {"image-loss": "cpc", "proprio-loss": "recon", "objective": "predictive"}


@pytest.fixture
def report(capsys, tmp_path, monkeypatch):
    """``report("x", "--at", "1k")``: exit code, output, errors, with the directory of all runs as the working one."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["report", *words])
        return code, *capsys.readouterr()

    return run


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


def test_pooled(make_run, report) -> None:
    for seed in (0, 1):
        make_run(f"a{seed}", {1000: 10.0 * seed}, seed=seed)
        make_run(f"b{seed}", {1000: 50.0}, seed=seed, distraction=["disks"])
    code, out, err = report(".", "--pool")
    assert (code, err) == (0, "")
    assert [line.split()[:3] for line in out.splitlines() if "task" in line] == [["all", "2", "tasks"]]
    pooled = out.splitlines()[out.splitlines().index(next(line for line in out.splitlines() if "tasks" in line)) + 1 :]
    assert pooled[0].split()[1:6] == ["4", "1,000", "30.0", "25.0", "to"], "the middle of 0, 10, 50, 50"
    assert pooled[-1].split()[1:6] == ["1,000", "27.5", "25.0", "to", "30.0"], "the mean of both"


def test_a_pool_leaves_out_tasks_without_a_known_scale(make_run, report) -> None:
    for env in ("cartpole-swingup", "walker-walk", "box-push", "own"):
        make_run(f"{env}", {1000: 10.0}, {"image-loss": "cv", "env": env})
    _, out, err = report(".", "--pool")
    assert err == "warning: box-push has no known scale of return, and 1 more have none either: not pooled.\n"
    assert [line.split()[:3] for line in out.splitlines() if "tasks" in line] == [["all", "2", "tasks"]]
    _, out, err = report("box-push", "own", "--pool")
    assert err == "" and [line.split()[:3] for line in out.splitlines() if "tasks" in line] == [["all", "2", "tasks"]]


def test_one_task_alone_is_no_pool(make_run, report) -> None:
    for env in ("cartpole-swingup", "own"):
        make_run(env, {1000: 10.0}, {"image-loss": "cv", "env": env})
    for paths in (["cartpole-swingup"], ["."]):
        code, out, _ = report(*paths, "--pool")
        assert code == 0 and "all 1" not in out and "cartpole-swingup" in out


def test_a_success_rate_has_the_same_scale_everywhere(make_run, report) -> None:
    for env in ("box-push", "own"):
        make_run(env, {1000: 0.25}, {"env": env}, metric="success")
    _, out, err = report(".", "--pool", "--metric", "success", "--json")
    assert err == "" and [task["task"] for task in json.loads(out)] == ["box-push", "own", "all 2 tasks"]
    gaps = [task["agents"][0]["statistics"]["optimality_gap"][0]["value"] for task in json.loads(out)]
    assert gaps == [0.75, 0.75, 0.75]


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


def test_a_file_of_it(make_run, report, tmp_path) -> None:
    for seed, value in enumerate([200.0, 600.0]):
        make_run(f"v{seed}", {1000: value}, seed=seed)
    make_run("own", {1000: 5.0}, {"env": "own"})
    assert report(".", "--csv", "x.csv")[0] == 0
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert [(row["task"], row["runs"], row["steps"], row["metric"]) for row in rows] == [
        ("own", "1", "1000", "return"),
        ("cartpole-swingup", "2", "1000", "return"),
    ]
    assert [float(rows[1][name]) for name in ("iqm", "mean", "optimality_gap", "mean_low", "seconds")] == [
        400, 400, pytest.approx(0.6), 200, 10
    ]  # fmt: skip
    assert (rows[0]["mean"], rows[0]["mean_low"], rows[0]["optimality_gap"]) == ("5.0", "", "")


def test_what_was_written_is_said(make_run, report, tmp_path) -> None:
    make_run("a", {1000: 1.0})
    table = report("a")[1]
    assert report("a", "--csv", "x.csv")[1] == f"{table}\nstatistics in x.csv\n"
    written = report("a", "--csv", "x.csv", "--out", "x.html")[1]
    assert written == f"{table}\ncurves in x.html\nstatistics in x.csv\n"
    assert json.loads(report("a", "--csv", "x.csv", "--json")[1]), "a document and nothing else"


def test_a_file_of_curves(make_run, report, tmp_path) -> None:
    """Of two runs, one of which is twice as quick: after 20 s they are at steps 2000 and 1000."""
    make_run("a", {1000: 1.0, 2000: 3.0}, seed=0, updates={1000: {"loss/image": 4.0, "policy/entropy": 1.0}})
    make_run("b", {1000: 7.0, 2000: 9.0}, seed=1, pace=50)
    code, out, err = report(".", "--out", "x.csv")
    assert (code, err) == (0, "") and out.endswith("\ncurves in x.csv\n")
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert {(row["task"], row["agent"]) for row in rows} == {("cartpole-swingup", "v-coral")}
    points = {(row["curve"], row["over"], float(row["at"])): row for row in rows}
    assert set(points) == {
        *(("return", "steps", 1000), ("return", "steps", 2000), ("return", "time", 20)),
        *((name, *place) for name in ("loss/image", "policy/entropy") for place in (("steps", 1000), ("time", 10))),
    }
    numbers = ("runs", "iqm", "iqm_low", "iqm_high")
    assert [float(points["return", "steps", 2000][name]) for name in numbers] == [2, 6, 3, 9]
    assert [float(points["return", "time", 20][name]) for name in numbers] == [2, 5, 3, 7]
    assert [points["loss/image", "time", 10][name] for name in numbers] == ["1", "4.0", "", ""]


def test_a_picture_of_other_curves(make_run, report) -> None:
    pytest.importorskip("matplotlib")
    make_run("a", {1000: 1.0}, updates={1000: {"loss/image": 4.0}})
    assert report("a", "--out", "x.png", "--draw", "return,loss/image", "--over", "time")[0] == 0
    code, _, err = report("a", "--out", "x.png", "--draw", "loss/imag")
    assert code == 2 and err == ("error: these runs have no curve 'loss/imag'.\nhint: Did you mean loss/image?\n")
    assert report("a", "--draw", "success")[0] == report("a", "--draw", "success", "--out", "x.html")[0] == 2


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


def test_what_is_left_out_is_said(make_run, report) -> None:
    make_run("runs/a", {1000: 1.0})
    make_run("runs/again", {1000: 2.0})
    make_run("runs/begun", {})
    (make_run("runs/torn", {1: 0.0}) / "run.json").write_text("{}")
    code, out, err = report("runs")
    assert code == 0 and "v-coral" in out
    assert err.splitlines() == [
        "warning: runs/begun has no evaluation of return: left out.",
        "warning: runs/torn/run.json names no assembly: left out.",
        "warning: 2 runs of v-coral have seed 0: each counts.",
    ]


def test_there_is_one_line_for_all_that_is_left_out(make_run, report) -> None:
    for seed in range(3):
        make_run(f"runs/a{seed}", {1000: 1.0}, seed=seed)
        make_run(f"runs/again{seed}", {1000: 2.0}, seed=seed)
        make_run(f"runs/begun{seed}", {})
        (make_run(f"runs/torn{seed}", {1: 0.0}) / "run.json").write_text("{}")
    code, _, err = report("runs")
    assert code == 0 and err.splitlines() == [
        "warning: runs/begun0 has no evaluation of return, and 2 more have none either: left out.",
        "warning: runs/torn0/run.json names no assembly, and 2 more cannot be read either: left out.",
        "warning: 2 runs of v-coral have seed 0, and 2 more seeds have several runs, too: each counts.",
    ]


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


@pytest.mark.parametrize(("name", "start"), [("x.html", "<!doctype html>"), ("x.SVG", "<?xml")])
def test_a_page_and_a_picture(name, start, make_run, report, tmp_path, monkeypatch) -> None:
    if name == "x.html":
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)  # the page does without
    else:
        pytest.importorskip("matplotlib")
    make_run("a", {1000: 1.0})
    code, out, _ = report("a", "--out", name)
    assert code == 0 and out.endswith(f"\n\ncurves in {name}\n")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_a_page_of_runs_that_were_not_evaluated_yet(make_run, report, tmp_path) -> None:
    make_run("runs/a", {}, updates={500: {"loss/image": 2.0}})
    pretrained = make_run("runs/b", {})
    metadata = json.loads((pretrained / "run.json").read_text())
    (pretrained / "run.json").write_text(json.dumps(metadata | {"data": "there", "updates": 5, "checkpoint_every": 5}))
    code, out, err = report("--out", "x.html")
    assert (code, err) == (0, "warning: runs/b has no evaluation of return: left out.\n")
    assert out.splitlines()[0].split() == [
        "cartpole-swingup",
        "runs",
        "steps",
        "return",
        "95",
        "%",
        "interval",
        "training",
        "time",
    ]
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "loss/image" in page and "No run has been evaluated yet." in page and err.partition(": ")[2].strip() in page
    assert report()[0] == report("--out", "x.svg")[0] == report("runs/b", "--out", "x.html")[0] == 2


@pytest.mark.parametrize("task", [{"env": 5}, {"env": None}, {"distraction": 7}, {"distraction": [1]}])
def test_a_run_of_no_task_is_left_out(task, make_run, report) -> None:
    make_run("a", {1000: 1.0})
    torn = make_run("torn", {1000: 1.0})
    metadata = json.loads((torn / "run.json").read_text())
    if "env" in task:
        metadata["assembly"]["choices"]["env"]["component"] = task["env"]
    else:
        metadata["assembly"]["settings"] |= task
    (torn / "run.json").write_text(json.dumps(metadata))
    code, _, err = report(".", "--out", "x.html")
    assert code == 0 and err.startswith("warning: torn/run.json is damaged, or no run's: ")
    assert err.endswith(": left out.\n")


def test_torch_is_not_needed(make_run) -> None:
    run = make_run("a", {1000: 1.0})
    program = (
        f"import sys; from coral_cli.app import main; main(['report', {str(run)!r}]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_what_others_begin_with_has_no_row_unless_it_is_named(make_run, report, tmp_path) -> None:
    make_run("moved/from-task", {1000: 5.0}, {"image-loss": "cpc"})
    make_run("moved/task-slow", {1000: 7.0})
    write_plan(tmp_path / "moved", Plan((Planned("from-task", ()), Planned("task-slow", (), after="from-task"))))
    code, out, err = report("moved", "--json")
    assert code == 0 and err == "warning: moved/from-task is what other runs of its study begin with: left out.\n"
    assert "7.0" in out and "5.0" not in out
    code, out, err = report("moved", "moved/from-task", "--json")
    assert (code, err) == (0, "") and "7.0" in out and "5.0" in out

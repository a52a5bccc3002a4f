"""What runs keep of evaluations and probes after training, pooled, and as tables; every number worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coral_cli.commands.report_later import documents, later
from coral_cli.report.conditions import robustness
from coral_cli.report.grouping import Task, pooled, tasks
from coral_cli.report.probes import probes
from coral_cli.report.reading import read
from coral_cli.runs.directory import RunDirectory
from coral_cli.runs.tables import Evaluated, Probed, Readout, evaluations, keep, probed, run_of, step_of


def evaluated(condition: str, *returns: float, stands_for: str = "other", successes=(), seed=0, **others) -> Evaluated:
    return Evaluated(condition, others.pop("flags", ""), stands_for, 1000, seed, "egl", returns, successes, **others)


def task_of(*paths: Path) -> Task:
    [task] = tasks([read(path, "return") for path in paths], {"seed"})
    return task


@pytest.fixture
def two_seeds(make_run) -> tuple[Path, Path]:
    return make_run("a0", {1000: 1.0}, seed=0), make_run("a1", {1000: 1.0}, seed=1)


def kept(path: Path, *found: Evaluated | Probed) -> None:
    for one in found:
        keep(RunDirectory(path), one)


def test_what_is_kept_comes_back(two_seeds) -> None:
    run = RunDirectory(two_seeds[0])
    under = evaluated("disks disks.count=4", 1.0, 2.5, successes=(0.0, 1.0), flags="--distraction disks")
    probe = Probed(None, 3, 2, (Readout("pole", "state", 0.5, None),), (), ((0, 0.25), (5, None)))
    kept(run.path, evaluated("own", 7.0), under, probe)
    assert evaluations(run, []) == [under, evaluated("own", 7.0)] and probed(run) == probe
    kept(run.path, evaluated("own", 8.0, 9.0))
    assert evaluations(run, [])[1].returns == (8.0, 9.0), "the newest counts"
    assert not [path for path in run.tables.iterdir() if path.suffix != ".json"]


def test_conditions_of_one_name_are_two_files(two_seeds) -> None:
    kept(two_seeds[0], evaluated("many", 1.0, flags="--x 1"), evaluated("many", 2.0, flags="--x 2"))
    found = robustness(task_of(*two_seeds), [])
    assert found and sorted(found.conditions) == ["many (--x 1)", "many (--x 2)"]


def test_conditions_of_one_name_in_several_runs_are_not_pooled(two_seeds) -> None:
    kept(two_seeds[0], evaluated("many", 1.0, flags="--x 1"))
    kept(two_seeds[1], evaluated("many", 3.0, flags="--x 2"))
    found = robustness(task_of(*two_seeds), [])
    assert found and {name: known.value for (_, name), known in found.returns.items()} == {
        "many (--x 1)": 1.0,
        "many (--x 2)": 3.0,
    }


def test_a_checkpoint_knows_its_run_and_its_steps(two_seeds, tmp_path) -> None:
    run = RunDirectory(two_seeds[0])
    (run.checkpoints / "step-000001000.pt").write_bytes(b"1")
    (run.checkpoints / "step-000002000.pt").write_bytes(b"2")
    run.latest.hardlink_to(run.checkpoints / "step-000002000.pt")
    (tmp_path / "alone.pt").write_bytes(b"3")
    assert step_of(run.latest) == 2000 and step_of(run.checkpoints / "step-000001000.pt") == 1000
    assert step_of(tmp_path / "alone.pt") is run_of(tmp_path / "alone.pt") is None
    assert run_of(run.latest) == run


def test_several_runs_are_pooled_and_one_tells_of_its_episodes(two_seeds, make_run) -> None:
    """Of two runs, means are 10 and 30: 20, between these. The other agent's one run has 2 and 4 in its episodes."""
    other = make_run("b", {1000: 1.0}, batch_size=5)
    kept(two_seeds[0], evaluated("own", 5.0, 15.0, stands_for="own"), evaluated("disks", 4.0, 8.0))
    kept(two_seeds[1], evaluated("own", 30.0, 30.0, stands_for="own"), evaluated("disks", 9.0, 15.0))
    kept(other, evaluated("disks", 2.0, 4.0, successes=(1.0, 0.0)))
    found = robustness(task_of(*two_seeds, other), [])
    assert found is not None
    assert (found.conditions, found.reference, found.runs) == (["own", "disks"], "own", {0: 2, 1: 1})
    first = found.returns[0, "own"]
    assert (first.value, first.low, first.high) == (20, 10, 30)
    single = found.returns[1, "disks"]
    assert (single.value, single.low, single.high) == (3, 2, 4)
    difference, share = found.changes[0, "disks"]
    assert (difference.value, difference.low, difference.high) == ((-4 - 18) / 2, -18, -4)
    assert share == pytest.approx((6 + 12) / (10 + 30))
    assert set(found.changes) == {(0, "disks")} and set(found.successes) == {(1, "disks")}
    assert found.successes[1, "disks"].value == 0.5


def test_changes_are_of_the_same_episodes_alone(two_seeds) -> None:
    kept(two_seeds[0], evaluated("clean", 5.0, stands_for="clean"), evaluated("disks", 4.0, seed=1))
    found = robustness(task_of(*two_seeds), [])
    assert found and found.reference == "clean" and not found.changes


def test_probes_are_pooled_by_quantity(two_seeds) -> None:
    for path, share in zip(two_seeds, (0.5, 0.9), strict=True):
        latent = (Readout("pole", "state", share, None), Readout("mean colour", "distraction", 0.25, share))
        kept(path, Probed(1000, 0, 5, latent, (Readout("pole", "state", 1.0, 1.0),), ((0, share), (5, 0.1))))
    found = probes(task_of(*two_seeds), [])
    assert found and found.runs == {0: 2}
    linear = found.latent[0, "linear"]
    assert (linear["pole"].value, linear["pole"].low, linear["pole"].high) == (pytest.approx(0.7), 0.5, 0.9)
    assert linear["distraction: mean colour"].value == 0.25 and list(found.latent[0, "two layers"]) == [
        "distraction: mean colour"
    ]
    assert found.latent[0, "embeddings, linear"]["pole"].value == 1
    assert found.pictures[0][0].value == pytest.approx(0.7) and found.pictures[0][5].value == 0.1


def test_tables_of_a_page(two_seeds) -> None:
    task = task_of(*two_seeds)
    assert later(task, []) == [], "nobody has looked"
    kept(two_seeds[0], evaluated("own", 5.0, 15.0, stands_for="own"), evaluated("disks", 3.0, 5.0))
    kept(two_seeds[0], Probed(1000, 0, 5, (Readout("pole", "state", 0.5, -0.001),), (), ((0, 0.35), (1, 0.25))))
    (first, conditions), (second, readers) = later(task, [])
    assert (first, second) == ("Under other conditions", "In the latent")
    assert [(table.columns, table.rows) for table in conditions] == [
        (["return", "runs", "own", "disks"], [["agent", "1", "10.0 [5.00, 15.0]", "4.00 [3.00, 5.00]"]]),
        (["change from own", "runs", "disks"], [["agent", "1", "-6.00 [-10.0, -2.00] 40 %"]]),
    ]
    assert conditions[0].caption == (
        "Return under other conditions: 2 episodes, the same for all, after 1,000 steps; "
        "95 % interval over runs, of a single one over its episodes"
    )
    assert [(table.columns, table.rows) for table in readers] == [
        (["in the latent", "agent (1 run), linear", "agent (1 run), two layers"], [["pole", "0.50", "0.00"]]),
        (["the picture", "agent (1 run)"], [["as it is seen", "0.35"], ["foreseen 1 step before", "0.25"]]),
    ]


def test_tasks_that_are_pooled_have_none(make_run) -> None:
    paths = [make_run(env, {1000: 1.0}, {"env": env}) for env in ("x", "y")]
    kept(paths[0], evaluated("own", 1.0))
    assert later(pooled(tasks([read(path, "return") for path in paths], {"seed"})), []) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"returns": []}, "0 returns"),
        ({"successes": [1.0, 0.0]}, "2 successes"),
        ({"returns": ["many"]}, "not a number"),
        ({"returns": [1e300]}, "beyond all measure"),
        ({"seed": -1}, "a whole number"),
        ({"condition": None}, "not text"),
    ],
)
def test_damaged_files_are_told_and_left_out(change, said: str, two_seeds) -> None:
    kept(two_seeds[0], evaluated("own", 1.0))
    [path] = RunDirectory(two_seeds[0]).tables.iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    damaged: list[str] = []
    assert robustness(task_of(*two_seeds), damaged) is None
    assert len(damaged) == 1 and damaged[0].startswith(f"{path} is damaged (") and said in damaged[0]


@pytest.mark.parametrize("change", [{"latent": [{"name": "pole"}]}, {"pictures": [[1]]}, {"unseen": 0}, {"latent": 5}])
def test_damaged_probes_too(change, two_seeds) -> None:
    kept(two_seeds[0], Probed(1, 0, 5, (), (), ()))
    path = RunDirectory(two_seeds[0]).tables / "probe.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    damaged: list[str] = []
    assert probes(task_of(*two_seeds), damaged) is None and "is damaged" in damaged[0]


def test_links_are_not_followed(two_seeds, tmp_path) -> None:
    kept(two_seeds[0], evaluated("own", 1.0))
    (two_seeds[1] / "tables").symlink_to(two_seeds[0] / "tables")
    run = RunDirectory(two_seeds[1])
    assert evaluations(run, []) == [] and probed(run) is None
    from coral_cli.registry.errors import CoralError

    with pytest.raises(CoralError, match="is a link"):
        keep(run, evaluated("own", 2.0))


def test_the_report_says_what_is_damaged(two_seeds, capsys, tmp_path, monkeypatch) -> None:
    from coral_cli.app import main

    monkeypatch.chdir(tmp_path)
    kept(two_seeds[0], evaluated("own", 4.0, 8.0), Probed(1, 0, 5, (), (), ()))
    (two_seeds[0] / "tables" / "probe.json").write_text("{}")
    assert main(["report", "a0", "a1", "--out", "x.html"]) == 0
    said = "a0/tables/probe.json is damaged ('latent' is missing): left out."
    assert f"warning: {said}" in capsys.readouterr().err
    page = (tmp_path / "x.html").read_text()
    assert "6.00 [4.00, 8.00]" in page and said.replace("'", "&#39;") in page


def test_one_damaged_file_leaves_the_runs_other_conditions(two_seeds) -> None:
    kept(two_seeds[0], evaluated("own", 4.0, 8.0), evaluated("dark", 1.0, 3.0))
    [path] = RunDirectory(two_seeds[0]).tables.glob("under-dark*")
    path.write_text("{")
    damaged: list[str] = []
    found = robustness(task_of(*two_seeds), damaged)
    assert found and {place: known.value for place, known in found.returns.items()} == {(0, "own"): 6.0}
    assert len(damaged) == 1 and str(path) in damaged[0]


def test_the_document_says_what_the_page_says(two_seeds) -> None:
    task = task_of(*two_seeds)
    assert documents(task, []) == {"conditions": None, "probes": None}, "nobody has looked"
    own = evaluated("own", 5.0, 15.0, stands_for="own", successes=(0.0, 1.0))
    kept(two_seeds[0], own, evaluated("disks", 3.0, 5.0))
    kept(two_seeds[0], Probed(1000, 0, 5, (Readout("pole", "state", 0.5, None),), (), ((0, 0.35),)))
    found = json.loads(json.dumps(documents(task, [])))
    name = task.agents[0].name
    conditions, seen = found["conditions"], found["probes"]
    assert [conditions[key] for key in ("reference", "episodes", "seeds", "steps")] == ["own", [2], [0], [1000]]
    first, second = conditions["cells"]
    assert (first["agent"], first["condition"], first["runs"], first["return"]["value"]) == (name, "own", 1, 10.0)
    assert (first["success"]["value"], first["change"], first["kept"]) == (0.5, None, None)
    assert (second["condition"], second["return"]["value"], second["success"]) == ("disks", 4.0, None)
    assert (second["change"]["value"], second["kept"]) == (-6.0, pytest.approx(0.4))
    known = {"value": 0.5, "low": None, "high": None}
    assert seen["latent"] == [{"agent": name, "runs": 1, "reader": "linear", "quantity": "pole", **known}]
    assert seen["pictures"] == [{"agent": name, "runs": 1, "steps_before": 0, **known, "value": 0.35}]
    assert (seen["unseen"], seen["steps"]) == ([5], [1000])


def test_json_warns_once_of_what_is_damaged(two_seeds, capsys, tmp_path, monkeypatch) -> None:
    from coral_cli.app import main

    monkeypatch.chdir(tmp_path)
    kept(two_seeds[0], evaluated("own", 4.0, 8.0), Probed(1, 0, 5, (), (), ()))
    (two_seeds[0] / "tables" / "probe.json").write_text("{}")
    for more in ([], ["--out", "x.html"]):
        assert main(["report", "a0", "a1", "--json", *more]) == 0
        out, err = capsys.readouterr()
        [task] = json.loads(out)
        assert task["probes"] is None and task["conditions"]["cells"][0]["return"]["value"] == 6.0
        assert err.count("is damaged") == 1

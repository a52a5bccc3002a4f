"""What ``coral report --pool`` says of several tasks at once."""

from __future__ import annotations

import json


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

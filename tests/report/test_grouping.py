from __future__ import annotations

from dataclasses import replace

import pytest

from coral_cli.registry.errors import UsageError
from coral_cli.report.grouping import differences, names, pooled, tasks, word
from coral_cli.report.reading import Run, read

APART = {"seed", "steps", "observer"}
V_CORAL = {"image-loss": "cv", "proprio-loss": "recon", "objective": "variational"}
P_CORAL = {"image-loss": "cpc", "proprio-loss": "recon", "objective": "predictive"}


def grouped(*paths):
    found = tasks([read(path, "return") for path in paths], APART)
    return {task.name: {agent.name: [run.path.name for run in agent.runs] for agent in task.agents} for task in found}


def test_seeds_and_budgets_make_no_other_agent(make_run) -> None:
    runs = [
        make_run("a0", {1: 0.0}, seed=0),
        make_run("b0", {1: 0.0}, components=P_CORAL, seed=0),
        make_run("a1", {1: 0.0}, seed=1, steps=5),
        make_run(
            "a2", {1: 0.0}, components={"observer.tensorboard": "tensorboard", **V_CORAL}, observer=["tensorboard"]
        ),
    ]
    assert grouped(*runs) == {"cartpole-swingup": {"image-loss cv": ["a0", "a1", "a2"], "image-loss cpc": ["b0"]}}


def test_tasks_are_environments_with_distractions(make_run) -> None:
    runs = [
        make_run("a", {1: 0.0}),
        make_run("b", {1: 0.0}, distraction=["disks", "noise"]),
        make_run("c", {1: 0.0}, components={"env": "box-push"}),
    ]
    assert list(grouped(*runs)) == ["cartpole-swingup", "cartpole-swingup, disks, noise", "box-push"]


def test_agents_with_long_names_are_called_as_their_runs_are(make_run) -> None:
    def runs(value: str, *prefixes: str) -> list[object]:
        return [
            make_run(f"{prefix}-seed{seed}", {1: 0.0}, options={"env.size": number, "env.film": value}, seed=seed)
            for number, prefix in enumerate(prefixes)
            for seed in (0, 1)
        ]

    first, other = runs("a", "p"), runs("b" * 50, "q", "r")
    assert list(grouped(*first, *other)["cartpole-swingup"]) == ["p", "q", "r"]
    assert list(grouped(*first, *runs("c", "s"))["cartpole-swingup"]) == ["env.film a", "env.film c"]
    assert "q" not in grouped(*other, *runs("d", "there/q"))["cartpole-swingup"], "two are called so"


def test_agents_are_pooled_over_tasks_by_name(make_run) -> None:
    paths = [
        make_run(f"{env}-{value}", {1: 0.0}, components={"env": env}, options={"env.a": value})
        for env, value in [("x", 1), ("x", 2), ("y", 2), ("y", 3), ("y", 1)]
    ]
    runs = [read(path, "return") for path in paths]
    pool = pooled(tasks(runs, APART))
    assert pool.name == "all 2 tasks"
    assert {agent.name: [run.path.name for run in agent.runs] for agent in pool.agents} == {
        "env.a 1": ["x-1", "y-1"],
        "env.a 2": ["x-2", "y-2"],
    }
    with pytest.raises(UsageError, match="no agent has runs on all"):
        pooled(tasks([*runs[:2], runs[3]], APART))


def test_a_size_names_agents_where_all_have_one(make_run) -> None:
    def run(name: str, size: int, named: str | None, batch: int = 8) -> Run:
        path = make_run(
            name, {1: 0.0}, components={**V_CORAL, "rssm": "g"}, options={"rssm.gru": size}, batch_size=batch
        )
        run = read(path, "return")
        flags = {flag: value for flag, value in run.flags.items() if flag not in ("rssm.gru", "batch-size")}
        return replace(run, sized=None if named is None else {"size": named, **flags})

    tiny, small, own = run("t", 64, "tiny"), run("s", 128, "small", 16), run("o", 64, None, 16)
    (task,) = tasks([tiny, small], APART)
    assert [agent.name for agent in task.agents] == ["size tiny", "size small"]
    assert task.agents[0].differs == {"batch-size": 8, "rssm.gru": 64}, "in full"
    (task,) = tasks([tiny, small, own], APART)
    assert [agent.name for agent in task.agents] == [
        "batch-size 8, rssm.gru 64",
        "batch-size 16, rssm.gru 128",
        "batch-size 16, rssm.gru 64",
    ]


@pytest.mark.parametrize(
    ("flags", "differing"),
    [
        ([{"a": 1}, {"a": 1}], []),
        ([{"a": 1, "method": "x"}, {"a": 2, "method": "y"}], ["method", "a"]),
        # an option of one component alone says nothing
        ([{"loss": "cv"}, {"loss": "recon", "loss.variance": 1}], ["loss"]),
        # but one in which two with that component differ does
        ([{"loss": "cv"}, {"loss": "r", "loss.w": 1}, {"loss": "r", "loss.w": 2}], ["loss", "loss.w"]),
    ],
)
def test_differences(flags, differing) -> None:
    assert differences(flags) == differing


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([{"a": 1}], ["agent"]),
        ([{"a": 1, "method": "v-coral"}], ["v-coral"]),
        ([{"a": 1, "b": 2}, {"a": 2, "b": 3}], ["a 1", "a 2"]),
        ([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}], ["a 1, b 1", "a 1, b 2", "a 2, b 2"]),
        ([{"method": "v-coral", "b": 1}, {"loss": "own", "b": 1}], ["v-coral", "loss own"]),
        ([{"a": 1, "size": "tiny"}, {"a": 2, "size": "small"}], ["size tiny", "size small"]),
        (
            [{"method": m, "size": s} for m, s in [("v", "tiny"), ("v", "small"), ("p", "tiny")]],
            ["v, size tiny", "v, size small", "p, size tiny"],
        ),
    ],
)
def test_names_are_as_short_as_they_can_be(flags, expected) -> None:
    assert names(flags) == expected


@pytest.mark.parametrize(
    ("flag", "value", "expected"),
    [
        ("method", "v-coral", "v-coral"),
        ("image-loss", "cpc", "image-loss cpc"),
        ("policy.critic-norm", True, "policy.critic-norm"),
        ("policy.critic-norm", False, "policy.no-critic-norm"),
        ("sensors", ["image", "proprio"], "sensors image,proprio"),
        ("init-from", None, "init-from none"),
    ],
)
def test_words_are_as_on_the_command_line(flag, value, expected) -> None:
    assert word(flag, value) == expected

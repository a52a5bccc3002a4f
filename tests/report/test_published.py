from __future__ import annotations

import pytest

from coral_cli.assembly.shorthands import METHODS
from coral_cli.report.grouping import Agent
from coral_cli.report.published import near, published, table
from coral_cli.report.reading import Run


def agent(method: str, *tasks: tuple[str, ...], policy: str = "sac") -> Agent:
    def run(env: str, *distractions: str) -> Run:
        flags = {"env": env, "distraction": list(distractions), "method": method, "policy": policy}
        return Run(None, {}, flags, frozenset(), (1,), (0.0,), (0.0,))

    return Agent("", {}, tuple(run(*task) for task in tasks))


@pytest.mark.parametrize(
    ("method", "task", "policy", "steps", "value"),
    [  # as the figures have them
        ("v-coral", ("cartpole-swingup",), "sac", 100_000, 734),
        ("v-coral", ("cartpole-swingup",), "imagination", 100_000, 440),
        ("recon-same", ("ball-in-cup-catch", "video"), "sac", 100_000, 76),
        ("recon-same", ("ball-in-cup-catch", "procedural"), "sac", 100_000, 76),
        ("p-coral", ("ball-in-cup-catch", "disks"), "sac", 500_000, 504),
        ("cpc-concat", ("ant-empty",), "sac", 50_000, 439),
    ],
)
def test_returns(method, task, policy, steps, value) -> None:
    found = published(agent(method, task, policy=policy), "return")
    assert round(found[steps]) == value
    assert list(found) == [50_000, 100_000, 250_000, 500_000, 750_000, 1_000_000]


@pytest.mark.parametrize(
    "tasks", [[("box-push",)], [("cartpole-swingup", "noise")], [("cartpole-swingup",), ("cartpole-swingup", "video")]]
)
def test_what_the_paper_has_not(tasks) -> None:
    assert not published(agent("v-coral", *tasks), "return")


def test_it_has_returns_alone_and_its_own_methods() -> None:
    assert not published(agent("v-coral", ("cartpole-swingup",)), "length")
    assert not published(agent("u-coral", ("cartpole-swingup",)), "return")
    assert {method for *_, method in table()} == METHODS.keys() - {"u-coral"}
    assert all(0 <= value <= 1000 for values in table().values() for value in values.values())


@pytest.mark.parametrize(("step", "value"), [(98_000, 5), (102_000, 5), (97_900, None), (102_100, None), (200_000, 7)])
def test_near_steps(step, value) -> None:
    assert near({100_000: 5, 200_000: 7}, step) == value

"""What runs stand for is found out before any begins: as `coral train` has it, or a sentence names the combination."""

from __future__ import annotations

import json

import pytest

from coral_cli.app import main
from coral_cli.assembly.words import split, values
from coral_cli.plugin import AbsentError, Environment
from coral_cli.registry.catalog import Catalog, Entry
from coral_cli.registry.errors import CoralError, PluginError, UsageError
from coral_cli.study.checking import (
    checked,
    codes,
    planned,
    require_allowed,
    require_different,
    require_grown,
)
from coral_cli.study.grid import axes
from coral_cli.study.plan import Plan, Planned


def runs(catalog: Catalog, line: str, fixed: str = ""):
    return planned(axes(split(line.split())), split(fixed.split()), catalog, ["jobs", "seeds"])


@pytest.mark.parametrize(
    "line",
    [
        "--method v-coral --size small --steps 10k",
        "--image-loss byol --image-loss.no-symmetric --image-loss.temperature 0.3",
        "--image-loss byol --image-loss.symmetric --image-loss.decay none",
        "--distraction procedural --distraction disks --distraction.disks.count 4",
        "--distraction=",
        "--env maze --sensors lidar_scan --lidar-scan-loss recon",
        "--env.obstacles 3,4 --image-size 48,96 --freeze encoders,rssm",
        "--steps 10 --steps 20",
        "--env.random-start --env.no-random-start",
        "--policy imagination --policy.gamma=0.9",
    ],
)
def test_words_mean_what_they_mean_to_train(line, toy_catalog, monkeypatch, capsys) -> None:
    asked = []
    monkeypatch.setattr("coral_cli.commands.train.run_session", lambda request: asked.append(request) or 0)
    code = main(["train", *line.split()], toy_catalog)
    if code:  # an option that the policy does not have, say: then for the same reason
        error = capsys.readouterr().err.splitlines()[-2].removeprefix("error: ")
        with pytest.raises(CoralError) as raised:
            checked([Planned("a", (*line.split(), "--seed", "0"))], toy_catalog)
        assert raised.value.message == error
    else:
        (run,) = checked([Planned("a", (*line.split(), "--seed", "0"))], toy_catalog)
        assert run.assembly == asked[0].assembly


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--steps"], "--steps has no value."),
        (["--steps", "many"], "--steps is 'many', which is no whole number."),
        (["--env.random-start", "yes"], "--env.random-start takes no value, and 'yes' follows it."),
        (["--env.no-random-start", "yes"], "--env.no-random-start takes no value, and 'yes' follows it."),
        (["--job", "2"], "there is no option --job."),
    ],
)
def test_words_that_mean_nothing_are_told(words, message, toy_catalog) -> None:
    with pytest.raises(UsageError) as error:
        values(split(words), toy_catalog, ["jobs"])
    assert error.value.message == message
    if "job" in message:
        assert error.value.hint == "Did you mean --jobs?"


def test_seeds_are_set_and_make_no_other_agent(toy_catalog) -> None:
    found = runs(toy_catalog, "--method v-coral --method p-coral --seed 3 --seed 8", "--size tiny")
    assert [(run.name, run.assembly.settings.seed) for run in found] == [
        ("v-coral-seed3", 3),
        ("p-coral-seed3", 3),
        ("v-coral-seed8", 8),
        ("p-coral-seed8", 8),
    ]
    assert found[0].agent == found[2].agent != found[1].agent == found[3].agent


def test_an_error_names_the_combination(toy_catalog) -> None:
    with pytest.raises(UsageError) as error:
        runs(
            toy_catalog,
            "--image-loss cv --image-loss byol --image-loss.temperature 0.1 --image-loss.temperature 1 --seed 0",
        )
    assert error.value.message == "image-loss cv: loss 'cv' has no option 'temperature' (--image-loss.temperature)."
    assert error.value.hint == "It belongs to byol: add --image-loss byol."


def test_combinations_without_a_value_of_their_own_are_listed(toy_catalog) -> None:
    with pytest.raises(UsageError) as error:
        runs(
            toy_catalog,
            "--method v-coral --method cv-same --method u-coral --method recon-same --seed 0",
            "--image-loss.temperature 1",
        )
    assert error.value.message == (
        "method v-coral; method cv-same: loss 'cv' has no option 'temperature' (--image-loss.temperature) "
        "(2 more combinations cannot be, either)."
    )


def test_a_flag_that_fits_some_values_alone_is_sent_into_their_quotes(toy_catalog) -> None:
    line = "--method proprio-sac --method cv-image --seed 0"
    with pytest.raises(UsageError) as error:
        runs(toy_catalog, line, "--image-encoder.depth 8")
    assert error.value.message.startswith("method proprio-sac: sensor 'image' has no encoder here")
    hint = "A flag in a value's quotes holds for that value alone: --method 'cv-image --image-encoder.depth 8'."
    assert error.value.hint == hint
    spanned = axes([("method", "proprio-sac"), ("method", "cv-image --image-encoder.depth 8"), ("seed", "0")])
    first, second = planned(spanned, [], toy_catalog, [])
    assert (first.name, second.name) == ("proprio-sac-seed0", "cv-image-seed0")
    assert second.planned.flags == ("--method", "cv-image", "--image-encoder.depth", "8", "--seed", "0")
    assert second.assembly.choices["image-encoder"].options["depth"] == 8
    assert "image-encoder" not in first.assembly.choices


def test_what_no_combination_has_is_told_as_it_is(toy_catalog) -> None:
    with pytest.raises(UsageError) as error:
        runs(toy_catalog, "--method v-coral --method p-coral --seed 0", "--stebs 3")
    assert error.value.message == "there is no option --stebs."
    with pytest.raises(UsageError) as error:
        runs(toy_catalog, "--method v-coral --method q-coral --seed 0", "--stebs 3")
    assert error.value.message == "there is no option --stebs."
    with pytest.raises(UsageError, match=r"^method a-coral: --method cannot be 'a-coral'"):
        runs(toy_catalog, "--method v-coral --method a-coral --seed 0")
    with pytest.raises(UsageError, match=r"^--seed is -1, but must be at least 0"):
        runs(toy_catalog, "--method v-coral --seed=-1")


def test_two_values_that_come_to_the_same_run_are_refused(toy_catalog) -> None:
    with pytest.raises(UsageError, match=r"^weight1-seed0 and weight1.0-seed0 are the same run"):
        require_different(runs(toy_catalog, "--image-loss.weight 1 --image-loss.weight 1.0 --seed 0"))


def test_what_an_environment_needs_is_asked_before(toy_catalog) -> None:
    def lacks() -> None:
        raise AbsentError("the arm's driver is not installed.", "pip install arm")

    arm = Environment("arm", "An arm.", lambda *_: None, require=lacks)
    catalog = Catalog([*toy_catalog, Entry(arm, "pack-a", "1")])
    with pytest.raises(AbsentError, match=r"^env arm: arm cannot be made here: the arm's driver is not installed"):
        runs(catalog, "--env arm --env maze --seed 0")


def plan_of(found) -> Plan:
    return Plan(tuple(run.planned for run in found))


@pytest.mark.parametrize(
    ("line", "fixed", "ok"),
    [
        ("--method v-coral --method p-coral --seed 0", "--steps 10k", True),
        ("--method v-coral --method p-coral --seed 0 --seed 1", "--steps 10k", True),
        ("--method v-coral --method p-coral --method cv-same --seed 0", "--steps 10k", True),
        ("--method v-coral --method p-coral --seed 0", "--steps 10_000", True),
        ("--method v-coral --method p-coral --seed 0", "--steps 20k --eval-every 3", True),
        ("--method v-coral --method p-coral --seed 0", "--steps 10k --size tiny", False),
        ("--method v-coral --seed 0", "--steps 10k", False),
        ("--method v-coral --method p-coral --seed 1", "--steps 10k", False),
        ("--env maze --method v-coral --method p-coral --seed 0", "--steps 10k", False),
    ],
)
def test_a_sweep_may_grow_and_not_change(line, fixed, ok, toy_catalog, tmp_path) -> None:
    old = plan_of(runs(toy_catalog, "--method v-coral --method p-coral --seed 0", "--steps 10k"))
    try:
        now = runs(toy_catalog, line, fixed)
    except UsageError:  # the maze has no image for a method: which is no growth either
        assert not ok
        return
    if ok:
        require_grown(old, now, tmp_path, toy_catalog)
    else:
        with pytest.raises(UsageError, match="holds another sweep: it has"):
            require_grown(old, now, tmp_path, toy_catalog)


def test_a_plan_from_a_file_runs_no_code_that_nobody_has_named(toy_catalog) -> None:
    plan = Plan((Planned("a", ("--env", "os:system", "--seed", "0")),))
    with pytest.raises(PluginError, match="'os:system' is Python code") as error:
        require_allowed(plan, [], toy_catalog)
    assert error.value.hint == "If you know it, add --env os:system."
    require_allowed(plan, ["os:system"], toy_catalog)
    assert codes(plan.runs) == ["os:system"]
    two = Plan((*plan.runs, Planned("b", ("--env", "gym:os:Lake-v1")), *plan.runs))
    with pytest.raises(PluginError, match="2 environments are Python code") as error:
        require_allowed(two, [], toy_catalog)
    assert error.value.hint == "If you know them, add --env os:system --env gym:os:Lake-v1."
    hidden = Planned("a", ("--env", "gym:Pendulum-v1", "--env=gym:os:Pendulum-v1"))  # the last one counts
    with pytest.raises(PluginError, match="'gym:os:Pendulum-v1' is Python code"):
        require_allowed(Plan((hidden,)), ["gym:Pendulum-v1"], toy_catalog)
    require_allowed(Plan((Planned("a", ("--env", "gym:Pendulum-v1")),)), [], toy_catalog)
    with pytest.raises(PluginError, match="needs /somewhere, a plugin that is not installed"):
        require_allowed(Plan((), ("/somewhere",)), [], toy_catalog)


def test_an_agent_is_a_text_that_json_reads(toy_catalog) -> None:
    (run,) = runs(toy_catalog, "--method v-coral --seed 4")
    assert json.loads(run.agent)["settings"]["seed"] == 0 and run.steps == 500_000

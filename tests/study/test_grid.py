"""Axes and combinations: what a line spans, in which order, and what its runs are called."""

from __future__ import annotations

import pytest

from coral_cli.assembly.words import Word, joined, split
from coral_cli.registry.errors import UsageError
from coral_cli.study.grid import axes, differing, names, parted, points, require_apart, unfolded


def words(line: str) -> list[Word]:
    return split(line.split())


def named(line: str, fixed: str = "") -> list[str]:
    spanned = axes(split(line.split()))
    return names(spanned, split(fixed.split()), points(spanned))


def test_seeds_change_last_so_that_a_cut_leaves_some_of_everything() -> None:
    spanned = axes(words("--method a --seed 0 --seed 1 --method b"))
    assert [dict(point) for point in points(spanned)] == [
        {"method": "a", "seed": "0"},
        {"method": "b", "seed": "0"},
        {"method": "a", "seed": "1"},
        {"method": "b", "seed": "1"},
    ]


def test_there_are_as_many_runs_as_the_product_says() -> None:
    spanned = axes(words("--a 1 --a 2 --a 3 --b x --b y --c only --seed 0 --seed 1 --seed 2 --seed 3"))
    assert len(points(spanned)) == 3 * 2 * 1 * 4 == len(set(points(spanned)))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--env cheetah-run --method p-coral --seed 3", ["cheetah-run-seed3"]),
        ("--method p-coral --method v-coral --seed 0", ["p-coral-seed0", "v-coral-seed0"]),
        (
            "--image-loss.temperature 0.1 --image-loss.temperature 2 --seed 0",
            ["temperature0.1-seed0", "temperature2-seed0"],
        ),
        ("--batch-size 8 --batch-size 16 --seed 0", ["batch-size8-seed0", "batch-size16-seed0"]),
        ("--distraction none --distraction video,disks --seed 0", ["no-distraction-seed0", "video,disks-seed0"]),
        ("--env.random-start --env.no-random-start --seed 0", ["random-start-seed0", "no-random-start-seed0"]),
        ("--init-from ../a/b --init-from c --seed 0", ["a-b-seed0", "c-seed0"]),
        ("--env gym:Pendulum-v1 --seed 0", ["gym-Pendulum-v1-seed0"]),
        ("--x a/b --x a:b --seed 0", ["1-a-b-seed0", "2-a-b-seed0"]),
    ],
)
def test_names_are_made_of_what_differs_and_the_seed(line, expected) -> None:
    assert named(line) == expected


def test_the_environment_may_stand_behind() -> None:
    assert named("--seed 0", "--env walker-run") == ["walker-run-seed0"]
    assert named("--seed 0") == ["box-push-seed0"]


def test_names_are_those_of_files_however_long_the_values() -> None:
    many = " ".join(f"--flag{index} {'x' * 300} --flag{index} {'y' * 300}" for index in range(6))
    found = named(f"{many} --seed 0")
    assert len(set(found)) == 64 and max(map(len, found)) < 250


def test_none_is_no_distraction_and_a_stack_has_commas() -> None:
    (axis,) = axes(split(["--distraction", "none", "--distraction", "video,disks"]))
    assert axis.words == (("distraction", ""), ("distraction", "video,disks"))
    assert joined(axis.words) == ["--distraction=", "--distraction", "video,disks"]
    (axis,) = axes(split(["--image-loss", "none"]))
    assert axis.words == (("image-loss", "none"),)  # which is the name of a loss


def test_what_differs_is_told_by_flag() -> None:
    spanned = axes(words("--env a --env b --size small --env.x --env.no-x --seed 0"))
    assert differing(spanned, points(spanned)[-1]) == {"env": "b", "env.x": "off", "seed": "0"}


@pytest.mark.parametrize(
    ("before", "behind", "message"),
    [
        ("--size small", "--size tiny", "--size stands before and behind the --."),
        ("--env.x", "--env.no-x", "--env.x stands before and behind the --."),
        ("--method=a␣--x␣1", "--x 2", "--x stands inside a value of --method, and elsewhere, too."),
        ("--method=a␣--x␣1 --x 2", "", "--x stands inside a value of --method, and elsewhere, too."),
        ("--method=a␣--out␣b", "", "--out is nothing that a run of a sweep can be given."),
        ("--out a", "", "--out is nothing that a run of a sweep can be given."),
        ("", "--resume a", "--resume is nothing that a run of a sweep can be given."),
        ("", "--plugin a", "--plugin is nothing that a run of a sweep can be given."),
    ],
)
def test_what_cannot_be_is_said(before, behind, message) -> None:
    with pytest.raises(UsageError) as error:
        require_apart(axes(split([word.replace("␣", " ") for word in before.split()])), split(behind.split()))
    assert error.value.message == message and error.value.hint


def test_a_value_that_stands_there_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="--method a stands there twice"):
        axes(words("--method a --method b --method a"))


def test_flags_in_a_values_quotes_hold_for_that_value() -> None:
    text = "v-coral --rssm.gru 8 --env.no-x --tag 'a b'"
    assert parted(text) == ("v-coral", [("rssm.gru", "8"), ("env.no-x", None), ("tag", "a b")])
    assert parted("a-- b") == ("a-- b", [])
    assert unfolded([("method", text), ("seed", "0")]) == [
        ("method", "v-coral"),
        ("rssm.gru", "8"),
        ("env.no-x", None),
        ("tag", "a b"),
        ("seed", "0"),
    ]
    assert unfolded([("distraction", "none --steps 3")]) == [("distraction", ""), ("steps", "3")]
    with pytest.raises(UsageError, match="has quotes without an end"):
        parted("v-coral --tag 'a")


def test_a_value_with_flags_is_called_by_itself_unless_another_begins_like_it() -> None:
    spanned = axes([("method", "a --x 1"), ("method", "b"), ("seed", "0")])
    assert names(spanned, [], points(spanned)) == ["a-seed0", "b-seed0"]
    spanned = axes([("method", "a --x 1"), ("method", "a"), ("seed", "0")])
    assert names(spanned, [], points(spanned)) == ["a-x-1-seed0", "a-seed0"]
    assert differing(spanned, points(spanned)[0]) == {"method": "a --x 1", "seed": "0"}


@pytest.mark.parametrize("line", [["train"], ["--a", "b", "c"], ["-x"], ["--"]])
def test_a_word_without_a_flag_is_refused(line) -> None:
    with pytest.raises(UsageError, match="belongs to no flag"):
        split(line)


@pytest.mark.parametrize("line", [["--a", "b", "--c", "--d=-1"], ["--a=", "--b", "x y"], ["--a=--b"], []])
def test_words_and_lines_are_the_same(line) -> None:
    assert joined(split(line)) == line

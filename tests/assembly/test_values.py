"""Text to values and back."""

from __future__ import annotations

import pytest

from coral_cli.assembly.settings import Settings
from coral_cli.assembly.values import negative, parse, text_of
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Field, Help, fields_of


def option(kind: type, optional: bool = False, choices: tuple[str, ...] = (), low: float | None = None) -> Field:
    return Field("steps", kind, optional, choices, Help("", min=low), None)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1000", 1000),
        ("1_000_000", 1_000_000),
        ("1e6", 1_000_000),
        ("2.5E3", 2500),
        ("100k", 100_000),
        ("0.5M", 500_000),
        ("1G", 10**9),
        ("-3", -3),
        ("1234567890123456789", 1234567890123456789),
    ],
)
def test_counts(text: str, count: int) -> None:
    assert parse(option(int), text) == count


@pytest.mark.parametrize("text", ["", "abc", "1.5", "1.5e0", "1e", "k", "1kk", "1 000", "nan", "inf", "1e-3", "1e999"])
def test_what_is_no_count_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="--steps"):
        parse(option(int), text)


def test_other_types() -> None:
    assert parse(option(float), "1e-3") == 0.001
    assert parse(option(str), "cuda:1") == "cuda:1"
    assert parse(option(tuple), "1,2k, 3") == (1, 2000, 3)
    assert parse(option(tuple), "") == ()
    assert parse(option(float, optional=True), "None") is None


@pytest.mark.parametrize("text", ["nan", "inf", "one", ""])
def test_numbers_are_finite(text: str) -> None:
    with pytest.raises(UsageError):
        parse(option(float), text)


def test_none_is_only_for_optional_fields() -> None:
    with pytest.raises(UsageError):
        parse(option(int), "none")


def test_only_what_cannot_be_left_out_may_be_empty() -> None:
    assert parse(option(str), "") == ""
    with pytest.raises(UsageError, match=r"^--steps is empty\.$"):
        parse(option(str, optional=True), "")


def test_bounds_and_choices_are_checked_under_the_flags_name() -> None:
    with pytest.raises(UsageError, match="--steps is 0, but must be at least 1"):
        parse(option(int, low=1), "0")
    with pytest.raises(UsageError, match=r"--seed is -1, but must be at least 0 and at most 2\*\*63 - 1\.$"):
        parse(next(field for field in fields_of(Settings()) if field.name == "seed"), "-1")
    with pytest.raises(UsageError, match="--steps cannot be 'c'") as caught:
        parse(option(str, choices=("a", "b")), "c")
    assert caught.value.hint == "Choose from: a, b."


@pytest.mark.parametrize(
    ("kind", "value"), [(int, 7), (float, 1e-7), (float, 0.1 + 0.2), (tuple, (3, 4)), (tuple, ()), (str, "a b")]
)
def test_text_of_is_read_back(kind: type, value: object) -> None:
    assert parse(option(kind), text_of(value)) == value
    assert parse(option(kind, optional=True), text_of(None)) is None


def test_negative_flags() -> None:
    assert negative("shuffle") == "no-shuffle"
    assert negative("env.random-start") == "env.no-random-start"

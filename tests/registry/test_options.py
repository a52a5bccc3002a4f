"""Options dataclasses: what is allowed, what is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import (
    Help,
    LossOptions,
    NoOptions,
    fields_of,
    values_of,
    with_saved,
    with_values,
)


@dataclass(frozen=True)
class Options:
    count: Annotated[int, Help("How many.", min=1, max=9)] = 3
    learning_rate: Annotated[float, Help("How fast.", min=0)] = 0.1
    mode: Annotated[Literal["a", "b"], Help("Which.")] = "a"
    on: Annotated[bool, Help("Whether.")] = False
    sizes: Annotated[tuple[int, ...], Help("How big.", min=1)] = (1, 2)
    limit: Annotated[float | None, Help("How far.", max=1)] = None


def test_fields() -> None:
    fields = fields_of(Options())
    assert [(f.name, f.type, f.optional, f.choices, f.default) for f in fields] == [
        ("count", int, False, (), 3),
        ("learning_rate", float, False, (), 0.1),
        ("mode", str, False, ("a", "b"), "a"),
        ("on", bool, False, (), False),
        ("sizes", tuple, False, (), (1, 2)),
        ("limit", float, True, (), None),
    ]
    assert fields[1].flag == "learning-rate"
    assert (fields[0].help.text, fields[0].help.min, fields[0].help.max) == ("How many.", 1, 9)
    assert fields_of(NoOptions()) == ()
    assert [f.name for f in fields_of(LossOptions())] == ["weight"]


def test_the_instance_holds_the_defaults() -> None:
    assert fields_of(Options(count=7))[0].default == 7


@dataclass(frozen=True)
class WithoutHelp:
    x: int = 0


@dataclass(frozen=True)
class OfListType:
    x: Annotated[list[int], Help("")] = ()  # type: ignore[assignment]


@dataclass(frozen=True)
class OfUnionType:
    x: Annotated[int | str, Help("")] = 0


@pytest.mark.parametrize("options", [WithoutHelp(), OfListType(), OfUnionType(), Options, {"x": 1}])
def test_what_is_not_allowed_is_a_type_error(options: object) -> None:
    with pytest.raises(TypeError):
        fields_of(options)


def test_values_are_json_and_can_be_set_again() -> None:
    options = Options(sizes=(4, 5), limit=0.5)
    values = values_of(options)
    assert values == {"count": 3, "learning_rate": 0.1, "mode": "a", "on": False, "sizes": [4, 5], "limit": 0.5}
    assert with_values(Options(), values) == options


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [("learning_rate", 2, 2.0), ("sizes", [3], (3,)), ("sizes", (), ()), ("limit", None, None), ("count", 9, 9)],
)
def test_values_that_fit(name: str, value: Any, stored: Any) -> None:
    result = getattr(with_values(Options(), {name: value}), name)
    assert result == stored
    assert type(result) is type(stored)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 0),
        ("count", 10),
        ("count", 1.0),
        ("count", True),
        ("count", None),
        ("count", "3"),
        ("learning_rate", -0.1),
        ("learning_rate", float("nan")),
        ("learning_rate", False),
        ("mode", "c"),
        ("mode", None),
        ("on", 1),
        ("sizes", [1, 0]),
        ("sizes", [1.5]),
        ("sizes", 3),
        ("limit", 1.1),
        ("colour", "red"),
    ],
)
def test_values_that_do_not_fit(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=name.replace("_", "-")):
        with_values(Options(), {name: value})


@dataclass(frozen=True)
class Later:
    side: Annotated[int, Help("Pixels.")] = 64
    look: Annotated[Literal["new", "old"], Help("How it looks.", before="old")] = "new"


def test_a_record_that_lacks_an_option_stands_for_what_was_before_it() -> None:
    assert with_saved(Later(), {"side": 32}) == Later(32, "old")
    assert with_saved(Later(), {"look": "new"}) == Later(64, "new")
    assert with_values(Later(), {"side": 32}) == Later(32, "new")
    with pytest.raises(UsageError, match="look cannot be 'blue'"):
        with_saved(Later(), {"look": "blue"})

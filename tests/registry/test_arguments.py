"""Arguments behind an environment's name: typed, in one order, and through any text and back."""

import pytest

from coral_cli.registry.arguments import named, pair, parted, typed
from coral_cli.registry.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("96", 96),
        ("1_000", 1000),
        ("1e3", 1000),
        ("0.5M", 500_000),
        ("-3", -3),
        ("1.0", 1.0),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("none", None),
        ("pixels_agent_pos", "pixels_agent_pos"),
        ("", ""),
        ("inf", "inf"),
        ('"96"', "96"),
        ("64,96", [64, 96]),
        ("top,0.5,true", ["top", 0.5, True]),
        ("[64, 96]", [64, 96]),
        ("[64", "[64"),
        ('{"goal": [0.1, null]}', {"goal": [0.1, None]}),
        ("[NaN]", "[NaN]"),
    ],
)
def test_text_has_one_type(text, value):
    found = typed(text)
    assert found == value and type(found) is type(value)


def test_the_order_of_arguments_makes_no_other_name():
    assert named("gym:A-v0", {"width": "96", "camera": "top"}) == "gym:A-v0?camera=top&width=96"
    assert named("gym:A-v0?width=96&camera=top") == named("gym:A-v0?camera=top", {"width": "96"})
    assert named("gym:A-v0?width=96", {"width": "64"}) == "gym:A-v0?width=64"  # the last one counts
    assert named("gym:A-v0") == "gym:A-v0"


@pytest.mark.parametrize("text", ["a&b=c", "50%", "a?b", "[1, 2]", '{"a": "b c"}', "naïve", "a\nb", "="])
def test_any_text_comes_back(text):
    assert parted(named("m:make", {"key": text})) == ("m:make", {"key": text})


@pytest.mark.parametrize("text", ["width", "", "=3", "a-b=3", "1a=3"])
def test_what_is_no_argument_is_refused(text):
    for read in (pair, lambda text: parted(f"gym:A-v0?{text}")):
        with pytest.raises(UsageError, match="is no argument") as caught:
            read(text)
        assert "KEY=VALUE" in caught.value.hint

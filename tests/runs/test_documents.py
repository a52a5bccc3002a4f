"""What a file may hold: each wrong value is found, however its text is written."""

from __future__ import annotations

import json

import pytest

from coral_cli.runs.documents import DEPTH, FormError, parsed


@pytest.mark.parametrize("ending", ["", ', "caf\u00e9"', ', "a\\nb"'])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('"a\\u0000b"', "a zero byte"),
        ('{"a\\u0000b": 1}', "a zero byte"),
        ('"\\ud800"', "text that is none"),
        (str(2**63), "more than 64 bits"),
        (f'{{"a": [{-(2**63) - 1}]}}', "more than 64 bits"),
        ("[" * DEPTH + "]" * DEPTH, "nested too deeply"),
    ],
)
def test_what_no_file_of_corals_holds(value: str, said: str, ending: str) -> None:
    for content in (f"[{value}{ending}]", f"[{value}{ending}]".encode()):
        with pytest.raises(FormError, match=said):
            parsed(content)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, {"b": "c"}]},
        [2**63 - 1, -(2**63 - 1)],
        "caf\u00e9 \\ \n",
        "\udc80",
        12345678901234.5678,
    ],
)
def test_what_it_may_hold(value: object) -> None:
    assert parsed(json.dumps(value)) == parsed(json.dumps(value).encode()) == value

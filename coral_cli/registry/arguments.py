"""Arguments behind an environment's name, as in ``gym:ID?obs_type=state&width=96``.

They stand in the name, because they decide what an environment is: its sensors and actions, which must be known before
any option is. So whatever keeps the name (a run's record, a plan, a line to go on with) keeps them, too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from coral_cli.registry.errors import UsageError

MARK = "?"
FLAG = "env.make"
"""The flag that writes arguments behind the name."""

_FORM = f"Write --{FLAG} KEY=VALUE, such as width=96."
_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PLAIN = "/:,[]{}\"'()@ "
"""What stands in a value as it is, beside letters, digits and ``_.-~``; all else as in addresses: ``%26``."""

_COUNT = re.compile(r"([+-]?\d[\d_]*(?:\.\d+)?)(?:[eE]\+?(\d{1,2})|([kKmMgG]))?")
_SUFFIXES = {"k": 3, "m": 6, "g": 9}
_WORDS = {"true": True, "false": False, "none": None, "null": None}


def whole(text: str) -> int | None:
    """Return the whole number that ``1000``, ``1_000``, ``1e3``, ``1k`` or ``0.5M`` stands for; None for other text."""
    match = _COUNT.fullmatch(text.strip())
    if match is None:
        return None
    digits, exponent, suffix = match.groups()
    value = Decimal(digits.replace("_", "")).scaleb(int(exponent or 0) + _SUFFIXES.get((suffix or "").lower(), 0))
    return int(value) if value == value.to_integral_value() else None


def named(name: str, more: Mapping[str, str] | None = None) -> str:
    """Return ``name`` with its arguments and ``more``, text by key, in the order of the keys: one name for each make.

    Raises UsageError for arguments that are none.
    """
    bare, arguments = parted(name)
    texts = sorted((arguments | dict(more or {})).items())
    return bare + (MARK + "&".join(f"{key}={quote(text, safe=_PLAIN)}" for key, text in texts) if texts else "")


def parted(name: str) -> tuple[str, dict[str, str]]:
    """Return a name without its arguments, and these, as text by key. Raises UsageError for arguments that are none."""
    bare, mark, text = name.partition(MARK)
    pairs = [pair(part) for part in text.split("&")] if mark else []
    return bare, {key: unquote(value) for key, value in pairs}


def pair(text: str) -> tuple[str, str]:
    """Return the key and the value of ``KEY=VALUE``. Raises UsageError for text of another form."""
    key, equals, value = text.partition("=")
    if not (equals and _KEY.fullmatch(key)):
        raise UsageError(f"{text!r} is no argument that an environment is made with.", _FORM)
    return key, value


def typed(text: str) -> Any:
    """Return the value that an argument's text stands for.

    It is a number (as flags have them, ``1e6`` and ``1M`` too), ``true``, ``false``, ``none``, a list (``64,96``), what
    JSON makes of it, or else a string; in double quotation marks it is a string in any case.
    """
    word = text.strip()
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if (number := _number(word)) is not None:
        return number
    if word[:1] in '[{"':
        try:
            return json.loads(word, parse_constant=_refused)
        except (ValueError, RecursionError):
            return text
    return [typed(part) for part in text.split(",") if part.strip()] if "," in text and "(" not in text else text


def _number(word: str) -> int | float | None:
    count = None if re.fullmatch(r"[+-]?[\d_]*\.\d*", word) else whole(word)
    try:
        value = float(word)
    except ValueError:
        return count
    return count if count is not None else value if math.isfinite(value) else None


def _refused(word: str) -> None:
    raise ValueError(word)

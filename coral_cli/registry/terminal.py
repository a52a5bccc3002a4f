"""What reaches a terminal: all text of commands goes through here, and so through ``visible``.

Names, paths and what files say are others' words: in them, a control character could move the cursor, colour what
follows or hide what was told.
"""

from __future__ import annotations

import re
from typing import TextIO

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All but tabs and ends of lines: ASCII's and ISO 6429's, and those of Unicode that turn the direction of writing."""
LONGEST = 400
"""Letters of a word that a sentence shows in full."""
_LONG = re.compile(rf"\S{{{LONGEST},}}")


def visible(text: str, instead: str = "?") -> str:
    """Return ``text`` with a question mark, or what else is to stand there, in place of each control character."""
    return _CONTROL.sub(instead, text)


def sentence(text: str) -> str:
    """Return ``text`` in one line, with what is left of words that nobody would read to their end."""
    return re.sub(rf"\S{{{LONGEST},}}", lambda word: f"{word[0][:100]}...{word[0][-20:]}", " ".join(text.split("\n")))


def say(text: object = "", file: TextIO | None = None) -> None:
    """Print ``text``, without control characters, to standard output or ``file``, at once."""
    print(visible(str(text)), file=file, flush=True)

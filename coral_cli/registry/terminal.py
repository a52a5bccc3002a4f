"""What reaches a terminal: all text of commands goes through here, and so through ``visible``.

Names, paths and what files say are others' words: in them, a control character could move the cursor, colour what
follows or hide what was told.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All but tabs and ends of lines: ASCII's and ISO 6429's, and those of Unicode that turn the direction of writing."""
LONGEST = 400
"""Letters of a word that a sentence shows in full."""
_TOLD = re.compile(r" *(error|hint|note|problem|warning): [^\n]*")
"""Lines of prose, which may be longer than a terminal's."""
_WORD = re.compile(r"""(\s*)((?:[^\s'"]*[=(])?(?:'[^']*'|"[^"]*")\S*|\S+)""")
"""A word and the spaces before it; what is quoted is one."""


def visible(text: str, instead: str = "?") -> str:
    """Return ``text`` with a question mark, or what else is to stand there, in place of each control character."""
    return _CONTROL.sub(instead, text)


def sentence(text: str) -> str:
    """Return ``text`` in one line, with what is left of words that nobody would read to their end."""
    return re.sub(rf"\S{{{LONGEST},}}", lambda word: f"{word[0][:100]}...{word[0][-20:]}", " ".join(text.split("\n")))


def flowing(text: str, columns: int) -> str:
    """Return one line in which no word lies across the ends of a terminal's lines of so many ``columns``.

    Spaces fill these lines, as a command that somebody copies out of them has to stay one line.
    """
    from rich.cells import cell_len

    flown, used = "", 0
    for gap, word in _WORD.findall(text):
        width = cell_len(word)
        if used and used + len(gap) + width >= columns > width:
            flown += " " * (columns - used) + word
            used = width
        else:
            flown += gap + word
            used = (used + len(gap) + width) % columns
    return flown


def say(text: object = "", file: TextIO | None = None) -> None:
    """Print ``text``, without control characters, to standard output or ``file``, at once."""
    shown = visible(str(text))
    if _TOLD.fullmatch(shown) and (columns := _columns(file or sys.stdout)):
        shown = flowing(shown, columns)
    print(shown, file=file, flush=True)


def _columns(file: TextIO) -> int:
    """Return the columns of the terminal that ``file`` is; 0 where it is none."""
    try:
        return os.get_terminal_size(file.fileno()).columns if file.isatty() else 0
    except (OSError, ValueError):
        return 0

"""What ``coral runs`` has printed, taken apart."""

from __future__ import annotations


def rows(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines()]


def names(coral, *words: str) -> list[str]:
    outcome = coral("runs", *words)
    assert outcome.code == 0
    return [row[0] for row in rows(outcome.out)[1:]]

"""Flags that other programs have, and what coral has in their place."""

from __future__ import annotations

from collections.abc import Collection

from coral_cli.registry.nearest import one_of

NO_FILES = "There are no configuration files: everything is a flag, and run.json keeps the command line of a run."
FLAGS = {"config": NO_FILES, "config-file": NO_FILES, "cfg": NO_FILES}
RATES = ("learning-rate", "lr")
"""What to say of them."""


def of_flag(flag: str, known: Collection[str]) -> str:
    """Return what to say of ``--FLAG``, where there are the flags ``known``; "" where nothing is."""
    rates = sorted(name for name in known if name == "model-lr" or name.endswith(".lr"))
    return one_of(rates, "", "--{}") if flag in RATES else FLAGS.get(flag, "")

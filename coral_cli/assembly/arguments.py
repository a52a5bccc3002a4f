"""``--env.make KEY=VALUE``: arguments for making an environment, which go behind the name that ``--env`` gives it."""

from __future__ import annotations

from collections.abc import Sequence

from coral_cli.assembly.flags import Flag
from coral_cli.assembly.slots import ENV
from coral_cli.registry.arguments import FLAG, named, pair
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Field, Help


def flag(group: str) -> Flag:
    """Return the flag as the help of an environment shows it; its words are read by ``with_arguments``."""
    text = Help("Argument of the environment's maker: a number, true, false, text or a,b. May be repeated.")
    return Flag(Field(FLAG, str, False, (), text, None), group, "KEY=VALUE")


def with_arguments(words: Sequence[str]) -> list[str]:
    """Return a command line in which the environment's name holds what ``--env.make`` says, wherever that stands.

    Raises UsageError where no environment is named, or one that coral has options for instead.
    """
    found: dict[str, str] = {}
    rest: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            rest += [word, *left]
        elif word == f"--{FLAG}" or word.startswith(f"--{FLAG}="):
            key, value = pair(word.partition("=")[2] if "=" in word else next(left, ""))
            found[key] = value
        else:
            rest.append(word)
    return _renamed(rest, found) if found else rest


def _renamed(words: list[str], arguments: dict[str, str]) -> list[str]:
    flag = f"--{ENV.flag}"
    for at in reversed(range(len(words))):
        before = f"{flag}=" if words[at].startswith(f"{flag}=") else ""
        if before or (at and words[at - 1] == flag):
            name = words[at].removeprefix(before)
            if ":" not in name:
                hint = f"See `coral envs show {name} --help` for its options."
                raise UsageError(f"--{FLAG} is for gym:ID and module:callable, which {name} is not.", hint)
            return [*words[:at], before + named(name, arguments), *words[at + 1 :]]
    raise UsageError(f"--{FLAG} says how to make an environment, and none is named.", f"Add {flag} gym:ID.")

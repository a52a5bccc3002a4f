"""A command whose flags depend on its own arguments.

Phase one scans the arguments for slots (``--image-loss cpc``); phase two parses them with a command made
for the chosen components, so that help, completion and errors speak of exactly these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import typer
from typer.main import get_command

from coral_cli.assembly.flags import Body, Flag
from coral_cli.assembly.flags import signed
from coral_cli.assembly.help import Command
from coral_cli.assembly.selection import Selection, choose

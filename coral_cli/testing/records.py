"""What holds for records of every kind: names, sentences, options, and what importing them costs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from typing import Any

from coral_cli.registry.objective_options import ObjectiveOptions
from coral_cli.registry.options import LossOptions, check, fields_of, values_of
from coral_cli.registry.records import Command, Loss, Record
from coral_cli.testing.failures import Check, require

MOST = 0.1
"""The seconds of processor time that importing a plugin may take, beyond ``coral_cli.plugin``."""

_PROBE = """
import importlib.util, sys, time
import coral_cli.plugin
name, file = sys.argv[1:]
start = time.process_time()
if importlib.util.find_spec(name):
    __import__(name)
else:
    spec = importlib.util.spec_from_file_location(name, file)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
print(time.process_time() - start, *(name for name in ("torch", "mujoco", "gymnasium") if name in sys.modules))
"""


def name_and_summary(record: Record) -> None:
    """Require that the name can stand on a command line, the summary in a list."""
    word = r"[a-z0-9]+(-[a-z0-9]+)*"
    form = f"{word}( {word})?" if isinstance(record, Command) else word
    require(
        re.fullmatch(form, record.name) is not None,
        f"the name {record.name!r} does not fit a command line.",
        "Use small letters, digits and single dashes.",
    )
    summary = record.summary
    require(
        isinstance(summary, str) and summary.endswith(".") and "\n" not in summary and len(summary) <= 120,
        f"the summary is {summary!r}.",
        "Make it one sentence of at most 120 characters that ends with a full stop.",
    )


def options(record: Record) -> None:
    """Require options that are typed, documented, within their own bounds, and JSON."""
    hint = "Give a frozen dataclass of Annotated[type, Help('...')] = default."
    given: Any = record.options
    require(type(given).__dataclass_params__.frozen, "the options can be changed.", hint)
    for field in fields_of(given):
        require(bool(field.help.text.strip()), f"option {field.name!r} has an empty Help.", "Say what it means.")
        check(field, field.default)
    require(json.loads(json.dumps(values_of(given))) == values_of(given), "the options do not survive JSON.", hint)
    if isinstance(record, Loss):
        require(isinstance(given, LossOptions), "the options lack `weight`.", "Derive them from LossOptions.")
    if record.kind == "objective":
        require(isinstance(given, ObjectiveOptions), "the options are of another type.", "Use ObjectiveOptions.")


def import_(record: Record) -> None:
    """Require that the module that builds the component can be imported at once, as every command does."""
    made: Any = getattr(record, "build", None) or getattr(record, "run", None)
    made = getattr(made, "func", made)  # a partial function's
    module = getattr(made, "__module__", None)
    if module is not None and not module.rpartition(".")[2].startswith(("test_", "conftest")):
        require_light(module)


def require_light(module: str) -> None:
    """Fail where importing ``module`` in a new process takes long, or imports what is heavy."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return
    seconds, heavy = import_cost(module, file)
    require(
        not heavy,
        f"importing {module} imports {' and '.join(heavy)}, which slows down every command.",
        "Import it inside the function that needs it.",
    )
    require(
        seconds < MOST,
        f"importing {module} takes {1e3 * seconds:.0f} ms, and may take {1e3 * MOST:.0f}.",
        "Import what is large inside the function that needs it.",
    )


RECORD: tuple[Check[Any], ...] = (name_and_summary, options, import_)


@cache
def import_cost(module: str, file: str) -> tuple[float, tuple[str, ...]]:
    """Return the seconds that importing ``module`` takes, the best of three, and which heavy libraries it imports.

    It is loaded from ``file`` where its name alone does not lead there.
    """
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", _PROBE, module, file]
    runs = [subprocess.run(command, env=environ, capture_output=True, text=True) for _ in range(3)]
    for run in runs:
        error = "".join(run.stderr.strip().splitlines()[-1:])
        require(not run.returncode, f"{module} cannot be imported alone ({error}).", "Mend what raises it.")
    words = [run.stdout.splitlines()[-1].split() for run in runs]
    return min(float(line[0]) for line in words), tuple(words[0][1:])

"""``coral doctor``: does everything work here?"""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import typer
from rich.text import Text

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.display.tables import print_table
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.console import Terminal
from coral_cli.registry.errors import AbsentError, CoralError, UsageError, described
from coral_cli.registry.records import Check
from coral_cli.version import CORE, __version__

SCENE = """
<mujoco><worldbody>
  <light pos="0 0 3"/><camera pos="0 0 4"/><geom size="1" rgba="1 0 0 1"/>
</worldbody></mujoco>
"""


@dataclass(frozen=True)
class DoctorOptions:
    """Options of ``coral doctor``: how to print."""

    json: JsonFlag = False
    debug: DebugFlag = False


@dataclass(frozen=True)
class Line:
    """A thing that works (``detail`` says how) or does not (``detail`` says why).

    What is optional may also be ``absent``, which is fine.
    """

    name: str
    ok: bool
    detail: str
    absent: bool = False


def doctor(context: typer.Context, given: Given) -> int:
    """Check that coral can compute, draw, film and write here. Exit code 1 when something is red."""
    options, _ = taken(DoctorOptions(), given)
    lines = [_checked(check.__name__.strip("_").replace("_", " "), check) for check in CHECKS]
    lines += [*_plugins(context.obj), *_plugged(context.obj)]
    if options.json:
        print_json({"ok": all(line.ok for line in lines), "checks": [asdict(line) for line in lines]})
    else:
        _print(lines)
    return 0 if all(line.ok for line in lines) else 1


def _checked(name: str, check: Callable[[], str]) -> Line:
    try:
        said = check()
        if not isinstance(said, str):
            raise TypeError(f"it returned {said!r}, not a few words on what works")
        return Line(name, True, said)
    except AbsentError as error:
        return Line(name, True, f"{error.message} hint: {error.hint}", absent=True)
    except CoralError as error:
        return Line(name, False, f"{error.message} {error.hint}".strip())
    except (Exception, SystemExit) as error:  # whatever is wrong here is the answer
        return Line(name, False, described(error))


def _coral() -> str:
    return f"{CORE} {__version__} ({Path(__file__).parents[1]})"


def _python() -> str:
    return f"{platform.python_version()} ({sys.executable}) on {platform.platform()}"


def _torch() -> str:
    import torch

    from coral_cli.training.precision import chosen

    gpu = torch.cuda.is_available()
    where = torch.cuda.get_device_name() if gpu else f"the CPU, {torch.get_num_threads()} threads"
    return f"{torch.__version__} on {where}; updates in {chosen('auto', torch.device('cuda' if gpu else 'cpu'))}"


def _simulation() -> str:
    import mujoco

    return f"mujoco {mujoco.__version__}"


def _control_suite() -> str:
    from coral_cli.environments.control_library import require_dm_control, require_quadruped

    require_dm_control()
    from dm_control import suite

    from coral_cli.environments.control_suite import quiet

    with quiet():
        suite.load("cheetah", "run", task_kwargs={"random": 0}).reset()
    try:
        require_quadruped()
        but = ""
    except UsageError as error:
        but = f", but without quadrupeds: {error.message} hint: {error.hint}"
    return f"dm-control {metadata.version('dm-control')}{but}"


def _drawing() -> str:
    from coral_cli.environments.rendering import make_renderer
    from coral_cli.environments.rendering.backend import OPENGL, probe, select_backend
    from coral_cli.environments.rendering.speed import frames_per_second

    backend = select_backend()
    import mujoco  # only now: it reads which backend to use

    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    renderer = make_renderer(model, 64, 64, "fast", backend)
    frame = renderer.render(data, 0)
    renderer.close()
    if frame[32, 32, 0] <= frame[32, 32, 1]:
        raise CoralError(f"{backend} drew a red ball that is not red.", "Try another --renderer.")
    failed = {other: error for other in OPENGL if (error := probe(other))}
    speeds = {other: frames_per_second(other) for other in (*OPENGL, "raycast") if other not in failed}
    drew = ", ".join(f"{other} {speed:,.0f} frames/s" for other, speed in speeds.items())
    return "; ".join([f"{backend} is used ({drew})", *(f"{other}: {error}" for other, error in failed.items())])


def _video() -> str:
    import av

    av.codec.Codec("libx264", "w")
    return f"H.264 (PyAV {av.__version__})"


def _writing() -> str:
    with tempfile.NamedTemporaryFile(dir="."):
        return "this directory can be written"


CHECKS = (_coral, _python, _torch, _simulation, _drawing, _control_suite, _video, _writing)


def _plugins(catalog: Catalog) -> Iterable[Line]:
    for plugin in catalog.plugins:
        detail = f"{plugin.distribution} {plugin.version}, {plugin.status}"
        if plugin.error:
            detail += f": {plugin.error}"
        yield Line(f"plugin {plugin.name}", plugin.status not in ("broken", "incompatible"), detail)


def _plugged(catalog: Catalog) -> Iterable[Line]:
    """Yield the checks that plugins offer."""
    for entry in catalog.entries("check"):
        assert isinstance(entry.record, Check)
        yield _checked(f"{catalog.name(entry)} ({entry.distribution})", entry.record.run)


def _print(lines: list[Line]) -> None:
    marks = [_mark(line) for line in lines]
    rows = [(mark, line.name, " ".join(line.detail.split())) for mark, line in zip(marks, lines, strict=True)]
    print_table(Terminal(), ("result", "check", "detail"), rows)


def _mark(line: Line) -> Text:
    if line.absent:
        return Text("absent", "yellow")
    return Text("ok", "green") if line.ok else Text("failed", "red")


def add(app: typer.Typer) -> None:
    """Add ``coral doctor``."""
    app.command("doctor", cls=Command)(signed(doctor, flags_from(DoctorOptions())))

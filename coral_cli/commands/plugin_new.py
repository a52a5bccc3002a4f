"""``coral plugins new``: a package to begin a plugin with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from keyword import iskeyword
from string import Template
from typing import Annotated, Literal, TypeAlias

import typer

from coral_cli.assembly.flags import Given, flags_from, signed, taken
from coral_cli.assembly.typer_surface import Command
from coral_cli.commands.output import DebugFlag, JsonFlag, print_json
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Help
from coral_cli.registry.places import absolute, as_written
from coral_cli.registry.terminal import say
from coral_cli.runs.files import writing
from coral_cli.version import CORE, __version__

Kind: TypeAlias = Literal["loss", "encoder", "rssm", "environment", "distraction", "policy", "observer", "engine"]

SHORT = {"environment": "env"}
"""The word for a kind in the name of a package, where that is not the kind's own name."""
TRIED = {
    "loss": "--image-loss {name}",
    "encoder": "--image-encoder {name}",
    "rssm": "--rssm {name}",
    "environment": "--env {name}",
    "distraction": "--distraction {name}",
    "policy": "--policy {name}",
    "observer": "--observer {name}",
    "engine": "--on {name}",
}
"""The flags that use a component."""
TRAINED = "coral train {} --size tiny --dry-run"
SWEPT = "coral sweep {} --env cartpole-swingup --measure 0 --dry-run -- --size tiny"
"""The command that tries a component's flags, and an engine's."""


@dataclass(frozen=True)
class NewOptions:
    """Options of ``coral plugins new``: what to begin, and where."""

    kind: Annotated[Kind | None, Help("What the plugin offers.")] = None
    out: Annotated[str | None, Help("The directory to make (default: coral-KIND-NAME).")] = None
    json: JsonFlag = False
    debug: DebugFlag = False


def new(context: typer.Context, given: Given) -> int:
    """Make a package that offers one component, with a test: it works as it is, and is yours to change."""
    options, rest = taken(NewOptions(), given)
    if options.kind is None:
        raise UsageError("--kind is missing.", f"Add one of: {', '.join(TRIED)}.")
    words = _words(rest["name"], options.kind, context.obj)
    out = absolute(options.out or words["distribution"])
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already.", "Choose another --out.")
    with writing(out):
        for place, text in _files(options.kind, words):
            (out / place).parent.mkdir(parents=True, exist_ok=True)
            (out / place).write_text(text, encoding="utf-8")
    place = shlex.quote(as_written(out))
    following = [f"pip install -e {place}", f"coral plugins check {place}", words["command"]]
    if options.json:
        print_json({"path": as_written(out), "kind": options.kind, "name": words["name"], "next": following})
    else:
        say("\n  ".join([f"{as_written(out)} holds the {options.kind} {words['name']}. Next:", *following]))
    return 0


def _words(name: str, kind: Kind, catalog: Catalog) -> dict[str, str]:
    """Return what each placeholder in the files stands for. Raises UsageError for a name that cannot be."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise UsageError(f"{name!r} is no name for a component.", "Use small letters, digits and single dashes.")
    if any(entry.record.name == name and entry.distribution == CORE for entry in catalog.entries(kind)):
        raise UsageError(f"coral itself has the {kind} {name!r}.", "Choose another name.")
    distribution = f"coral-{SHORT.get(kind, kind)}-{name}"
    return {
        "name": name,
        "title": f"The {kind} {name}",
        "distribution": distribution,
        "package": distribution.replace("-", "_"),
        "module": kind,
        "class_": _class(name, kind),
        "command": (SWEPT if kind == "engine" else TRAINED).format(TRIED[kind].format(name=name)),
        "version": ".".join(__version__.split(".")[:2]),
        "next": str(int(__version__.split(".")[0]) + 1),
    }


def _class(name: str, kind: Kind) -> str:
    """Name the class of a component like it, and its kind where Python or the files have that name already."""
    own = "".join(part.capitalize() for part in name.split("-"))
    texts = [_template(f"{kind}/{file}") for file in ("__init__.py.in", f"{kind}.py.in")]
    clashes = iskeyword(own) or any(re.search(rf"\b{own}\b", text) for text in texts)
    return f"{own}{kind.capitalize()}" if clashes else own


def _files(kind: Kind, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield places in the package, and what stands there."""
    source = f"src/{words['package']}"
    places = {
        "package/pyproject.toml.in": "pyproject.toml",
        "package/README.md.in": "README.md",
        f"{kind}/__init__.py.in": f"{source}/__init__.py",
        f"{kind}/{kind}.py.in": f"{source}/{kind}.py",
        f"{kind}/test.py.in": f"tests/test_{words['package']}.py",
    }
    for template, place in places.items():
        yield place, Template(_template(template)).substitute(words)
    yield f"{source}/py.typed", ""


def _template(place: str) -> str:
    return (resources.files("coral_cli") / "templates" / place).read_text(encoding="utf-8")


def add(app: typer.Typer) -> None:
    """Add ``coral plugins new``."""
    argument = ("name", "What the component will be called, such as `barlow`.")
    app.command("new", cls=Command)(signed(new, flags_from(NewOptions(), metavars={"out": "DIR"}), argument))

"""Write ``docs/plugins/hooks.md`` from the hook specifications: ``python docs/hook_reference.py``."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from coral_cli.registry import contracts, jobs, recorded
from coral_cli.registry.hooks import HOOK_KINDS, Hooks
from coral_cli.registry.objective_options import ObjectiveOptions
from coral_cli.registry.options import LossOptions, NoOptions
from coral_cli.registry.records import KINDS
from coral_cli.registry.sensors import Rendering, Sensor

PAGE = Path(__file__).parent / "plugins" / "hooks.md"
BUILT = {
    "loss": (contracts.LossModule, contracts.LossBatch, Sensor),
    "encoder": (contracts.EncoderModule,),
    "rssm": (contracts.RssmModule, contracts.Latent, contracts.Trajectory),
    "environment": (Rendering,),
    "policy": (contracts.PolicyModule, contracts.PolicyInputs, contracts.Experience, contracts.World),
    "distraction": (contracts.DistractionModule, contracts.Scene),
    "observer": (contracts.ObserverModule,),
    "engine": (jobs.EngineModule, jobs.Job, jobs.JobStatus),
    "reader": (recorded.RecordingModule, recorded.RecordedEpisode),
}
"""The classes of what a kind's ``build`` returns, and of what that is given."""

HEAD = """# Hooks

*Written by `python docs/hook_reference.py` from the specifications in the code.*

A hook is a function without arguments, marked with `hookimpl`, in the module that an entry point of the group `coral`
names. It yields records. Each record has a `name`, a `summary` of one sentence, [options](options.md) and a function
that builds what it names. Everything here is imported from `coral_cli.plugin`.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(line for hook, kind in HOOK_KINDS.items() for line in _hook(hook, kind))])


def _hook(hook: str, kind: str) -> Iterator[str]:
    record = KINDS[kind]
    yield f"## {hook}\n"
    yield f"{_text(getattr(Hooks, hook))}\n"
    yield f"### {record.__name__}\n"
    yield f"{_text(record)}\n"
    yield from _fields(record)
    for part in BUILT.get(kind, ()):
        yield f"### {part.__name__}\n"
        yield f"{_text(part)}\n"
        yield from _fields(part) if dataclasses.is_dataclass(part) else _methods(part)


def _fields(record: type) -> Iterator[str]:
    yield "| field | type | default |"
    yield "|---|---|---|"
    for field in dataclasses.fields(record):
        default = "" if field.default is dataclasses.MISSING else f"`{field.default!r}`"
        if field.default_factory is not dataclasses.MISSING:
            default = f"`{field.default_factory()!r}`"
        yield f"| `{field.name}` | `{str(field.type).replace('|', chr(92) + '|')}` | {_short(default)} |"
    yield ""


def _short(default: str) -> str:
    """Show options by their class alone, functions by their name."""
    if default.startswith("`<function "):
        return f"`{default.split()[1]}`"
    for options in (NoOptions, LossOptions, ObjectiveOptions):
        if default.startswith(f"`{options.__name__}("):
            return f"`{options.__name__}()`"
    return default


def _methods(protocol: type) -> Iterator[str]:
    for name, annotation in inspect.get_annotations(protocol).items():
        yield f"- `{name}: {annotation}`"
    for name, member in vars(protocol).items():
        found = member.fget if isinstance(member, property) else member
        if not inspect.isfunction(found) or (name.startswith("_") and name != "__call__") or name == "__init__":
            continue
        signature = re.sub(r"\(self(: D)?(, )?", "(", str(inspect.signature(found)).replace("'", ""))
        if isinstance(member, property):
            signature = signature.replace("() ->", ":")
        yield f"- `{name}{signature}`{f': {_text(found)}' if found.__doc__ else ''}"
    yield ""


def _text(documented: object) -> str:
    """Return a docstring with the marks of this page."""
    paragraphs = inspect.cleandoc(documented.__doc__ or "").split("\n\n")
    joined = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    return re.sub("``(.+?)``", r"`\1`", joined)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

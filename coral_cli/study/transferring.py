"""The runs of a study of transfer: sources, what begins with their weights, and what begins from scratch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from coral_cli.assembly.settings import Settings
from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.assembly.values import parse
from coral_cli.assembly.words import Word, joined
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Json, fields_of
from coral_cli.study.grid import SEED, Axis, differing, names, parted, plain, points, require_apart, unfolded
from coral_cli.study.plan import Planned
from coral_cli.study.questions import PARTS, SOURCE, WAY

SCRATCH = "scratch"
OF = "of "
"""What the source of a run is called in front of which name, where the run is that source."""
SLOWER = 10
"""What ``slow`` divides the representation's learning rate by."""
WAYS = ("frozen", "fine-tuned", "slow")
_PAIRS = {
    "cartpole-swingup": "cartpole-balance",
    "reacher-easy": "reacher-hard",
    "walker-walk": "walker-run",
    "finger-turn-easy": "finger-turn-hard",
    "quadruped-walk": "quadruped-run",
    "hopper-stand": "hopper-hop",
    "point-mass-easy": "point-mass-hard",
}
SAME_BODY = _PAIRS | {other: task for task, other in _PAIRS.items()}
"""Another task of the same body, by task."""
OTHER_BODIES = ("ball-in-cup-catch", "cartpole-swingup")
"""The first of these whose body is not the task's own is the other body."""


def transfers(
    spanned: Sequence[Axis], fixed: Sequence[Word], source_steps: int | None
) -> tuple[list[Planned], list[str]]:
    """Return the planned runs, and notes on what is left out.

    Sources are trained for ``source_steps`` (None: as the rest). For each seed there are first the sources, then what
    starts from scratch, then what does not. From scratch it is trained for the steps of source and target together, to
    be compared at the same cost. A frozen representation of another body, whose vectors have other sizes, is not among
    them.
    """
    axes = {axis.flag: axis for axis in spanned}
    shared = [axis for axis in spanned if axis.flag not in (SOURCE, PARTS, WAY)]
    _require(axes[WAY], WAYS)
    require_apart([axes[SOURCE]], [])
    by_seed: dict[str, tuple[list[Planned], list[Planned], list[Planned]]] = {}
    notes: list[str] = []
    for point in points(shared):
        base, own = [*unfolded(point), *fixed], differing(shared, point)
        (name,) = names(shared, fixed, [point])
        name = name if own.keys() > {SEED} else name.rpartition("-")[2]
        sources, scratch, targets = by_seed.setdefault(own[SEED], ([], [], []))
        steps = int(setting(base, "steps"))
        before = source_steps or steps
        both = [("steps", str(before + steps))]
        scratch.append(Planned(f"{SCRATCH}-{name}", _line(base, both), {SOURCE: SCRATCH, **own}))
        for source, flags in _sources(axes[SOURCE], dict(base), notes):
            line = _line(base, [("steps", str(before)), *flags])
            sources.append(Planned(f"from-{plain(source)}-{name}", line, {SOURCE: f"{OF}{source}", **own}))
            for parts, way in itertools.product(*(_values(axes[flag]) for flag in (PARTS, WAY))):
                if (source, way) != ("body", "frozen"):
                    differs = {SOURCE: source, PARTS: _label(parts), WAY: way, **own}
                    called = f"{plain(source)}-{plain(_label(parts))}-{way}-{name}"
                    targets.append(Planned(called, _line(base, _taken(base, parts, way)), differs, sources[-1].name))
    if not any(targets for _, _, targets in by_seed.values()):
        hint = notes[0] if notes else "A frozen representation of another body cannot be: add another --way."
        raise UsageError("no source is left, so nothing can be taken over.", hint)
    return [run for lists in by_seed.values() for some in lists for run in some], list(dict.fromkeys(notes))


def _sources(axis: Axis, target: Mapping[str, str | None], notes: list[str]) -> Iterator[tuple[str, list[Word]]]:
    """Yield each source with the flags in which it differs from the ``target``."""
    env = str(target.get(ENV.flag) or ENV.default)
    other = next(name for name in ("procedural", "disks") if name != target.get(DISTRACTION))
    body = next(body for body in OTHER_BODIES if body.partition("-")[0] != env.partition("-")[0])
    known: Mapping[str, list[Word]] = {
        "random": [("policy", "random")],
        "task": [(ENV.flag, SAME_BODY[env])] if env in SAME_BODY else [],
        "body": [(ENV.flag, body)],
        "distraction": [(DISTRACTION, other)],
    }
    for text in _values(axis):
        name, flags = parted(text)
        own = next((flag for flag, _ in flags if flag in ("steps", SEED)), None)
        if own:
            hint = "Its steps are --source-steps, its seeds those of what begins with it."
            raise UsageError(f"--{own} is nothing that a source of its own can be given.", hint)
        if name == SCRATCH:
            raise UsageError(f"no source can be called {SCRATCH}.", "Call it otherwise.")
        if flags:
            yield axis.label(text), flags
        elif name not in known:
            hint = f"There are: {', '.join(known)}; or name another one's flags: --source 'mine --env walker-walk'."
            raise UsageError(f"there is no source {name!r}.", hint)
        elif known[name]:
            yield name, known[name]
        else:
            hint = f"no other task of its body is known: add --source '{name}-2 --env NAME'"
            notes.append(f"{env} has no source {name!r}, for {hint}.")


def _taken(base: Sequence[Word], parts: str, way: str) -> list[Word]:
    """Return the flags of a run that takes ``parts`` over, and goes on with them in a ``way``."""
    kept = ",".join(part for part in parts.split(",") if part != "policy")
    rate = float(setting(base, "model_lr")) / SLOWER
    ways: dict[str, list[Word]] = {"frozen": [("freeze", kept)], "slow": [("model-lr", f"{rate:g}")]}
    return [(PARTS, parts), *ways.get(way, [])]


def _label(parts: str) -> str:
    return "all" if parts.count(",") > 1 else parts.replace(",", "+")


def _line(base: Sequence[Word], own: Sequence[Word]) -> tuple[str, ...]:
    """Return the words of ``base``, with its ``own`` in place of those of the same flags."""
    flags = {name for name, _ in own}
    return tuple(joined([*(word for word in base if word[0] not in flags), *own]))


def _values(axis: Axis) -> list[str]:
    return [text or "" for _, text in axis.words]


def _require(axis: Axis, known: Sequence[str]) -> None:
    for text in _values(axis):
        if text not in known:
            raise UsageError(f"there is no {axis.flag} {text!r}.", f"There are: {', '.join(known)}.")


def setting(words: Sequence[Word], name: str) -> Json:
    """Return the value of a setting, its default where it is not written. Raises UsageError for one that cannot be."""
    field = next(field for field in fields_of(Settings()) if field.name == name)
    text = dict(words).get(field.flag)
    return parse(field, text) if text else field.default

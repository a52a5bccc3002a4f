"""From the runs of a study to its heat maps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

from coral_cli.assembly.slots import DISTRACTION, ENV
from coral_cli.assembly.words import split
from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.report.costs import Costs, costs_of
from coral_cli.report.estimates import mean_of
from coral_cli.report.heat import Curves, Line
from coral_cli.report.reading import Run, read
from coral_cli.report.relative import MEASURE, HeatMap, Square, area, square
from coral_cli.runs.directory import RunDirectory, find_checkpoint
from coral_cli.runs.tables import Probed, probed, step_of
from coral_cli.study.grid import NONE, SEED
from coral_cli.study.outcomes import seen
from coral_cli.study.plan import Planned
from coral_cli.study.questions import IMAGE_LOSS, OVERHEAD, PARTS, SOURCE, TRANSFER, WAY, Question
from coral_cli.study.transferring import SCRATCH, setting

CLEAN = "clean"
"""The row of what has no distraction."""
NEGATIVE = "negative transfer"
RETURN = "return"
MEASURES = {"update": ("ms", "update"), "run": ("minutes", "minutes"), "memory": ("MB", "memory")}
"""What a training costs: unit, and the name in ``Costs``."""
SHARES = {"state": "hidden state in the latent", "distraction": "distraction in the latent"}
"""What readers look for in a latent, by its kind."""


@dataclass(frozen=True)
class Outcome:
    """A run of a study: what tells it from the others, the steps that it was to do, its evaluations once it is done.

    ``before`` are the steps of the run that it started with.
    """

    labels: Mapping[str, str]
    steps: int
    before: int
    done: Run | None

    @property
    def final(self) -> float | None:
        """The return of the last evaluation; None of what is not done."""
        return self.done.values[-1] if self.done and self.done.values else None

    def area(self, end: int) -> float | None:
        """Return the mean return on the way to step ``end``; None of what is not done."""
        return area(self.done.steps, self.done.values, end) if self.done else None

    @property
    def costs(self) -> Costs:
        """What the run has cost, as far as it is done."""
        return costs_of(self.done.path) if self.done else Costs(None, None, None)

    @property
    def probed(self) -> Probed | None:
        """What was found in the latent of its latest checkpoint; None where nobody has looked, or it is damaged."""
        with suppress(UnreadableError):
            found = probed(RunDirectory(self.done.path)) if self.done else None
            if self.done and found and found.step == step_of(find_checkpoint(self.done.path)):
                return found
        return None


def outcomes(question: Question, runs: Sequence[Planned], folder: Path) -> list[Outcome]:
    """Return what is known of the planned ``runs`` in ``folder``, but for those that others wait for.

    Raises UnreadableError where they are no runs of the question, or none at all.
    """
    if not runs:
        raise UnreadableError(f"the plan in {folder} has no runs.", "Choose another --out.")
    told = question.axes.keys() - {SOURCE, PARTS, WAY}  # these a plan of transfer tells of each run that has them
    try:
        steps = {run.name: int(setting(split(run.flags), "steps")) for run in runs}
    except UsageError as error:  # nobody has written that on this command line
        raise UnreadableError(f"the plan in {folder} is damaged: {error.message}", "Choose another --out.") from error
    awaited = {run.after for run in runs}
    found = [
        Outcome(
            {**_single(run, told), **run.differs}, steps[run.name], steps.get(run.after, 0), _done(run, folder, steps)
        )
        for run in runs
        if run.name not in awaited
    ]
    needed = {SOURCE} if question is TRANSFER else told
    if not all(needed <= one.labels.keys() for one in found):
        raise UnreadableError(f"{folder} holds other runs than those of {question.name}.", "Choose another --out.")
    return found


def _single(run: Planned, told: Set[str]) -> dict[str, str]:
    """Return the values of axes by a run's flags; in ``differs`` are only those of which there are several."""
    flags = dict(split(run.flags))
    own = {flag: flags[flag] or NONE for flag in told if flag in flags}
    return {**own, ENV.flag: flags.get(ENV.flag) or str(ENV.default)}


def _done(run: Planned, folder: Path, steps: Mapping[str, int]) -> Run | None:
    try:
        return read(folder / run.name, RETURN) if seen(folder / run.name, steps[run.name]).done else None
    except UnreadableError:
        return None


def heat_maps(question: Question, found: Sequence[Outcome], with_probes: bool = False) -> list[HeatMap]:
    """Return the heat maps of a question: one for each environment, and whatever else was varied beside it.

    ``with_probes`` adds what was found in the latents, where image losses are compared.
    """
    maps: list[HeatMap] = []
    for title, here in _groups(question, found):
        if question is TRANSFER:
            maps += _transfer(title, here)
        elif question is OVERHEAD:
            maps.append(_overhead(title, here))
        else:
            maps.append(_losses(title, here))
            kinds = SHARES if with_probes else ()
            maps += [_by_loss(title, f"{SHARES[kind]} (R2)", here, partial(_share, kind)) for kind in kinds]
    return maps


def _groups(question: Question, found: Sequence[Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    """Yield the runs that one heat map is about, with what they have in common as its title."""
    own = {*question.axes, SEED} - {ENV.flag}
    every = [{flag: text for flag, text in one.labels.items() if flag not in own} for one in found]
    for rest in [labels for index, labels in enumerate(every) if labels not in every[:index]]:
        title = ", ".join(text if flag == ENV.flag else f"{flag} {text}" for flag, text in rest.items())
        yield title, [one for one, labels in zip(found, every, strict=True) if labels == rest]


def _losses(title: str, found: Sequence[Outcome]) -> HeatMap:
    def beside_clean(these: Sequence[Outcome]) -> Square:
        labels = _shared(these)
        clean = _of(found, {DISTRACTION: NONE, IMAGE_LOSS: labels[IMAGE_LOSS]})
        reference = None if labels[DISTRACTION] == NONE else [one.final for one in clean]
        return _square(these, labels, [one.final for one in these], reference, these[0].steps)

    return _by_loss(title, "return relative to clean", found, beside_clean)


def _by_loss(
    title: str, measure: str, found: Sequence[Outcome], square_of: Callable[[Sequence[Outcome]], Square]
) -> HeatMap:
    """Return a heat map with what ``square_of`` makes of the runs of each loss under each distraction."""
    losses, distractions = (_labels(found, flag) for flag in (IMAGE_LOSS, DISTRACTION))
    rows = {CLEAN if name == NONE else name: name for name in distractions}
    squares = {}
    for loss, (row, distraction) in itertools.product(losses, rows.items()):
        these = _of(found, {DISTRACTION: distraction, IMAGE_LOSS: loss})
        if these:
            squares[row, loss] = square_of(these)
    return HeatMap(title, measure, list(rows), losses, DISTRACTION, squares)


def _share(kind: str, these: Sequence[Outcome]) -> Square:
    """Return how much of one ``kind`` a linear reader finds in the latents of ``these`` runs."""
    found = [one.probed for one in these]
    each = [[read.linear for read in one.latent if read.kind == kind] for one in found if one]
    known = [fmean(shares) for some in each if (shares := [share for share in some if share is not None])]
    return Square(
        labels=_shared(these),
        runs=len(these),
        finished=sum(one.done is not None for one in these),
        value=mean_of(known) if known and len(each) == len(these) else None,
        relative=None,
        steps=these[0].steps,
        probed=len(each),
    )


def _transfer(title: str, found: Sequence[Outcome]) -> list[HeatMap]:
    """Return areas under the curves of the target's own steps, and last returns at the same steps of both together."""
    targets = [one for one in found if WAY in one.labels]
    scratch = _of(found, {SOURCE: SCRATCH})
    parts = _labels(targets, PARTS)
    end = min((one.steps for one in targets), default=0)
    areas, finals = {}, {}
    for source in _labels(targets, SOURCE):
        for way in _labels(targets, WAY):
            for part in parts:
                these = _of(targets, {SOURCE: source, WAY: way, PARTS: part})
                if these:
                    labels, key = _shared(these), (f"{source}, {way}", part)
                    steps = these[0].steps + these[0].before
                    areas[key] = _square(
                        these, labels, [one.area(end) for one in these], [one.area(end) for one in scratch], steps
                    )
                    finals[key] = _square(
                        these, labels, [one.final for one in these], [one.final for one in scratch], steps
                    )
    rows = list(dict.fromkeys(row for row, _ in areas))
    if scratch and parts:
        labels, key = _shared(scratch), (SCRATCH, parts[0])
        areas[key] = _square(scratch, labels, [one.area(end) for one in scratch], None, end)
        finals[key] = _square(scratch, labels, [one.final for one in scratch], None, scratch[0].steps)
        rows = [SCRATCH, *rows]
    name = "source, way"
    return [
        HeatMap(title, "area under the curve relative to scratch", rows, parts, name, areas, NEGATIVE),
        HeatMap(
            title, "last return relative to scratch after as many steps in all", rows, parts, name, finals, NEGATIVE
        ),
    ]


def curves(question: Question, found: Sequence[Outcome]) -> list[Curves]:
    """Return what is to be drawn beside heat maps of transfer: returns over all steps, those of the source included."""
    if question is not TRANSFER:
        return []
    drawn = []
    for title, here in _groups(question, found):
        scratch = _curve(SCRATCH, _of(here, {SOURCE: SCRATCH}))
        targets = [one for one in here if WAY in one.labels]
        for source in _labels(targets, SOURCE):
            lines = [
                _curve(f"{parts}, {way}", these)
                for parts, way in itertools.product(_labels(targets, PARTS), _labels(targets, WAY))
                if (these := _of(targets, {SOURCE: source, PARTS: parts, WAY: way}))
            ]
            drawn.append(Curves(f"{title}: from {source}", [scratch, *lines]))
    return drawn


def _curve(name: str, found: Sequence[Outcome]) -> Line:
    return Line(name, found[0].before, [(one.done.steps, one.done.values) for one in found if one.done])


def _overhead(title: str, found: Sequence[Outcome]) -> HeatMap:
    methods = _labels(found, "method")
    columns = [*MEASURES, RETURN]
    squares = {}
    for method in methods:
        these, first = _of(found, {"method": method}), _of(found, {"method": methods[0]})
        for column in columns:
            unit, name = MEASURES.get(column, ("", ""))
            values, theirs = (
                [getattr(one.costs, name) if name else one.final for one in some] for some in (these, first)
            )
            labels = {**_shared(these), MEASURE: column}
            reference = None if method == methods[0] else theirs
            squares[column, method] = _square(
                these, labels, values, reference, these[0].steps, unit, is_cost=bool(name)
            )
    return HeatMap(title, f"relative to {methods[0]}", columns, methods, MEASURE, squares)


def _square(
    these: Sequence[Outcome],
    labels: Mapping[str, str],
    values: Sequence[float | None],
    reference: Sequence[float | None] | None,
    steps: int,
    unit: str = "",
    is_cost: bool = False,
) -> Square:
    """Return the square of ``these`` runs, of which some may be done and have no value."""
    finished = sum(one.done is not None for one in these)
    return square(labels, values, reference, steps, unit, is_cost, finished)


def _shared(found: Sequence[Outcome]) -> dict[str, str]:
    """Return the labels of runs that differ in their seeds alone."""
    return {flag: text for flag, text in found[0].labels.items() if flag != SEED}


def _labels(found: Sequence[Outcome], flag: str) -> list[str]:
    return list(dict.fromkeys(one.labels[flag] for one in found if flag in one.labels))


def _of(found: Sequence[Outcome], labels: Mapping[str, str]) -> list[Outcome]:
    return [one for one in found if labels.items() <= one.labels.items()]

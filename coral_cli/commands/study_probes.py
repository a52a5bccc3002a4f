"""The latents of a study's finished runs, looked into one after the other; what is found is kept in each run."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from coral_cli.commands.answering import Outcome
from coral_cli.commands.output import documents
from coral_cli.display.estimates import around, span
from coral_cli.registry.errors import CoralError
from coral_cli.registry.places import as_written
from coral_cli.registry.stopping import came
from coral_cli.registry.terminal import say
from coral_cli.sessions.requests import ProbeRequest


def look_into(found: Sequence[Outcome], request: ProbeRequest) -> None:
    """Probe what is finished, as ``request`` says of each, unless it is known from as many episodes.

    What cannot be probed is said, and left out. Here torch is imported.
    """
    from coral_cli.sessions.process import prepare

    prepare()
    from coral_cli.inside.quantities import judging

    unseen = judging(request.episodes)
    todo = [one.done.path for one in found if one.done and not ((known := one.probed) and known.unseen >= unseen)]
    start = time.monotonic()
    with documents(request.json):
        for number, run in enumerate(todo):
            left = around([(time.monotonic() - start) / number * (len(todo) - number)], 1.0) if number else None
            if not request.quiet:
                said = f" ({span(left)} left)" if left else ""
                say(f"probing {number + 1}/{len(todo)}: {run.name}{said}", file=sys.stderr)
            _look(replace(request, checkpoints=(run,)), run.name)


def _look(request: ProbeRequest, name: str) -> None:
    from coral_cli.sessions.probe import probe

    try:
        (inside,) = probe(request, lambda _: None).agents
    except CoralError as error:
        stopped = came()  # which somebody's code has made an error
        if stopped:
            raise stopped from error
        say(f"warning: {name} is not probed: {as_written(f'{error.message} {error.hint}'.strip())}", file=sys.stderr)
        return
    if not request.quiet:
        for note in inside.answer.notes:
            say(f"note: {name}: {note}.", file=sys.stderr)

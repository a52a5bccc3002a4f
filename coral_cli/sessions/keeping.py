"""What was found out about a saved agent, kept in its run, where ``coral report`` finds it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from coral_cli.assembly.conditions import Condition
from coral_cli.assembly.slots import DISTRACTION
from coral_cli.inside.looking import Answer
from coral_cli.inside.probing import Reading
from coral_cli.registry.errors import CoralError
from coral_cli.registry.places import as_written
from coral_cli.registry.terminal import say
from coral_cli.runs.tables import Evaluated, Probed, Readout, keep, of_more_episodes, run_of, step_of
from coral_cli.training.collection import Episode


def keep_evaluation(
    checkpoint: Path, condition: Condition, seed: int, renderer: str, episodes: Sequence[Episode], quiet: bool = False
) -> None:
    """Keep the episodes of an agent under a condition, unless its run has more of the same agent.

    Without ``quiet``, say which stay.
    """
    known = any("success" in episode.metrics for episode in episodes)
    returns = tuple(episode.total for episode in episodes)
    found = Evaluated(
        condition=condition.name,
        flags=condition.flags,
        stands_for=_stands_for(condition),
        step=step_of(checkpoint),
        seed=seed,
        renderer=renderer,
        returns=returns,
        successes=tuple(episode.metrics.get("success", 0.0) for episode in episodes) if known else (),
    )
    run = run_of(checkpoint)
    before = of_more_episodes(run, found) if run else None
    if before:
        new, old = f"these {len(returns):,}", f"{len(before.returns):,}"
        stays = before.step == found.step is not None
        other = "another" if found.step is not None and before.step is not None else "what may be another"
        told = f"keeps {old} that it had, not {new}" if stays else f"has {new} now, not the {old} of {other} checkpoint"
        if not quiet:
            say(f"note: of episodes under {condition.name}, coral report {told}.", file=sys.stderr)
        if stays:
            return
    _keep(checkpoint, found)


def keep_probe(checkpoint: Path, seed: int, unseen: int, answer: Answer) -> None:
    """Keep what was found in an agent's latent."""
    found = Probed(
        step=step_of(checkpoint),
        seed=seed,
        unseen=unseen,
        latent=_readouts(answer.latent),
        embeddings=_readouts(answer.embeddings),
        pictures=tuple(answer.pictures.items()),
    )
    _keep(checkpoint, found)


def _keep(checkpoint: Path, found: Evaluated | Probed) -> None:
    """Write it into the run, if the checkpoint lies in one; warn where that cannot be."""
    run = run_of(checkpoint)
    if run is None:
        return
    try:
        keep(run, found)
    except CoralError as error:
        say(f"warning: {as_written(error.message)} coral report will not show it.", file=sys.stderr)


def _stands_for(condition: Condition) -> str:
    given = dict(condition.given)
    return "clean" if given == {DISTRACTION: ()} else "other" if given else "own"


def _readouts(readings: Sequence[Reading]) -> tuple[Readout, ...]:
    return tuple(Readout(each.name, each.kind, each.linear, each.two_layers) for each in readings)

"""How a run begins: in a new directory, or where one that goes on has stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coral_cli.assembly.record import Assembly
from coral_cli.registry.errors import UsageError
from coral_cli.registry.options import Json
from coral_cli.runs.checkpoint import load_latest
from coral_cli.runs.directory import RunDirectory, find_checkpoint, machine
from coral_cli.sessions.supervision import Loop
from coral_cli.version import __version__


@dataclass(frozen=True)
class Begun:
    """A run's directory, what run.json says of it, and the state that it goes on from (None: it is new).

    ``damage`` is what to say of a newer checkpoint that cannot be read, if there is one.
    """

    run: RunDirectory
    record: Json
    state: Mapping[str, Any] | None = None
    damage: str = ""

    @contextmanager
    def or_nothing(self) -> Iterator[None]:
        """What a run needs to begin; a new run that cannot begin leaves nothing behind."""
        try:
            yield
        except Exception:
            if self.state is None:
                self.run.discard()
            raise

    def go_on(self, loop: Loop) -> None:
        """Brings ``loop`` to where the run has stopped, and run.json up to date once that has worked."""
        if self.state is not None:
            loop.load_state_dict(self.state)
            self.run.write_record(self.record)

    def warn(self, loop: Loop) -> None:
        """Tells of a damaged checkpoint."""
        if self.damage:
            loop.emit("warning", message=self.damage)


def begin(
    resume: Path | None, create: Callable[[], RunDirectory], record: Json, unit: str = "", budget: int | None = None
) -> Begun:
    """Opens the run to ``resume``, or creates one and writes ``record`` into its run.json.

    Raises UnreadableError when there is nothing to go on from, and UsageError when that has done more of its ``unit``
    (``steps``) than the ``budget`` asked for.
    """
    if resume is None:
        run = create()
        run.write_record(record)
        return Begun(run, record)
    run = RunDirectory.open(resume)
    if not any(run.checkpoints.glob("*.pt")):
        find_checkpoint(run.path)  # which says so
    state, damage = load_latest(run.checkpoints)
    if budget is not None and budget < (done := state["progress"][unit]):
        raise UsageError(f"--{unit} is {budget:,}, but the run has done {done:,} already.", "Ask for more.")
    return Begun(run, record, state, damage)


def about(assembly: Assembly, command: str, processes: int) -> dict[str, Json]:
    """What run.json says of every run; a later resumption finds the budget it was last given."""
    return {
        "command": command,
        "assembly": assembly.to_json(),
        "coral": __version__,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "processes": processes,
        "machine": machine(),
    }


def name_of(assembly: Assembly) -> str:
    """Environment, losses and seed, as a new run's directory is called."""
    losses = [choice.component for slot, choice in assembly.choices.items() if slot.endswith("-loss")]
    return "-".join([assembly.choices["env"].component, *losses, f"seed{assembly.settings.seed}"])

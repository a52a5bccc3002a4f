"""A saved agent: what its checkpoint says, and the agent itself, built without an environment."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from coral_cli.assembly.assemble import Assembler
from coral_cli.assembly.assembly import Assembly
from coral_cli.assembly.slots import ENV
from coral_cli.environments.foreign.records import unmade
from coral_cli.registry.catalog import Catalog, Entry, is_foreign
from coral_cli.registry.errors import AbsentError, UnreadableError, UsageError
from coral_cli.registry.options import Json
from coral_cli.registry.sensors import Sensor
from coral_cli.runs.checkpoint import load, read_metadata
from coral_cli.runs.directory import RunDirectory, find_checkpoint
from coral_cli.training.agent import Agent
from coral_cli.version import CORE


@dataclass(frozen=True)
class Saved:
    """A checkpoint's metadata; ``sensors`` are as the environment gives them, ``catalog`` has all of its parts."""

    path: Path
    metadata: Mapping[str, Json]
    assembler: Assembler
    sensors: Mapping[str, Sensor]
    action_size: int
    catalog: Catalog

    @property
    def assembly(self) -> Assembly:
        """The components, with their options."""
        return self.assembler.assembly

    @property
    def pretrained(self) -> bool:
        """Whether it is a representation alone, without a policy. Raises UnreadableError for a damaged run.json."""
        run = RunDirectory(self.path.parent.parent)  # checkpoints did not always say it themselves
        return bool(self.metadata.get("pretrained")) or (run.metadata.is_file() and "data" in run.read_metadata())

    def agent(self, device: torch.device) -> Agent:
        """Build the agent with its weights. Raises UnreadableError when they do not fit the assembly."""
        try:
            agent = self.assembler.agent(self.sensors, self.action_size, device)
        except AbsentError:  # which can be installed
            raise
        except UsageError as error:  # no flag has asked for it
            raise self._unfit(error) from error
        _, state = load(self.path)
        try:
            agent.load_weights(state["agent"]["weights"])
        except (KeyError, RuntimeError) as error:
            raise self._unfit(error) from error
        return agent

    def _unfit(self, error: Exception) -> UnreadableError:
        why = str(error).splitlines()[0].rstrip(".")
        return UnreadableError(f"{self.path} does not fit its own assembly ({why}).")


def open_saved(path: Path, catalog: Catalog, plays: bool = True) -> Saved:
    """Open a checkpoint, or a run's latest; where nobody ``plays``, a foreign environment need not be there.

    Raises UnreadableError when it cannot be read, PluginError when the catalog lacks one of its components.
    """
    path = find_checkpoint(path)
    metadata = read_metadata(path)
    assembly = Assembly.from_json(metadata.get("assembly"))
    try:
        sensors = {name: Sensor(name, s["kind"], tuple(s["shape"])) for name, s in metadata["sensors"].items()}
        if not plays:
            catalog = _unplayed(assembly, catalog, sensors)
        return Saved(path, metadata, Assembler(assembly, catalog), sensors, metadata["action_size"], catalog)
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(
            f"{path} does not say which sensors its agent has; it is from another version."
        ) from error


def _unplayed(assembly: Assembly, catalog: Catalog, sensors: Mapping[str, Sensor]) -> Catalog:
    """Return a catalog in which a foreign environment of ``assembly`` is a name alone, whose code is never run."""
    choice = assembly.choices[ENV.name]
    if choice.distribution != CORE or not is_foreign(choice.component):
        return catalog
    kinds = {name: sensor.kind for name, sensor in sensors.items()}
    return catalog.including(Entry(unmade(choice.component, kinds), CORE, choice.version))


def no_policy(checkpoint: Path, do: str, otherwise: str = "") -> UsageError:
    """Return the error for a pretrained representation, which was to ``do`` something that only a policy can."""
    return UsageError(
        f"{checkpoint} was pretrained: it has no policy that could {do}.",
        f"Train one: coral train --init-from {shlex.quote(str(checkpoint))}, with the flags of its representation"
        f"{otherwise}.",
    )


def metadata_of(assembly: Assembly, sensors: Mapping[str, Sensor], action_size: int) -> dict[str, Any]:
    """Return what a checkpoint must say so that ``open_saved`` can build the agent again."""
    return {
        "assembly": assembly.unobserved().to_json(),
        "sensors": {name: {"kind": sensor.kind, "shape": list(sensor.shape)} for name, sensor in sensors.items()},
        "action_size": action_size,
    }

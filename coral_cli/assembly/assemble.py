"""From an assembly to built objects: the environment and the agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coral_cli.assembly.assembly import Assembly, Choice
from coral_cli.assembly.slots import DISTRACTION, ENV, OBSERVER
from coral_cli.environments.recording import Recording
from coral_cli.registry.catalog import Catalog
from coral_cli.registry.contracts import DistractionModule, ObserverModule, PolicyInputs
from coral_cli.registry.errors import CoralError, UnreadableError, UsageError, within
from coral_cli.registry.records import Record, Split
from coral_cli.registry.sensors import RESERVED, Backend, Rendering, Sensor

if TYPE_CHECKING:
    import gymnasium
    import torch

    from coral_cli.representation.no_representation import NoRepresentation
    from coral_cli.representation.objective import Representation
    from coral_cli.training.agent import Agent
    from coral_cli.training.learner import Learner


class Assembler:
    """A builder of the parts that ``assembly`` names.

    Raises PluginError when the catalog lacks one of them, and UnreadableError for options that it does not have.
    """

    def __init__(self, assembly: Assembly, catalog: Catalog) -> None:
        self.assembly = assembly
        self._parts = {
            slot: self._part(catalog.locate(*choice.identity).record, choice)
            for slot, choice in assembly.choices.items()
        }

    @staticmethod
    def _part(record: Record, choice: Choice) -> tuple[Any, Any]:
        return record, choice.options_of(record)

    def environment(self, backend: Backend, split: Split = "training") -> gymnasium.Env[dict[str, Any], Any]:
        """Build the environment with distractions, drawing through ``backend`` at the final size (with crop margin)."""
        from coral_cli.environments.naming import Named

        settings = self.assembly.settings
        margin = settings.crop_margin or 0
        height, width = (side + margin for side in settings.image_shape)
        record, _ = self._parts[ENV.name]
        try:
            record.require()
        except UsageError as error:
            raise type(error)(f"{record.name} cannot be made here: {error.message}", error.hint) from None
        rendering = Rendering(height, width, settings.render_quality, backend, margin)
        return self._distracted(Named(self._build(ENV.name, rendering), ENV.name), split)

    def _distracted(self, env: gymnasium.Env[dict[str, Any], Any], split: Split) -> gymnasium.Env[dict[str, Any], Any]:
        from coral_cli.environments.distractions.wrapper import Distracted
        from coral_cli.environments.naming import NamedDistraction

        stack = {slot: part for slot, part in self._parts.items() if self.assembly.choices[slot].kind == DISTRACTION}
        if not stack:
            return env
        every, modules = self.every_sensor(env).values(), dict[str, list[DistractionModule]]()
        for slot, (record, _) in stack.items():
            sensors = [sensor for sensor in every if sensor.kind in record.sensors]
            once = record.scene and not record.per_camera
            for sensor in sensors[: 1 if once else None]:
                module = NamedDistraction(self._build(slot, sensor, split), slot)
                modules.setdefault(sensor.name, []).append(module)
        return Distracted(env, modules)

    def sensors(self, env: gymnasium.Env[dict[str, Any], Any]) -> dict[str, Sensor]:
        """Return the sensors in use, as the environment gives them."""
        every = self.every_sensor(env)
        self._require_sensors(every)
        return {name: every[name] for name in self.assembly.sensors}

    def every_sensor(self, env: gymnasium.Env[dict[str, Any], Any]) -> dict[str, Sensor]:
        """Return all sensors, in use or not. Raises CoralError when one is missing or has a reserved name."""
        spaces, kinds = env.observation_space.spaces, self._parts["env"][0].sensors  # type: ignore[attr-defined]
        missing = [name for name in kinds if name not in spaces]
        if missing:
            raise CoralError(f"the environment has no sensor {missing[0]!r}.", f"It has: {', '.join(spaces)}.")
        taken = [name for name in kinds if name in RESERVED or is_torchs(name)]
        if taken:
            raise CoralError(f"no sensor can be called {taken[0]!r}.", "Give it another name in the environment.")
        return {name: Sensor(name, kind, tuple(spaces[name].shape)) for name, kind in kinds.items()}

    def seen(self, sensors: Mapping[str, Sensor]) -> dict[str, Sensor]:
        """Return the sensors as the model sees them: images without the crop margin."""
        margin = self.assembly.settings.crop_margin or 0
        return {
            name: replace(s, shape=(s.shape[0] - margin, s.shape[1] - margin, s.shape[2])) if s.spatial else s
            for name, s in sensors.items()
        }

    def agent(self, sensors: Mapping[str, Sensor], action_size: int, device: torch.device) -> Agent:
        """Build a new agent for the sensors as the environment gives them."""
        from coral_cli.training.agent import Agent

        self._require_sensors(sensors)
        seen = self.seen(sensors)
        representation = self._representation(seen, action_size)
        vectors = {name: sensor.shape[0] for name, sensor in seen.items() if name not in self.assembly.encoded}
        policy = self._build("policy", PolicyInputs(representation.feature_size, vectors), action_size)
        return Agent(representation, policy, seen, action_size, device)

    def learner(self, agent: Agent) -> Learner:
        """Make what trains ``agent``, one that this assembly describes."""
        from coral_cli.training.learner import Learner, LearnerOptions

        settings, imagines = self.assembly.settings, self._parts["policy"][0].imagines
        options = LearnerOptions(
            settings.model_lr,
            settings.model_clip,
            settings.precision,
            settings.freeze,
            imagines,
            settings.lr_drops,
            settings.lr_drop_factor,
        )
        return Learner(agent, options)

    def _require_sensors(self, given: Mapping[str, Sensor]) -> None:
        """Raise UnreadableError where a saved assembly asks for sensors that are absent, or its parts do not take."""
        margin = self.assembly.settings.crop_margin or 0
        for name in self.assembly.sensors:
            sensor, slots = given.get(name), (f"{name}-loss", f"{name}-encoder")
            takers = [self._parts[slot][0] for slot in slots if slot in self._parts]
            if sensor is None or any(sensor.kind not in taker.sensors for taker in takers):
                raise UnreadableError(f"the saved assembly asks for another sensor {name!r} than there is.")
            if sensor.spatial and min(sensor.shape[:2]) <= margin:
                raise UnreadableError(f"the saved assembly crops the sensor {name!r} away.")

    def observers(self) -> dict[str, Callable[[Path], ObserverModule]]:
        """Return what makes each observer, from a run's directory, by the name that selects it."""
        return {
            slot.removeprefix(f"{OBSERVER}."): partial(record.build, options)
            for slot, (record, options) in self._parts.items()
            if self.assembly.choices[slot].kind == OBSERVER
        }

    def _representation(self, seen: Mapping[str, Sensor], action_size: int) -> Representation | NoRepresentation:
        from coral_cli.representation.heads import HeadSizes
        from coral_cli.representation.no_representation import NoRepresentation
        from coral_cli.representation.objective import Representation, Term

        if not self.assembly.encoded:
            return NoRepresentation()
        settings, env = self.assembly.settings, self._parts["env"][0]
        encoders = {name: self._build(f"{name}-encoder", seen[name]) for name in self.assembly.encoded}
        rssm = self._build("rssm", sum(encoder.size for encoder in encoders.values()), action_size)
        feature_size = rssm.latent_size + rssm.hidden_size
        terms = {
            name: Term(
                self._loss(f"{name}-loss", seen[name], encoder.size, feature_size),
                self._parts[f"{name}-loss"][1].weight,
            )
            for name, encoder in encoders.items()
        }
        heads = HeadSizes(
            settings.head_hidden,
            settings.head_layers,
            reward=settings.reward_weight,
            inverse_dynamics=settings.inverse_dynamics,
            continues=env.terminates,
            rewarded=not isinstance(env, Recording) or env.rewarded,
        )
        return Representation(seen, encoders, rssm, terms, self._parts["objective"][1], heads, action_size)

    def _loss(self, slot: str, *arguments: object) -> Any:
        """Build a sensor's loss, or one for each kind of latent sample."""
        from coral_cli.representation.losses.apart import Apart

        loss = self._build(slot, *arguments)
        return Apart(loss, self._build(slot, *arguments)) if self._parts["objective"][1].separate else loss

    def _build(self, slot: str, *arguments: object) -> Any:
        record, options = self._parts[slot]
        with within(slot):
            return record.build(options, *arguments)


def is_torchs(name: str) -> bool:
    """Return whether torch keeps a sensor's modules from being found by its name."""
    from torch import nn

    return hasattr(nn.ModuleDict, name)

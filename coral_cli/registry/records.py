"""Component records: what a plugin yields from its hooks.

A record is frozen data: a name, one sentence, default options and a typed ``build`` function. ``build``
imports what it needs inside its body, so that yielding a record costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from coral_cli.registry.objective_options import ObjectiveOptions
from coral_cli.registry.options import Json, LossOptions, NoOptions
from coral_cli.registry.sensors import Rendering, Sensor, SensorKind

if TYPE_CHECKING:
    from pathlib import Path

    import gymnasium

    from coral_cli.registry.contracts import (
        DistractionModule,
        EncoderModule,
        LossModule,
        ObserverModule,
        PolicyInputs,
        PolicyModule,
        RssmModule,
    )
    from coral_cli.registry.jobs import EngineModule
    from coral_cli.registry.recorded import RecordingModule

COUNTED = frozenset({"return", "length"})
"""Names that an environment's metrics cannot have: they are counted of every episode."""

RECORDING = "recording("
"""How the name of an environment begins of which there are recordings alone."""

Split = Literal["training", "evaluation"]


@dataclass(frozen=True)
class Loss:
    """A self-supervised loss for one sensor.

    ``build(options, sensor, embedding_size, feature_size)`` returns a LossModule. ``sensors`` are the kinds it takes,
    ``paradigm`` names the objective that it needs (None: any). ``crop`` asks for images with a margin, cropped at
    random.
    """

    kind: ClassVar[str] = "loss"
    name: str
    summary: str
    build: Callable[[Any, Sensor, int, int], LossModule]
    options: LossOptions = field(default_factory=LossOptions)
    sensors: tuple[SensorKind, ...] = ("image", "vector", "depth")
    paradigm: Literal["variational", "predictive"] | None = None
    crop: bool = False


@dataclass(frozen=True)
class Encoder:
    """A map from one sensor to an embedding. ``build(options, sensor)`` returns an EncoderModule.

    ``sensors`` are the kinds it takes.
    """

    kind: ClassVar[str] = "encoder"
    name: str
    summary: str
    build: Callable[[Any, Sensor], EncoderModule]
    options: object = NoOptions()
    sensors: tuple[SensorKind, ...] = ("image", "vector", "depth")


@dataclass(frozen=True)
class Rssm:
    """A recurrent state space model. ``build(options, embedding_size, action_size)`` returns an RssmModule.

    Without ``build`` there is no representation: the policy sees raw vectors.
    """

    kind: ClassVar[str] = "rssm"
    name: str
    summary: str
    build: Callable[[Any, int, int], RssmModule] | None
    options: object = NoOptions()


@dataclass(frozen=True)
class Policy:
    """A policy acts on features and learns from them. ``build(options, inputs, action_size)`` returns a PolicyModule.

    ``imagines`` asks for ``Experience.world``. ``defaults`` are values by flag that stand in for others' defaults when
    this policy is chosen, such as ``{"batch-size": 50}``.
    """

    kind: ClassVar[str] = "policy"
    name: str
    summary: str
    build: Callable[[Any, PolicyInputs, int], PolicyModule]
    options: object = NoOptions()
    imagines: bool = False
    defaults: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Objective:
    """A named setting of the common form: which latent the losses see, and the KL weights."""

    kind: ClassVar[str] = "objective"
    name: str
    summary: str
    options: ObjectiveOptions = field(default_factory=ObjectiveOptions)


def nothing() -> None:
    """Do nothing: there is no requirement."""


def no_note(options: Any, sensors: Collection[str]) -> str:
    """Return "": there is nothing to tell."""
    return ""


@dataclass(frozen=True)
class Environment:
    """A task. ``build(options, rendering)`` returns a ``gymnasium.Env``.

    Its observation space is a ``Dict`` with one entry per name in ``sensors``; its action space is a Box
    from -1 to 1. One ``step`` is one action, with rewards summed over the action repeat; the attribute
    ``action_repeat`` (1 when missing) says how many environment steps that is; ``scene``, if there is one, is a Scene
    that distractions may change. Where cameras differ, it is that of the one that draws first, and ``scenes`` holds
    each sensor's. ``suite`` and ``action_size`` are for lists. ``render()`` returns an
    outside view, (H, W, 3) uint8 (``render_mode="rgb_array"``). ``info["metrics"]`` at an episode's last
    step may hold numbers to report; ``"success"`` among them is reported as a rate. ``info["missing"]`` of any reset or
    step may name sensors that gave nothing this time. ``hidden_state()``, if there is one, says what the simulator
    knows of the state after a reset or step, for ``coral probe``: arrays (D,) by name, the same names at every step,
    angles as cosines and sines. ``terminates`` says whether an episode can end in a terminal state, which a continue
    head then learns to predict. ``defaults`` are values by flag (``{image}`` and ``{vector}`` stand for every sensor of
    that kind) that stand in for others' defaults in this environment. ``require`` is called before ``build``, and by
    lists, so it must be quick: it raises AbsentError or UsageError when something that it needs beside coral is missing
    or does not fit. ``no_image`` says why there is no image sensor where one could be, and what mends that; it is empty
    where nothing is to be said. ``note``, called with options and the sensors in use, returns a sentence to be told
    before training with them, or "".
    """

    kind: ClassVar[str] = "environment"
    name: str
    summary: str
    build: Callable[[Any, Rendering], gymnasium.Env[dict[str, Any], Any]]
    options: object = NoOptions()
    sensors: Mapping[str, SensorKind] = field(default_factory=lambda: {"image": "image", "proprio": "vector"})
    terminates: bool = True
    defaults: Mapping[str, Json] = field(default_factory=dict)
    suite: str = ""
    action_size: int | None = None
    require: Callable[[], None] = nothing
    no_image: tuple[str, str] = ("", "")
    note: Callable[[Any, Collection[str]], str] = no_note


@dataclass(frozen=True)
class Distraction:
    """A change of what a sensor shows. ``build(options, sensor, split)`` returns a DistractionModule for one sensor.

    ``split`` tells training from evaluation, whose clips must be disjoint. ``sensors`` are the kinds it takes.
    ``scene`` says that it changes the simulated scene itself, which not every environment lets it do. It is then built
    for one sensor alone, as all cameras show the change, unless ``per_camera`` says that it changes a camera.
    """

    kind: ClassVar[str] = "distraction"
    name: str
    summary: str
    build: Callable[[Any, Sensor, Split], DistractionModule]
    options: object = NoOptions()
    sensors: tuple[SensorKind, ...] = ("image",)
    scene: bool = False
    per_camera: bool = False


@dataclass(frozen=True)
class Observer:
    """An observer hears every event of a run, and changes nothing. ``build(options, run)`` returns an ObserverModule.

    ``run`` is the run's directory, in which an observer may write. It is built again when the run is resumed.
    """

    kind: ClassVar[str] = "observer"
    name: str
    summary: str
    build: Callable[[Any, Path], ObserverModule]
    options: object = NoOptions()


@dataclass(frozen=True)
class Engine:
    """What the runs of a sweep are done on. ``build(options, folder, most)`` returns an EngineModule.

    ``folder`` is the sweep's directory, in which an engine may keep files of its own; it is there once jobs are
    submitted. At most ``most`` jobs run at a time; None leaves it to the engine. ``here`` says that they run on this
    machine, so that what they take can be measured on it before they begin.
    """

    kind: ClassVar[str] = "engine"
    name: str
    summary: str
    build: Callable[[Any, Path, int | None], EngineModule]
    options: object = NoOptions()
    here: bool = False


@dataclass(frozen=True)
class Reader:
    """What reads recordings in a format of others. ``build(options, source)`` returns a RecordingModule.

    ``source`` is what the user named: an absolute path where there is a file or a directory, else the words as they
    were written. ``takes`` says in a few words what that is, such as ``a dataset's directory``.
    """

    kind: ClassVar[str] = "reader"
    name: str
    summary: str
    build: Callable[[Any, str], RecordingModule]
    options: object = NoOptions()
    takes: str = "a file or a directory"


@dataclass(frozen=True)
class Command:
    """A command of its own, ``coral NAME``. ``run(options)`` does it and returns the exit code.

    A name of two words, such as ``hub push``, is one of a group's commands. ``arguments`` are the names of up to two
    options, of text without a default, that must be given, in this order and without a flag.
    """

    kind: ClassVar[str] = "command"
    name: str
    summary: str
    run: Callable[[Any], int]
    options: object = NoOptions()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One more line of ``coral doctor``. ``run()`` says in a few words what works, and raises what does not.

    An AbsentError stands for something optional, whose absence is no fault.
    """

    kind: ClassVar[str] = "check"
    options: ClassVar[object] = NoOptions()
    name: str
    summary: str
    run: Callable[[], str]


Record: TypeAlias = (
    Loss
    | Encoder
    | Rssm
    | Policy
    | Objective
    | Environment
    | Distraction
    | Observer
    | Engine
    | Reader
    | Command
    | Check
)
KINDS: Mapping[str, type[Record]] = {
    record.kind: record
    for record in (
        Environment,
        Loss,
        Encoder,
        Rssm,
        Objective,
        Policy,
        Distraction,
        Observer,
        Engine,
        Reader,
        Command,
        Check,
    )
}
"""The kinds of record by name, in the order in which lists show them."""

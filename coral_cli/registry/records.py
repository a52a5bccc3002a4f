"""Component records: what a plugin yields from its hooks.

A record is frozen data: a name, one sentence, default options and a typed ``build`` function. ``build``
imports what it needs inside its body, so that yielding a record costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from coral_cli.registry.options import Help, Json, LossOptions, NoOptions

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

SensorKind = Literal["image", "vector", "depth"]
RESERVED = frozenset({"action", "reward", "terminated", "missing", "kl", "continue", "inverse"})
"""Names that no sensor can have: a recorded step and the objective hold them beside the sensors."""

COUNTED = frozenset({"return", "length"})
"""Names that an environment's metrics cannot have: they are counted of every episode."""

RECORDING = "recording("
"""How the name of an environment begins of which there are recordings alone."""

Split = Literal["training", "evaluation"]
Backend = Literal["egl", "osmesa", "raycast"]
Fit = Literal["pad", "crop", "squeeze"]
"""How a picture comes to another shape: between black bars, cut off at its sides, or distorted."""


@dataclass(frozen=True)
class Sensor:
    """One named stream of observations.

    An ``image`` is ``(H, W, C)`` uint8, a ``vector`` is ``(D,)`` float32, ``depth`` is ``(H, W, 1)`` float32 in metres.
    The model sees an image as ``x / 255 - 0.5``, a vector normalised, and depth, cut off at 4 metres, as
    ``x / 4 - 0.5``.
    """

    name: str
    kind: SensorKind
    shape: tuple[int, ...]

    @property
    def spatial(self) -> bool:
        """Whether the sensor has height and width."""
        return self.kind != "vector"


@dataclass(frozen=True)
class Rendering:
    """The wish how an environment draws its image sensors.

    ``margin`` of the pixels of either side are for random crops: the model sees the rest.
    """

    height: int = 64
    width: int = 64
    quality: Literal["fast", "smooth", "paper"] = "fast"
    backend: Backend = "raycast"
    margin: int = 0


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
class ObjectiveOptions:
    """The weights of the objective, in the common form of both paradigms.

    For each sensor's loss L: ``posterior * L(posterior sample) + prior * L(prior sample, t >= 1)``, plus
    ``dynamics * KL(sg q, p) + representation * KL(q, sg p)``, each KL clamped from below at ``free_nats`` per step.
    With ``open_loop`` H > 1 the prior's term is the mean over samples 1..H steps after the last observation seen.

    What follows is off by default. ``hide`` leaves stretches of images, of up to ``hide_longest`` steps, out of the
    posterior while the losses still count on them; with ``prior_where`` ``"hidden"`` prior samples count on these steps
    alone. ``rate`` R multiplies both KL weights by a beta that brings the KL to R nats per step. ``balance`` makes
    ``posterior`` and ``prior`` shares of the gradient at the latent. ``separate`` gives each loss two sets of weights,
    for posterior and prior samples.
    """

    posterior: Annotated[float, Help("Weight of every loss on the posterior sample.", min=0)] = 1.0
    prior: Annotated[float, Help("Weight of every loss on the prior sample (steps t >= 1).", min=0)] = 0.0
    dynamics: Annotated[float, Help("Weight of KL(sg q, p), which trains the prior.", min=0)] = 0.8
    representation: Annotated[float, Help("Weight of KL(q, sg p), which trains the posterior.", min=0)] = 0.2
    free_nats: Annotated[float, Help("Nats per step below which a KL costs a constant.", min=0)] = 1.0
    open_loop: Annotated[
        int,
        Help(
            "Prior samples are also rolled this many steps ahead; each step weighs prior / open-loop.", min=1, max=2**12
        ),
    ] = 1
    hide: Annotated[
        float,
        Help(
            "Probability that a stretch of a sequence's images is hidden from the latent; losses count there, too.",
            min=0,
            max=1,
        ),
    ] = 0.0
    hide_longest: Annotated[int, Help("Most steps of such a stretch.", min=1, max=2**12)] = 16
    prior_where: Annotated[
        Literal["everywhere", "hidden"], Help("Where losses on prior samples count: hidden is where images are hidden.")
    ] = "everywhere"
    rate: Annotated[
        float, Help("Nats per step to which the KL is brought by moving its weights (0: they stay).", min=0)
    ] = 0.0
    balance: Annotated[
        bool, Help("The weights of posterior and prior are shares of the gradient at the latent, not of the losses.")
    ] = False
    separate: Annotated[
        bool, Help("Every loss has projections or decoders of its own for posterior and for prior samples.")
    ] = False


@dataclass(frozen=True)
class Objective:
    """A named setting of the common form: which latent the losses see, and the KL weights."""

    kind: ClassVar[str] = "objective"
    name: str
    summary: str
    options: ObjectiveOptions = ObjectiveOptions()


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

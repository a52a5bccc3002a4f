"""What the built components must offer. Axes: B sequences, T steps, A action size, F features, E embedding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor
    from torch.optim import Optimizer

    from coral_cli.registry.events import Event
    from coral_cli.registry.records import Sensor


@dataclass(frozen=True)
class LossBatch:
    """What a loss sees of one sensor.

    ``target`` is the normalised observation, (B, T, D) or for an image (B, T, C, H, W), ``embedding`` (B, T, E) the
    encoder's output, ``features`` (B, T, F) the latent state chosen by the objective, ``mask`` (B, T) true where a step
    is valid and the sensor was there (None: everywhere).
    """

    target: Tensor
    embedding: Tensor
    features: Tensor
    mask: Tensor | None = None


@dataclass(frozen=True)
class PolicyInputs:
    """The inputs of a policy, along the last axis: the latent's ``features``, then each raw vector of ``vectors``.

    ``vectors`` (sizes by sensor) is empty with joint fusion; ``features`` is 0 when there is no representation.
    """

    features: int
    vectors: Mapping[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The size of everything together."""
        return self.features + sum(self.vectors.values())


class World(Protocol):
    """The learned model as a simulator, for policies that imagine. N states at once."""

    h: Tensor
    """Deterministic states (N, H), detached: every valid posterior state of the batch, to start from."""
    z: Tensor
    """The samples (N, Z) that go with ``h``, detached."""

    def step(self, h: Tensor, z: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next (h, z), z a reparameterised sample of the prior."""
        ...

    def features(self, h: Tensor, z: Tensor) -> Tensor:
        """Return what heads and policies see of a state, (N, F)."""
        ...

    def reward(self, features: Tensor) -> Tensor:
        """Return the mean reward (...) of arriving in a state (..., F)."""
        ...

    def continues(self, features: Tensor) -> Tensor:
        """Return the probability (...) that a state (..., F) is not terminal; 1 without a continue head."""
        ...


@dataclass(frozen=True)
class Experience:
    """What a policy learns from, all (B, T, ...): ``actions[:, t]`` and ``rewards[:, t]`` led to ``features[:, t]``.

    ``features`` (B, T, PolicyInputs.size) are detached; ``terminated`` (B, T) is true where no future follows; ``mask``
    is as in LossBatch. ``world`` is there for policies that imagine.
    """

    features: Tensor
    actions: Tensor
    rewards: Tensor
    terminated: Tensor
    mask: Tensor | None = None
    world: World | None = None


class Scene(Protocol):
    """What a simulated environment lets distractions see and change of what it draws for the agent.

    ``prepare`` is called before each frame. Who replaces the sky sets ``cut_out`` there, for that frame: the sky is not
    drawn then, and ``background(False)`` costs nothing more.
    """

    @property
    def model(self) -> Any:
        """The compiled ``mujoco.MjModel``: changes are drawn from the next frame on. Episodes may differ in it."""
        ...

    @property
    def camera(self) -> int:
        """The index of the camera that draws the agent's image."""
        ...

    prepare: Callable[[], None] | None
    cut_out: bool

    def background(self, floor: bool) -> NDArray[Any]:
        """Return a mask (H, W) of the last frame: true in the sky, or, with ``floor``, in a plane that never moves."""
        ...


class DistractionModule(Protocol):
    """What changes one sensor: ``begin`` comes first in every episode, then in each step ``prepare`` and ``change``."""

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        """Begin an episode, before its first frame is drawn; everything random must come from ``random``."""
        ...

    def prepare(self, scene: Scene) -> None:
        """Change the scene before a frame is drawn; only called where there is a scene."""
        ...

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any] | None:
        """Return the value as the agent gets it, of the same shape and dtype, or None: the sensor gives nothing.

        ``value`` may be changed in place.
        """
        ...


class EncoderModule(Protocol):
    """A torch module from normalised values, (N, D), of images and depth (N, C, H, W), to embeddings (N, size)."""

    size: int

    def __call__(self, observation: Tensor, /) -> Tensor: ...


class LossModule(Protocol):
    """A torch module from a LossBatch to a scalar in nats and named scalar metrics.

    An attribute ``learning_rates`` (parameter name to rate) gives single parameters their own rate.
    """

    def __call__(self, batch: LossBatch, /) -> tuple[Tensor, dict[str, Tensor]]: ...


D = TypeVar("D", bound="Latent")


class Latent(Protocol):
    """A distribution over the stochastic state z, of any leading shape."""

    @property
    def mean(self) -> Tensor: ...

    def sample(self) -> Tensor:
        """Draw a reparameterised (or straight-through) sample."""
        ...

    def kl(self: D, other: D) -> Tensor:
        """Return KL(self, other) in nats, summed over the latent's dimensions."""
        ...

    def detach(self: D) -> D: ...


@dataclass(frozen=True)
class Trajectory:
    """A filtered batch: ``h`` (B, T, H), ``posterior`` over (B, T), its samples ``z`` (B, T, Z)."""

    h: Tensor
    z: Tensor
    posterior: Any


class RssmModule(Protocol):
    """A torch module that is a recurrent state space model. The features of a state are ``[z, h]``.

    An attribute ``inputs`` (parameter name to the sizes of its input's blocks, by name, in order; ``embedding`` for all
    sensors) lets a weight be taken over in part where another action size or other sensors change its shape.
    """

    hidden_size: int
    latent_size: int

    def predict(self, h: Tensor, z: Tensor, action: Tensor) -> Tensor:
        """Return the next deterministic state h_t from (h_{t-1}, z_{t-1}, a_{t-1})."""
        ...

    def prior(self, h: Tensor) -> Any:
        """Return p(z_t | h_t), a Latent."""
        ...

    def update(self, h: Tensor, embedding: Tensor) -> Any:
        """Return q(z_t | h_t, e_t), a Latent."""
        ...

    def scan(self, embeddings: Tensor, actions: Tensor) -> Trajectory:
        """Filter embeddings (B, T, E) and actions (B, T, A) from a zero state; ``actions[:, t]`` led to step t."""
        ...


class PolicyModule(Protocol):
    """A torch module that owns its optimisers."""

    def act(self, features: Tensor, explore: bool) -> Tensor:
        """Return actions (B, A) in [-1, 1]: sampled to explore, else the mean action."""
        ...

    def update(self, experience: Experience) -> dict[str, Tensor]:
        """Do one gradient step and return named scalar metrics."""
        ...

    def optimizers(self) -> dict[str, Optimizer]: ...


class ObserverModule(Protocol):
    """A callable that gets each event of a run, in order, in the process that trains: be quick.

    One that raises is named in a warning, closed, and called no more.
    """

    def __call__(self, event: Event, /) -> None: ...

    def close(self) -> None:
        """Finish; this is the last call, after the run's ``end`` event or when the observer has raised."""
        ...


@dataclass(frozen=True)
class Job:
    """A training of a sweep: ``command``, word by word, to be started in ``directory``.

    ``name`` is its own among those of the sweep. What it prints, on both streams, is appended to ``log``, whose folder
    is there. SIGTERM asks it to save and end, within a minute or so; another exit code than 0 follows. The same command
    goes on with what it had saved, wherever the directory is seen, and ends with 0 once all is done.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    log: Path


JobState: TypeAlias = Literal["pending", "running", "done", "failed", "preempted"]


@dataclass(frozen=True)
class JobStatus:
    """What has become of a job.

    ``state`` is ``pending`` before it runs, ``done`` after exit code 0, ``failed`` after any other, and ``preempted``
    where it was cut off by no fault of its own. ``reason`` says in a few words why it failed or was cut off.
    """

    state: JobState
    reason: str = ""


class EngineModule(Protocol):
    """What runs the jobs of a sweep. No method waits for a job; each may raise UsageError or another CoralError."""

    about: str
    """How jobs are run, in a few words, such as ``2 at a time, 1 thread each``."""

    def submit(self, jobs: Sequence[Job]) -> None:
        """Take on ``jobs``, to be started in their order.

        One that is over may be submitted again: that is how a preempted one goes on. An engine that puts it back into
        its queue by itself says ``pending`` instead.
        """
        ...

    def poll(self) -> Mapping[str, JobStatus]:
        """Return the status of every job that was submitted, by name. It is called about twice a second."""
        ...

    def cancel(self, at_once: bool) -> None:
        """Start nothing more, and have what runs save and end; ``at_once``, end it without. All these are preempted.

        It may be called again. ``poll`` says when they have ended.
        """
        ...

    def close(self) -> None:
        """Let go of everything, jobs that still run included; this is the last call.

        An engine of other machines may leave them running: it is what happens when a terminal is closed. Another
        process then submits the same jobs, and the engine has to know which of them are there already.
        """
        ...


@dataclass(frozen=True)
class RecordedEpisode:
    """An episode of a recording: N actions, each with what came before it and what it led to.

    ``observations`` has by sensor N + 1 values one after another, or N where nothing was seen after the last action: an
    array, or anything that yields each as it is stored. They are read once, one sensor after the other. ``actions``
    (N, A) are as recorded. ``rewards`` (N,) are those of each action, None where nobody was paid. ``terminated`` (N,)
    is true where no future follows what the action led to, and not where the recording was only cut off. ``metrics``
    are numbers to report of it, such as ``success``.
    """

    observations: Mapping[str, Iterable[NDArray[Any]]]
    actions: NDArray[Any]
    rewards: NDArray[Any] | None
    terminated: NDArray[Any]
    metrics: Mapping[str, float] = field(default_factory=dict)


class RecordingModule(Protocol):
    """Recordings of one robot, opened to be read. Each method may raise UnreadableError, UsageError or AbsentError."""

    @property
    def sensors(self) -> Mapping[str, Sensor]:
        """What there is to observe, by the recordings' own names."""
        ...

    @property
    def action_size(self) -> int:
        """The numbers of an action, A."""
        ...

    @property
    def episodes(self) -> int:
        """How many there are."""
        ...

    @property
    def bounds(self) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """The lowest and the highest action (A,), where the format says them."""
        ...

    @property
    def fps(self) -> float | None:
        """Steps per second, where the format says them."""
        ...

    @property
    def lossy(self) -> bool:
        """Whether pictures have lost detail where they are stored."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What a user must know of how it was read, in sentences."""
        ...

    def episode(self, number: int, sensors: Collection[str]) -> RecordedEpisode:
        """Return an episode, with the values of ``sensors`` alone.

        Numbers come in ascending order, first all without sensors, which must be quick, then all with them.
        """
        ...

    def close(self) -> None:
        """Let go of files; this is the last call."""
        ...

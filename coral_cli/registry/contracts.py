"""What the parts of an agent must offer. Axes: B sequences, T steps, A action size, F features, E embedding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor
    from torch.optim import Optimizer

    from coral_cli.registry.events import Event


@dataclass(frozen=True)
class LossBatch:
    """What a loss sees of one sensor.

    ``target`` is the normalised observation, (B, T, D) or for an image (B, T, C, H, W), ``embedding`` (B, T, E) the
    encoder's output, ``features`` (B, T, F) the latent state chosen by the objective, ``mask`` (B, T) true where a step
    is valid and the sensor was there (None: everywhere). ``latent`` says what the features were sampled from.
    """

    target: Tensor
    embedding: Tensor
    features: Tensor
    mask: Tensor | None = None
    latent: Literal["posterior", "prior"] = "posterior"


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

"""The options of an objective: which latents the losses see, and what the KL weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from coral_cli.registry.options import Help


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

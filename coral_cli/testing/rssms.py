"""Whether a recurrent state space model keeps the contract of ``Rssm`` and ``RssmModule``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from coral_cli.registry.contracts import Trajectory
from coral_cli.registry.records import Rssm
from coral_cli.testing import toys
from coral_cli.testing.failures import failures_of, require, settle
from coral_cli.testing.records import RECORD
from coral_cli.testing.tensors import (
    half,
    moved,
    reloaded,
    require_finite,
    require_module,
    require_same,
    require_shape,
    require_untouched,
    seeded,
)

BATCH, STEPS = 3, 4


@dataclass(frozen=True)
class Case:
    """An RSSM and the options to build it with."""

    record: Rssm
    options: object

    def build(self) -> Any:
        assert self.record.build is not None
        return self.record.build(self.options, toys.EMBEDDING, toys.ACTION)

    def module(self) -> Any:
        """Build the RSSM, always with the same weights."""
        return seeded(self.build)


def check_rssm(record: Rssm, options: object | None = None) -> None:
    """Raise ConformanceError where ``record``, built with ``options`` (default: its own), breaks a rule."""
    failures = failures_of(record, RECORD)
    if record.build is not None and not failures:
        case = Case(record, options or record.options)
        rules = (_steps, _gradient, _batch_of_one, _half_precision, _state, _blocks)
        failures = failures_of(case, (_build,), (_latents,), (_scan,), (_inputs,), (_seed,), rules)
    settle(f"rssm {record.name!r}", failures)


def _build(case: Case) -> None:
    module = case.module()
    require_module(module)
    for name in ("hidden_size", "latent_size"):
        size = getattr(module, name, None)
        require(type(size) is int and size > 0, f"{name} is {size!r}.", f"Set self.{name} to the size of h or z.")


def _latents(case: Case) -> None:
    """Require the parts' shapes, and a KL that deserves its name."""
    module = case.module()
    h, z, action, embedding = states(module)
    with torch.no_grad():
        require_shape("predict(h, z, action)", module.predict(h, z, action), tuple(h.shape))
        prior, posterior = module.prior(h), module.update(h, embedding)
        for name, latent in (("prior", prior), ("posterior", posterior)):
            require_shape(f"the {name}'s mean", latent.mean, tuple(z.shape))
            require_shape(f"the {name}'s sample", seeded(latent.sample), tuple(z.shape))
        kl = posterior.kl(prior)
        require_shape("the KL", kl, (BATCH,))
        require_finite("the KL", kl)
        hint = "Sum KL(self, other) over the latent's dimensions, in nats."
        require(bool((kl >= -1e-5).all()), "a KL is negative.", hint)
        require(bool((prior.kl(prior).abs() < 1e-4).all()), "the KL of a latent to itself is not 0.", hint)
    fixed = module.prior(h).detach()
    require(not fixed.mean.requires_grad, "detach() of a latent keeps the gradient.", "Detach all its tensors.")


def _scan(case: Case) -> None:
    module = case.module()
    trajectory = scanned(module)
    require(isinstance(trajectory, Trajectory), f"scan gives {type(trajectory).__name__}.", "Return a Trajectory.")
    require_shape("h of the scan", trajectory.h, (BATCH, STEPS, module.hidden_size))
    require_shape("z of the scan", trajectory.z, (BATCH, STEPS, module.latent_size))
    require_shape("the posterior's mean of the scan", trajectory.posterior.mean, tuple(trajectory.z.shape))


def _steps(case: Case) -> None:
    """Require that scanning is predicting and updating step by step, from zero, which is how the agent acts."""
    module = case.module()
    embeddings, actions = sequence()
    trajectory = scanned(module)
    hint = "Let scan go from h = z = 0 through predict(h, z, actions[:, t]) and update(h, embeddings[:, t])."
    h, z = torch.zeros_like(trajectory.h[:, 0]), torch.zeros_like(trajectory.z[:, 0])
    for t in range(STEPS):
        h = module.predict(h, z, actions[:, t])
        require_same(f"h at step {t} of a scan", trajectory.h[:, t], h, "is not what predict gives.", hint)
        mean, z = module.update(h, embeddings[:, t]).mean, trajectory.z[:, t]
        at_t = trajectory.posterior.mean[:, t]
        require_same(f"the posterior at step {t} of a scan", at_t, mean, "is not what update gives.", hint)


def _gradient(case: Case) -> None:
    """Require a gradient through samples of the last step back to the first embedding and action."""
    module = case.module()
    embeddings, actions = (tensor.requires_grad_() for tensor in sequence())
    trajectory = seeded(lambda: module.scan(embeddings, actions))
    (trajectory.z[:, -1].sum() + trajectory.h[:, -1].sum()).backward()
    require(moved(module.parameters()), "no gradient reaches its parameters.", "Compute states from parameters.")
    for name, tensor in (("embedding", embeddings), ("action", actions)):
        require(
            tensor.grad is not None and bool(tensor.grad[:, 0].any()),
            f"no gradient reaches the first {name} from the last step.",
            "Let samples be reparameterised (or straight-through), and detach no state.",
        )


def _batch_of_one(case: Case) -> None:
    """Require that one sequence of two steps can be filtered."""
    module = case.module()
    trajectory = seeded(lambda: module.scan(torch.ones(1, 2, toys.EMBEDDING), torch.ones(1, 2, toys.ACTION)))
    require_shape("h of one sequence of two steps", trajectory.h, (1, 2, module.hidden_size))
    require_finite("h of one sequence of two steps", trajectory.h)


def _half_precision(case: Case) -> None:
    """Call the RSSM as updates in bf16 do: embeddings are in that precision, states stay in single."""
    module = case.module()
    embeddings, actions = sequence()
    with half():
        trajectory = seeded(lambda: module.scan(embeddings.bfloat16(), actions))
        kl = trajectory.posterior.kl(module.prior(trajectory.h))
    require_shape("h of a scan in bf16", trajectory.h, (BATCH, STEPS, module.hidden_size))
    require_shape("z of a scan in bf16", trajectory.z, (BATCH, STEPS, module.latent_size))
    require_finite("the KL in bf16", kl)
    if kl.requires_grad:
        kl.sum().backward()


def _seed(case: Case) -> None:
    module = case.module()
    hint = "Draw all that is random from torch's own generator."
    require_same("z", scanned(module).z, scanned(module).z, "differs from scan to scan with the same seed.", hint)


def _inputs(case: Case) -> None:
    inputs = sequence()
    case.module().scan(*inputs)
    require_untouched(sequence(), inputs)


def _state(case: Case) -> None:
    module = case.module()
    one, other = scanned(module), scanned(reloaded(case.build, module))
    hint = "Keep all that matters in parameters and buffers."
    require_same("h of a scan", one.h, other.h, "changes when its state is loaded again.", hint)


def _blocks(case: Case) -> None:
    """Require that ``inputs``, where there is any, names weights and cuts them exactly."""
    module = case.module()
    inputs: Mapping[str, Mapping[str, int]] = getattr(module, "inputs", {})
    weights = dict(module.named_parameters())
    for name, blocks in inputs.items():
        require(name in weights, f"inputs names {name!r}, which is no parameter.", "Name parameters.")
        require(
            sum(blocks.values()) == weights[name].shape[-1],
            f"inputs of {name!r} add up to {sum(blocks.values())}, and it has {weights[name].shape[-1]} columns.",
            "Give every block of its columns its size, in order.",
        )


def states(module: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draw random h, z, action and embedding, always the same."""
    sizes = (module.hidden_size, module.latent_size, toys.ACTION, toys.EMBEDDING)
    return seeded(lambda: tuple(torch.randn(BATCH, size).tanh() for size in sizes))  # type: ignore[return-value]


def sequence() -> tuple[Tensor, Tensor]:
    """Draw random embeddings (B, T, E) and actions (B, T, A), always the same."""
    return seeded(lambda: (torch.randn(BATCH, STEPS, toys.EMBEDDING), torch.rand(BATCH, STEPS, toys.ACTION) * 2 - 1))


def scanned(module: Any) -> Any:
    """Return a seeded scan of a fixed sequence."""
    return seeded(lambda: module.scan(*sequence()))

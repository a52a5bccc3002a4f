"""The built-in encoders, losses, RSSMs and objectives. Importing this does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from coral_cli.plugin import Encoder, Help, Loss, LossOptions, Objective, ObjectiveOptions, Rssm, Sensor

if TYPE_CHECKING:
    from coral_cli.plugin import EncoderModule, LossModule, RssmModule


@dataclass(frozen=True)
class ConvOptions:
    """Options of the image encoder."""

    depth: Annotated[int, Help("Channels of the first layer; each next one doubles them.", min=1, max=512)] = 32


@dataclass(frozen=True)
class MlpOptions:
    """Options of the vector encoder."""

    hidden: Annotated[int, Help("Units per layer.", min=1, max=2**14)] = 300
    layers: Annotated[int, Help("Layers, each followed by ELU.", min=1, max=64)] = 3


@dataclass(frozen=True)
class GruOptions:
    """Options of every RSSM with a GRU: its deterministic state and its networks."""

    gru: Annotated[int, Help("Units of the GRU, the deterministic state h.", min=1, max=2**14)] = 200
    hidden: Annotated[
        int, Help("Units per layer of the transition, prior and posterior networks.", min=1, max=2**14)
    ] = 400
    layers: Annotated[int, Help("Layers of each of these networks.", min=1, max=64)] = 2


@dataclass(frozen=True)
class GaussianOptions(GruOptions):
    """Options of the RSSM with a Gaussian latent."""

    latent: Annotated[int, Help("Dimensions of the stochastic state z.", min=1, max=2**14)] = 64
    min_std: Annotated[float, Help("Smallest standard deviation of z.", min=0, max=100)] = 0.1


@dataclass(frozen=True)
class CategoricalOptions(GruOptions):
    """Options of the RSSM with a categorical latent."""

    groups: Annotated[int, Help("Categorical variables in the stochastic state z.", min=1, max=1024)] = 32
    classes: Annotated[int, Help("Classes of each of them.", min=2, max=1024)] = 32


@dataclass(frozen=True)
class ReconstructionOptions(LossOptions):
    """Options of reconstruction: the likelihood and its decoders."""

    variance: Annotated[float, Help("Fixed variance of the Gaussian likelihood.", min=1e-6)] = 1.0
    depth: Annotated[
        int, Help("Image decoder: channels before the output layer, doubled towards the latent.", min=1)
    ] = 32
    hidden: Annotated[int, Help("Vector decoder: units per layer.", min=1, max=2**14)] = 300
    layers: Annotated[int, Help("Vector decoder: layers.", min=1, max=64)] = 3


@dataclass(frozen=True)
class ContrastiveOptions(LossOptions):
    """Options of InfoNCE, shared by ``cv``, ``cpc`` and ``infonce``."""

    projection: Annotated[int, Help("Dimensions in which embedding and latent are compared.", min=1, max=2**14)] = 50
    hidden: Annotated[int, Help("Units per layer of the latent's projection.", min=1, max=2**14)] = 256
    layers: Annotated[int, Help("Layers of the latent's projection.", min=0, max=64)] = 2
    scale_lr: Annotated[float, Help("Learning rate of the learned inverse temperature.", min=0)] = 2e-3
    negatives: Annotated[
        Literal["all", "other-sequences", "same-sequence"],
        Help("Which other steps of the batch a step's own embedding is told from."),
    ] = "all"
    moments: Annotated[
        float,
        Help("How much another step of the same sequence counts, beside one of another sequence.", min=1e-6, max=1e6),
    ] = 1.0


@dataclass(frozen=True)
class PredictiveOptions(ContrastiveOptions):
    """Options of an InfoNCE that may look ahead."""

    horizon: Annotated[
        int,
        Help(
            "The state at t predicts the embeddings at t to t + horizon - 1, each by its own projection.",
            min=1,
            max=2**12,
        ),
    ] = 1


def _conv(options: ConvOptions, sensor: Sensor) -> EncoderModule:
    from coral_cli.representation.encoders.conv import ConvEncoder

    return ConvEncoder(sensor.shape, options.depth)


def _mlp(options: MlpOptions, sensor: Sensor) -> EncoderModule:
    from coral_cli.representation.encoders.mlp import MlpEncoder

    return MlpEncoder(sensor.shape[0], options.hidden, options.layers)


def _gaussian(options: GaussianOptions, embedding_size: int, action_size: int) -> RssmModule:
    from coral_cli.representation.rssm.gaussian import Gaussians
    from coral_cli.representation.rssm.gru import GruRssm

    return GruRssm(
        embedding_size,
        action_size,
        hidden_size=options.gru,
        latent_size=options.latent,
        parameter_size=2 * options.latent,
        latent=Gaussians(options.min_std),
        hidden=options.hidden,
        layers=options.layers,
    )


def _categorical(options: CategoricalOptions, embedding_size: int, action_size: int) -> RssmModule:
    from coral_cli.representation.rssm.categorical import Categoricals
    from coral_cli.representation.rssm.gru import GruRssm

    return GruRssm(
        embedding_size,
        action_size,
        hidden_size=options.gru,
        latent_size=options.groups * options.classes,
        parameter_size=options.groups * options.classes,
        latent=Categoricals(options.classes),
        hidden=options.hidden,
        layers=options.layers,
    )


def _reconstruction(
    options: ReconstructionOptions, sensor: Sensor, embedding_size: int, feature_size: int
) -> LossModule:
    from coral_cli.representation.losses.reconstruction import ImageDecoder, Reconstruction, VectorDecoder

    if sensor.spatial:
        return Reconstruction(ImageDecoder(feature_size, sensor.shape, options.depth), options.variance)
    return Reconstruction(
        VectorDecoder(feature_size, sensor.shape[0], options.hidden, options.layers), options.variance
    )


def _contrastive(
    options: ContrastiveOptions, sensor: Sensor, embedding_size: int, feature_size: int, horizon: int = 1
) -> LossModule:
    from coral_cli.representation.losses.contrastive import InfoNCE

    return InfoNCE(
        embedding_size,
        feature_size,
        options.projection,
        options.hidden,
        options.layers,
        options.scale_lr,
        options.negatives,
        horizon,
        options.moments,
    )


def _predictive(options: PredictiveOptions, sensor: Sensor, embedding_size: int, feature_size: int) -> LossModule:
    return _contrastive(options, sensor, embedding_size, feature_size, options.horizon)


def _none(options: LossOptions, sensor: Sensor, embedding_size: int, feature_size: int) -> LossModule:
    from coral_cli.representation.losses.none import NoLoss

    return NoLoss()


ENCODERS = (
    Encoder("conv", "Strided convolutions with ReLU.", _conv, ConvOptions(), sensors=("image", "depth")),
    Encoder("mlp", "Dense layers with ELU.", _mlp, MlpOptions(), sensors=("vector",)),
)

RSSMS = (
    Rssm("gaussian", "GRU with a diagonal Gaussian latent.", _gaussian, GaussianOptions()),
    Rssm("categorical", "GRU with a latent of categorical variables.", _categorical, CategoricalOptions()),
    Rssm("none", "No representation: the policy sees raw vectors.", None),
)

LOSSES = (
    Loss("recon", "Reconstruction: Gaussian likelihood of the sensor.", _reconstruction, ReconstructionOptions()),
    Loss(
        "cv",
        "Contrastive variational: InfoNCE on the posterior.",
        _contrastive,
        ContrastiveOptions(),
        paradigm="variational",
        crop=True,
    ),
    Loss(
        "cpc",
        "Contrastive predictive coding: InfoNCE on the prior.",
        _predictive,
        PredictiveOptions(),
        paradigm="predictive",
        crop=True,
    ),
    Loss(
        "infonce",
        "InfoNCE; the objective decides which latent it sees.",
        _contrastive,
        ContrastiveOptions(),
        crop=True,
    ),
    Loss("none", "No loss of its own: the sensor only informs the latent.", _none),
)

OBJECTIVES = (
    Objective("variational", "Losses see the posterior; balanced KL of weight 1 (V-CoRAL)."),
    Objective(
        "predictive",
        "Losses see the prior; unbalanced KL of weight 0.001 (P-CoRAL).",
        ObjectiveOptions(posterior=0.0, prior=1.0, dynamics=0.001, representation=0.001),
    ),
    Objective(
        "unified",
        "Losses see posterior and prior; balanced KL of weight 0.6 (U-CoRAL, not in the paper).",
        ObjectiveOptions(posterior=1.0, prior=1.0, dynamics=0.5, representation=0.1),
    ),
)

"""The RSSM ``block-gru``: what coral asks of this package. Importing it does not import torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from coral_cli.plugin import Help, Rssm, UsageError, hookimpl

if TYPE_CHECKING:
    from coral_cli.plugin import RssmModule


@dataclass(frozen=True)
class BlockGruOptions:
    """Options of the states and the networks, named as the built-in RSSMs', so that ``--size`` sets them as well."""

    gru: Annotated[int, Help("Units of the GRU, the deterministic state h.", min=1)] = 512
    blocks: Annotated[int, Help("Blocks of the GRU; they divide its units.", min=1)] = 8
    hidden: Annotated[int, Help("Units per layer of the transition, prior and posterior networks.", min=1)] = 400
    layers: Annotated[int, Help("Layers of each of these networks.", min=1)] = 1
    latent: Annotated[int, Help("Dimensions of the stochastic state z.", min=1)] = 64
    min_std: Annotated[float, Help("Smallest standard deviation of z.", min=0)] = 0.1


def build(options: BlockGruOptions, embedding_size: int, action_size: int) -> RssmModule:
    """Return the RSSM. Raises UsageError when the blocks do not divide the GRU's units."""
    from coral_rssm_block_gru.rssm import BlockGruRssm

    if options.gru % options.blocks:
        raise UsageError(
            f"{options.gru} units of the GRU cannot be cut into {options.blocks} blocks of one size.",
            f"Set --rssm.gru to a multiple of {options.blocks}.",
        )
    return BlockGruRssm(
        embedding_size,
        action_size,
        options.gru,
        options.blocks,
        options.latent,
        options.hidden,
        options.layers,
        options.min_std,
    )


@hookimpl
def coral_rssms() -> Iterable[Rssm]:
    """Yield one RSSM, whose latent is Gaussian as in coral's paper."""
    yield Rssm("block-gru", "Block-diagonal GRU with a diagonal Gaussian latent.", build, BlockGruOptions())

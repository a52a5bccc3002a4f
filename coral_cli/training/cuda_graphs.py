"""Updates captured in CUDA graphs: the GPU does a whole update at one word, without Python between its kernels.

Run operation by operation, an update is a few thousand small kernels, each of which Python must ask for; the GPU waits
most of the time. A graph of them is replayed with a new batch in the place of the old one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from coral_cli.parallel import ranks
from coral_cli.representation.batch import Batch

Update: TypeAlias = Callable[[Batch, bool], Mapping[str, Tensor]]

WARM_UP = 3
"""So many updates are done operation by operation first: libraries and optimisers allocate what they keep."""


class GraphedUpdate:
    """The ``update`` of a learner on a GPU, replayed where that can be done, with the same results.

    There is a graph for each structure of a batch, and another one for updates that measure shares. What makes
    the processor wait for the GPU cannot be captured: masks and missing sensors, whose steps must be counted, and
    plugins that read a tensor's value. Such updates are done operation by operation, as are all where several
    processes learn together.
    """

    def __init__(self, update: Update, device: torch.device) -> None:
        self._update, self._device = update, device
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()
        self.structures: dict[object, _Structure] = {}

    def forget(self) -> None:
        """Drop all graphs, whose optimisers' state has been replaced."""
        self.structures.clear()

    def __call__(self, batch: Batch, shares: bool) -> Mapping[str, Tensor]:
        if batch.mask is not None or batch.missing or ranks.count() > 1:
            return self._update(batch, shares)
        tensors = dict(_tensors(batch))
        key = (shares, *((name, value.shape, value.dtype) for name, value in tensors.items()))
        structure = self.structures.setdefault(key, _Structure())
        graph = structure.graph
        if graph is None:
            if structure.waits or structure.done < WARM_UP:
                return self._step_by_step(structure, batch, shares)
            graph = self._make(structure, batch, shares)
        for name, value in _tensors(structure.batch):
            value.copy_(tensors[name], non_blocking=True)
        graph.replay()
        return dict(zip(structure.names, structure.metrics.clone().unbind(), strict=True))

    def _step_by_step(self, structure: _Structure, batch: Batch, shares: bool) -> Mapping[str, Tensor]:
        """Do an update on the stream that will be captured, and note whether the processor had to wait in it."""
        if structure.waits:
            return self._update(batch, shares)
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            metrics, waited = _watched(lambda: self._update(batch, shares))
        current.wait_stream(self._stream)
        waited |= any(value.device.type == "cpu" for value in metrics.values())
        structure.done += 1
        structure.waits = waited and structure.done > 1  # the first one may load and allocate
        return metrics

    def _make(self, structure: _Structure, batch: Batch, shares: bool) -> torch.cuda.CUDAGraph:
        """Capture one update, which is not done yet."""
        structure.batch = Batch(
            {name: value.clone() for name, value in batch.observations.items()},
            batch.actions.clone(),
            batch.rewards.clone(),
            batch.terminated.clone(),
        )
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode="thread_local"):
            metrics = self._update(structure.batch, shares)
            structure.metrics = torch.stack([value.float() for value in metrics.values()])
        structure.names, structure.graph = tuple(metrics), graph
        return graph


@dataclass
class _Structure:
    """What is known of one structure of batches."""

    done: int = 0
    waits: bool = False
    names: tuple[str, ...] = ()
    graph: torch.cuda.CUDAGraph | None = None
    batch: Batch = field(init=False)
    metrics: Tensor = field(init=False)


def _tensors(batch: Batch) -> Iterator[tuple[str, Tensor]]:
    yield from batch.observations.items()
    yield from {"actions": batch.actions, "rewards": batch.rewards, "terminated": batch.terminated}.items()


def _watched(update: Callable[[], Mapping[str, Tensor]]) -> tuple[Mapping[str, Tensor], bool]:
    """Return what ``update`` does, and whether the processor waited for the GPU in it; pass other warnings on."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            metrics = update()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    waited = False
    for warning in caught:
        if "called a synchronizing" in str(warning.message):
            waited = True
        elif "debug mode is a prototype" not in str(warning.message):  # which torch says of watching itself
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return metrics, waited

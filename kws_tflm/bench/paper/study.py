"""The whole study: every method, element type, sparsity, mask and cache setting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from kws_tflm.bench.image import BlobImage
from kws_tflm.bench.paper.layers import PAPER_LAYERS, Layer
from kws_tflm.bench.paper.masks import Pattern, keep_mask
from kws_tflm.bench.paper.measure import measure
from kws_tflm.bench.paper.methods import Kernel, Method, prepare
from kws_tflm.bench.paper.network import Network
from kws_tflm.bench.paper.tensors import Element, FloatLayer, to_element
from kws_tflm.virtual_board.timing import Counters

CORE_HZ = 216_000_000
SPARSITIES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9)
QUICK_SPARSITIES = (0.0, 0.5, 0.9)
NETWORK = "network"
"""Name of the sum over all layers."""


@dataclass(frozen=True)
class Row:
    """One measurement; `layer` is one of `PAPER_LAYERS` or `NETWORK`."""

    layer: str
    element: str
    method: str
    granularity: str
    pattern: str
    """``random`` or ``magnitude``; ``none`` for the dense methods, which do not look."""
    sparsity: float
    """Asked for; the dense methods have 0."""
    caches: str = ""
    instructions: int = 0
    """Exact."""
    cycles: int = 0
    """Modelled."""
    icache_misses: int = 0
    dcache_misses: int = 0
    bytes: int = 0
    """Flash for weights and index."""

    @property
    def ms(self) -> float:
        """`cycles` at 216 MHz."""
        return self.cycles / CORE_HZ * 1e3

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"ms": round(self.ms, 6)}


def run_study(
    image: BlobImage,
    network: Network,
    sparsities: Sequence[float] = SPARSITIES,
    *,
    seed: int = 1,
    progress: Callable[[str], None] = lambda line: None,
) -> list[Row]:
    """All rows, the sums over the layers among them.

    Raises:
        BoardError: a kernel's output is wrong, or the image does not run.
    """
    rows: list[Row] = []
    for caches in ("on", "off"):
        for element in Element:
            planned = list(_plan(network, element, sparsities, seed))
            kernels = (kernel for _, kernel in planned)
            measured = []
            for (row, kernel), cost in zip(planned, measure(image, kernels, caches), strict=True):
                measured.append(_with_cost(row, kernel, cost, caches))
                progress(f"caches {caches}, {element.label}: {len(measured)}/{len(planned)}")
            rows += measured + _sums(measured)
    progress("")
    return rows


def _plan(network: Network, element: Element, sparsities: Sequence[float], seed: int) -> Iterator[tuple[Row, Kernel]]:
    for method in Method:
        if not method.exists_for(element):
            continue
        points = [(p, s) for p in Pattern for s in sparsities] if method.sees_zeros else [(None, 0.0)]
        for pattern, sparsity in points:
            for index, (layer, values) in enumerate(zip(PAPER_LAYERS, network.layers, strict=True)):
                # The same mask for every method and element type of one granularity.
                rng = np.random.default_rng((seed, index, round(1000 * sparsity)))
                pruned = values if pattern is None else _pruned(layer, values, method, pattern, sparsity, rng)
                row = Row(
                    layer=layer.name,
                    element=element.label,
                    method=method.value,
                    granularity=method.granularity.value,
                    pattern="none" if pattern is None else pattern.value,
                    sparsity=sparsity,
                )
                yield row, prepare(method, layer, to_element(pruned, element))


def _pruned(
    layer: Layer, values: FloatLayer, method: Method, pattern: Pattern, sparsity: float, rng: np.random.Generator
) -> FloatLayer:
    keep = keep_mask(layer, values.weights, method.granularity, pattern, sparsity, rng)
    return replace(values, weights=values.weights * keep)


def _with_cost(row: Row, kernel: Kernel, cost: Counters, caches: str) -> Row:
    return replace(
        row,
        caches=caches,
        instructions=cost.instructions,
        cycles=cost.cycles,
        icache_misses=cost.icache_misses,
        dcache_misses=cost.dcache_misses,
        bytes=kernel.weight_bytes,
    )


def _sums(rows: list[Row]) -> list[Row]:
    """The layers of one network lie one after the other."""
    result = []
    for start in range(0, len(rows), len(PAPER_LAYERS)):
        parts = rows[start : start + len(PAPER_LAYERS)]
        result.append(
            replace(
                parts[0],
                layer=NETWORK,
                instructions=sum(part.instructions for part in parts),
                cycles=sum(part.cycles for part in parts),
                icache_misses=sum(part.icache_misses for part in parts),
                dcache_misses=sum(part.dcache_misses for part in parts),
                bytes=sum(part.bytes for part in parts),
            )
        )
    return result

"""The methods of the study, and what the kernel of each reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.bench.paper.layers import ConvShape, Layer
from kws_tflm.bench.paper.masks import Granularity
from kws_tflm.bench.paper.tensors import Element, LayerTensors

Array = npt.NDArray[Any]
MAX_ROWS = 16


class Method(Enum):
    """Name in tables and JSON."""

    DENSE = "dense"
    DENSE_SIMD = "dense_simd"
    ZERO_SKIP = "zero_skip"
    WEIGHT_OUTER = "weight_outer"
    INDEX_LIST = "index_list"
    ROW_MASK = "row_mask"
    ROW_MASK_SIMD = "row_mask_simd"
    CHANNELS = "channels"
    CHANNELS_SIMD = "channels_simd"

    @property
    def code(self) -> int:
        """`KwsStudyMethod` of custom_ops/paper_study/c_api.h; fewer channels are a smaller dense layer."""
        return _CODES[self]

    @property
    def granularity(self) -> Granularity:
        """What must be pruned together for this method to gain."""
        if self in (Method.ROW_MASK, Method.ROW_MASK_SIMD):
            return Granularity.ROW
        if self in (Method.CHANNELS, Method.CHANNELS_SIMD):
            return Granularity.CHANNEL
        return Granularity.WEIGHT

    @property
    def sees_zeros(self) -> bool:
        """False where time does not depend on the sparsity."""
        return self not in (Method.DENSE, Method.DENSE_SIMD)

    def exists_for(self, element: Element) -> bool:
        """SMLAD multiplies integers."""
        return element is not Element.FLOAT32 or not self.value.endswith("simd")


_CODES = {
    Method.DENSE: 0, Method.DENSE_SIMD: 1, Method.ZERO_SKIP: 2, Method.WEIGHT_OUTER: 3, Method.ROW_MASK: 4,
    Method.ROW_MASK_SIMD: 5, Method.INDEX_LIST: 6, Method.CHANNELS: 0, Method.CHANNELS_SIMD: 1,
}  # fmt: skip


@dataclass(frozen=True)
class Kernel:
    """One call of custom_ops/paper_study: tensors, weights as the method stores them, and their index."""

    method: Method
    tensors: LayerTensors
    """Its weights are those of the dense layer, zeros in place; the output must be that of these."""
    stored: Array
    row_masks: Array | None = None
    offsets: Array | None = None
    channel_end: Array | None = None

    @property
    def shape(self) -> ConvShape:
        """Geometry that the kernel is called with."""
        return self.tensors.shape

    @property
    def weight_bytes(self) -> int:
        """Flash for weights and index, without bias and output stage."""
        index = (self.row_masks, self.offsets, self.channel_end)
        return int(self.stored.nbytes + sum(part.nbytes for part in index if part is not None))


def prepare(method: Method, layer: Layer, tensors: LayerTensors) -> Kernel:
    """What `method` runs for `layer` with the pruned weights in `tensors`."""
    if method in (Method.ROW_MASK, Method.ROW_MASK_SIMD):
        return _row_mask(method, tensors.folded(layer.row_shape))
    if method in (Method.CHANNELS, Method.CHANNELS_SIMD):
        used = np.flatnonzero(np.any(tensors.weights != 0, axis=(1, 2, 3)))
        tensors = tensors.channels(used if len(used) else np.array([0]))
        return Kernel(method, tensors, tensors.weights)
    if method is Method.INDEX_LIST:
        return _index_list(method, tensors)
    return Kernel(method, tensors, tensors.weights)


def _row_mask(method: Method, tensors: LayerTensors) -> Kernel:
    shape = tensors.shape
    if shape.k_h > MAX_ROWS:
        raise ValueError(f"a row mask has {MAX_ROWS} bits, the kernel {shape.k_h} rows")
    kept = np.any(tensors.weights != 0, axis=(2, 3))
    masks = (kept * (1 << np.arange(shape.k_h))).sum(axis=1).astype(np.uint16)
    return Kernel(method, tensors, tensors.weights[kept], row_masks=masks)


def _index_list(method: Method, tensors: LayerTensors) -> Kernel:
    shape = tensors.shape
    plane = np.arange(shape.in_h * shape.in_w * shape.in_c).reshape(shape.input_shape)
    window = plane[: shape.k_h, : shape.k_w].reshape(-1)
    flat = tensors.weights.reshape(shape.out_c, -1)
    channel, tap = np.nonzero(flat)
    counts = np.bincount(channel, minlength=shape.out_c)
    return Kernel(
        method,
        tensors,
        flat[channel, tap],
        offsets=window[tap].astype(np.uint16),
        channel_end=np.cumsum(counts).astype(np.uint32),
    )

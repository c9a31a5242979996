"""A `Kernel` as the C struct `KwsStudyCall` of custom_ops/paper_study/c_api.h."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.bench.paper.methods import Kernel

Array = npt.NDArray[Any]

POINTERS = (
    "input", "weights", "bias", "multipliers", "shifts", "row_masks", "offsets", "channel_end", "sums", "output",
)  # fmt: skip
NUMBERS = (
    "element", "method", "in_h", "in_w", "in_c", "out_c", "k_h", "k_w", "stride_h", "stride_w",
    "right_shift", "zero_point", "relu",
)  # fmt: skip


def pointers(kernel: Kernel, place: Callable[[Array], int], sums: int, output: int) -> list[int]:
    """Values of `POINTERS`; `place` stores an array and returns its address."""
    tensors = kernel.tensors
    arrays: list[Array | None] = [
        tensors.input, kernel.stored, tensors.bias, tensors.multipliers, tensors.shifts,
        kernel.row_masks, kernel.offsets, kernel.channel_end,
    ]  # fmt: skip
    return [0 if array is None else place(np.ascontiguousarray(array)) for array in arrays] + [sums, output]


def numbers(kernel: Kernel) -> list[int]:
    """Values of `NUMBERS`."""
    tensors, s = kernel.tensors, kernel.shape
    geometry = [s.in_h, s.in_w, s.in_c, s.out_c, s.k_h, s.k_w, s.stride_h, s.stride_w]
    stage = [tensors.right_shift, tensors.zero_point, int(tensors.relu)]
    return [tensors.element.value, kernel.method.code, *geometry, *stage]

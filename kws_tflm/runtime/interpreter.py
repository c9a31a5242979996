"""TensorFlow Lite Micro on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kws_tflm.errors import ModelError
from kws_tflm.runtime._load import native

if TYPE_CHECKING:
    from numpy.typing import NDArray


def builtin_operators() -> frozenset[str]:
    """Names of the built-in operators that `Interpreter` has kernels for."""
    return frozenset(native().builtin_operators())


class Interpreter:
    """One int8 model in host TFLM with the custom operators registered.

    Args:
        model: contents of a `.tflite`; checked before TFLM sees it.
        arena_bytes: tensor arena. Host pointers are wider than the target's, so `arena_used` is not the
            firmware's figure.
        where: the name put into errors.

    Raises:
        ModelError: not a flatbuffer, indices out of range, an operator that is not registered, a sparse
            buffer that its validator rejects, an arena that is too small.
    """

    def __init__(self, model: bytes, arena_bytes: int = 1 << 20, where: str = "model") -> None:
        self._where = where
        try:
            self._native = native().Interpreter(bytes(model), arena_bytes)
        except native().ModelRejected as error:
            raise ModelError(f"{where}: {error}; convert the model again or choose another") from None

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input tensor, batch first."""
        return tuple(self._native.input_shape)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output tensor, batch first."""
        return tuple(self._native.output_shape)

    @property
    def input_scale(self) -> float:
        """Real value of one int8 step of the input."""
        return float(self._native.input_scale)

    @property
    def input_zero_point(self) -> int:
        """The int8 value that stands for 0."""
        return int(self._native.input_zero_point)

    @property
    def output_scale(self) -> float:
        """Real value of one int8 step of the output."""
        return float(self._native.output_scale)

    @property
    def output_zero_point(self) -> int:
        """The int8 value that stands for 0."""
        return int(self._native.output_zero_point)

    @property
    def arena_used(self) -> int:
        """Arena bytes in use, on the host."""
        return int(self._native.arena_used)

    def invoke(self, values: NDArray[np.int8]) -> NDArray[np.int8]:
        """Run once. `values` has as many int8 elements as the input tensor, in any shape."""
        try:
            result: NDArray[np.int8] = self._native.invoke(np.ascontiguousarray(values, dtype=np.int8))
        except native().ModelRejected as error:
            raise ModelError(f"{self._where}: {error}") from None
        return result

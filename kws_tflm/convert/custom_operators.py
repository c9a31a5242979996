"""The custom operators that a converted model may hold, and how their weights are read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.forms import CONV_OPERATOR, FULLY_CONNECTED_OPERATOR
from kws_tflm.convert.forms_depthwise import DEPTHWISE_OPERATOR
from kws_tflm.convert.packing import unpack
from kws_tflm.convert.packing_depthwise import unpack_depthwise
from kws_tflm.errors import FormatError

SEPARABLE_OPERATOR = "KWS_SEPARABLE_CONV_2D"

Weights = npt.NDArray[np.int8]
Constants = Sequence[npt.NDArray[Any]]
"""The constant inputs of an operator, in order."""


def _first_packed(constants: Constants) -> Weights:
    return unpack(constants[0].tobytes()).weights


def _depthwise(constants: Constants) -> Weights:
    return unpack_depthwise(constants[0].tobytes()).weights


def _separable(constants: Constants) -> Weights:
    """Both halves, one after the other."""
    if len(constants) < 2:
        raise FormatError("packed sparse weights: the pointwise half is missing")
    halves = (_depthwise(constants), _first_packed(constants[1:]))
    return np.concatenate([half.reshape(-1) for half in halves])


CUSTOM_OPERATORS: dict[str, Callable[[Constants], Weights] | None] = {
    CONV_OPERATOR: _first_packed,
    FULLY_CONNECTED_OPERATOR: _first_packed,
    DEPTHWISE_OPERATOR: _depthwise,
    SEPARABLE_OPERATOR: _separable,
}
"""Reader of the weights, zeros in place, by operator; None for one without weights. A new operator is one entry."""


def stored_weights(operator: str, constants: Constants) -> Weights:
    """All weights of a custom operator, zeros in place.

    Raises:
        FormatError: a packed buffer violates its format.
    """
    reader = CUSTOM_OPERATORS[operator]
    return reader(constants) if reader is not None else np.zeros(0, np.int8)

"""What a model file says of its operators: shapes, multiplications, bytes of weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kws_tflm.convert import inspect
from kws_tflm.convert.model import constant, indices, parse, shape_of
from kws_tflm.convert.packing import unpack

SPARSE = ("KWS_SPARSE_CONV_2D", "KWS_SPARSE_FULLY_CONNECTED")


@dataclass(frozen=True)
class OperatorFacts:
    """One operator; see `OperatorProfile` for the fields."""

    name: str
    input_shape: tuple[int, ...]
    filter_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    macs: int
    macs_stored: int
    weight_bytes: int


def read_operators(model: bytes, where: str = "model") -> tuple[OperatorFacts, ...]:
    """The operators of `model` in order.

    Raises:
        ModelError: as `inspect` does.
    """
    info = inspect(model, where)
    parsed = parse(model, where)
    pairs = zip(info.operators, parsed.subgraphs[0].operators, strict=True)
    return tuple(_facts(parsed, op, known.operator, known.bytes) for known, op in pairs)


def _facts(model: Any, op: Any, name: str, weight_bytes: int) -> OperatorFacts:
    tensors = model.subgraphs[0].tensors
    inputs = indices(op.inputs)
    input_shape = shape_of(tensors[inputs[0]]) if inputs and inputs[0] >= 0 else ()
    output = shape_of(tensors[indices(op.outputs)[0]])
    filter_shape: tuple[int, ...] = ()
    macs = stored = 0
    has_filter = len(inputs) > 1 and inputs[1] >= 0
    if name in SPARSE:
        packed = constant(model, tensors[inputs[1]])
        assert packed is not None  # inspected
        conv = unpack(packed.tobytes())
        filter_shape = tuple(int(side) for side in conv.weights.shape)
        macs = math.prod(output) * math.prod(filter_shape[1:])
        stored = math.prod(output[:-1]) * conv.n_blocks * math.prod(conv.block_shape)
    elif has_filter and name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        filter_shape = shape_of(tensors[inputs[1]])
        # CONV_2D OHWI; DEPTHWISE_CONV_2D 1HWC, one channel an output; FULLY_CONNECTED OI.
        taps = filter_shape[1:3] if name == "DEPTHWISE_CONV_2D" else filter_shape[1:]
        macs = stored = math.prod(output) * math.prod(taps)
    return OperatorFacts(name, input_shape, filter_shape, output, macs, stored, weight_bytes)

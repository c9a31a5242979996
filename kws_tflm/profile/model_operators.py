"""What a model file says of its operators: shapes, multiplications, bytes of weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kws_tflm.convert import inspect
from kws_tflm.convert.model import constant, indices, parse, shape_of
from kws_tflm.convert.packing import unpack
from kws_tflm.convert.packing_depthwise import unpack_depthwise

SPARSE = ("KWS_SPARSE_CONV_2D", "KWS_SPARSE_FULLY_CONNECTED")
DEPTHWISE = "KWS_SPARSE_DEPTHWISE_CONV_2D"
SEPARABLE = "KWS_SEPARABLE_CONV_2D"


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
    if name in (*SPARSE, DEPTHWISE, SEPARABLE):
        packed = [constant(model, tensors[index]) for index in inputs[1:3]]
        filter_shape, macs, stored = _packed(name, output, [b"" if part is None else part.tobytes() for part in packed])
    elif len(inputs) > 1 and inputs[1] >= 0 and name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        filter_shape = shape_of(tensors[inputs[1]])
        # CONV_2D OHWI; DEPTHWISE_CONV_2D 1HWC, one channel an output; FULLY_CONNECTED OI.
        taps = filter_shape[1:3] if name == "DEPTHWISE_CONV_2D" else filter_shape[1:]
        macs = stored = math.prod(output) * math.prod(taps)
    return OperatorFacts(name, input_shape, filter_shape, output, macs, stored, weight_bytes)


def _packed(name: str, output: tuple[int, ...], packed: list[bytes]) -> tuple[tuple[int, ...], int, int]:
    """Filter shape, products with zeros and without of an operator of ours.

    The shape is OHWI, that of a depthwise filter 1HWC; a separable operator has output channels x the depthwise filter.
    """
    positions = math.prod(output[:-1])
    shape: tuple[int, ...] = ()
    macs = stored = 0
    if name in (DEPTHWISE, SEPARABLE):
        depthwise = unpack_depthwise(packed[0])
        shape = (1, *depthwise.weights.shape)
        macs = positions * math.prod(shape)
        stored = positions * int(depthwise.rows.sum()) * shape[2]
    if name != DEPTHWISE:
        conv = unpack(packed[1 if name == SEPARABLE else 0])
        shape = (conv.weights.shape[0], *(shape[1:] or conv.weights.shape[1:]))
        macs += positions * math.prod(conv.weights.shape)
        stored += positions * conv.n_blocks * math.prod(conv.block_shape)
    return tuple(int(side) for side in shape), macs, stored

"""Join a depthwise convolution and the 1x1 convolution behind it where that makes the arena smaller.

The fused operator has no tensor between its halves. It is no faster than the two (docs/depthwise.md), so pairs are
fused for memory only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kws_tflm.convert.custom_operators import SEPARABLE_OPERATOR
from kws_tflm.convert.graph_edit import add_constant
from kws_tflm.convert.layer import CONV, DEPTHWISE, Layer
from kws_tflm.convert.layer_reading import layer_name, operands, read_layer
from kws_tflm.convert.model import drop_unused, indices, shape_of
from kws_tflm.convert.packing import can_pack, pack
from kws_tflm.convert.packing_depthwise import can_pack_depthwise, pack_depthwise
from kws_tflm.convert.schema import operator_name, schema, text
from kws_tflm.convert.sparsification import custom_opcode

BLOCK = (1, 4)
"""Of the pointwise half."""
_TILE_BUDGET = 8 << 10
_GROUP, _QUAD, _LANES = 5, 4, 8


@dataclass(frozen=True)
class FusedPair:
    """A depthwise convolution that was joined with the convolution behind it."""

    depthwise: str
    pointwise: str
    tensor_bytes: int
    """Of the tensor that is gone."""
    scratch_bytes: int
    """That the fused operator needs."""


@dataclass(frozen=True)
class _Pair:
    first_op: Any
    second_op: Any
    first: Layer
    second: Layer
    zero_point: int

    @property
    def tensor_bytes(self) -> int:
        return int(np.prod(self.first.output_shape))

    @property
    def scratch_bytes(self) -> int:
        """As SeparableConv2dM7ScratchBytes."""
        channels, width = self.first.out_channels, self.first.output_shape[2]
        columns = -(-channels // BLOCK[1]) * BLOCK[1]
        tile, pairs = columns * _LANES * 2, 4
        while pairs > 1 and _tiles(pairs, width) * tile > _TILE_BUDGET:
            pairs //= 2
        planes = 4 * ((_GROUP + 1) * _QUAD * (width + 3) + _GROUP * 2 * width)
        return planes + channels // _QUAD * 168 + _tiles(pairs, width) * tile + 16 * (self.second.out_channels + 1)

    @property
    def saves_arena(self) -> bool:
        """Input, output and scratch are less than the larger pair of neighbouring tensors."""
        source, result = int(np.prod(self.first.input_shape)), int(np.prod(self.second.output_shape))
        return source + result + self.scratch_bytes < max(source, result) + self.tensor_bytes


def fuse_separable(model: Any, *, always: bool = False) -> list[FusedPair]:
    """Rewrite `model` (a parsed ModelT with its layers still dense) in place.

    A 3x3 depthwise convolution of stride, dilation and multiplier 1 with a multiple of four channels is joined with the
    1x1 convolution that alone reads its result, when input, output and scratch of the fused operator together take less
    memory than the neighbouring tensors do now; `always`: whether they do or not.
    """
    fused = []
    for pair in _pairs(model):
        if always or pair.saves_arena:
            fused.append(
                FusedPair(
                    layer_name(model, pair.first_op),
                    layer_name(model, pair.second_op),
                    pair.tensor_bytes,
                    pair.scratch_bytes,
                )
            )
            _join(model, pair)
    if fused:
        drop_unused(model)
    return fused


def _tiles(pairs: int, width: int) -> int:
    return -(-2 * pairs * width // _LANES)


def _pairs(model: Any) -> list[_Pair]:
    graph = model.subgraphs[0]
    readers: dict[int, list[Any]] = {}
    for op in graph.operators:
        for tensor in indices(op.inputs):
            readers.setdefault(tensor, []).append(op)
    found = []
    for first_op in graph.operators:
        if operator_name(model.operatorCodes[first_op.opcodeIndex]) != DEPTHWISE:
            continue
        between = indices(first_op.outputs)[0]
        second_op = readers.get(between, [None])[0]
        if len(readers.get(between, [])) != 1 or between in indices(graph.outputs):
            continue
        if operator_name(model.operatorCodes[second_op.opcodeIndex]) != CONV or operands(second_op).source != between:
            continue
        first, second = read_layer(model, first_op)[0], read_layer(model, second_op)[0]
        if first is not None and second is not None and _fits(first, second):
            zero_point = int(graph.tensors[between].quantization.zeroPoint[0])
            found.append(_Pair(first_op, second_op, first, second, zero_point))
    return found


def _fits(first: Layer, second: Layer) -> bool:
    plain = (first.geometry.stride, first.geometry.dilation, second.geometry.stride) == ((1, 1), (1, 1), (1, 1))
    square = first.kernel == (3, 3) and second.kernel == (1, 1)
    quads = first.in_channels == first.out_channels and first.out_channels % _QUAD == 0
    packs = can_pack_depthwise(first.weights[0], first.in_channels) and can_pack(second.weights, BLOCK, False)
    return plain and square and quads and packs and first.output_shape == second.input_shape


def _join(model: Any, pair: _Pair) -> None:
    """Turn the second operator into the fused one and drop the first."""
    graph, uint8, int32 = model.subgraphs[0], schema().TensorType.UINT8, schema().TensorType.INT32
    first, second = pair.first, pair.second
    packed = (
        pack_depthwise(
            first.weights[0], first.multipliers, first.shifts.astype(np.int8), first.geometry, first.in_channels,
            inner_zero_point=pair.zero_point,
        ),
        pack(second.weights, second.multipliers, second.shifts.astype(np.int8), second.geometry, BLOCK),
    )  # fmt: skip
    inputs = [operands(pair.first_op).source]
    kernels = [operands(op).kernel for op in (pair.first_op, pair.second_op)]
    for kernel, data in zip(kernels, packed, strict=True):
        name = text(graph.tensors[kernel].name)
        inputs.append(add_constant(model, f"{name}/packed", np.frombuffer(data, np.uint8), uint8))
    for kernel, layer in zip(kernels, (first, second), strict=True):
        name = text(graph.tensors[kernel].name)
        inputs.append(add_constant(model, f"{name}/bias", layer.bias.astype("<i4"), int32))
    assert shape_of(graph.tensors[inputs[0]]) == first.input_shape
    op = pair.second_op
    op.inputs = np.array(inputs, np.int32)
    op.opcodeIndex = custom_opcode(model, SEPARABLE_OPERATOR)
    op.builtinOptionsType = schema().BuiltinOptions.NONE
    op.builtinOptions = None
    graph.operators.remove(pair.first_op)

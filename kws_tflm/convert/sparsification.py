"""Rewrite the pruned CONV_2D operators of an int8 model as KWS_SPARSE_CONV_2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.model import add_buffer, constant, drop_unused, indices, parse, serialize, shape_of
from kws_tflm.convert.packing import ConvGeometry, pack
from kws_tflm.convert.quantization import activation_range, conv_multipliers
from kws_tflm.convert.rule import Packing, SparsifyRule, dense_bytes, dense_cycles, packings
from kws_tflm.convert.schema import builtin_code, schema, text, type_name

OPERATOR_NAME = "KWS_SPARSE_CONV_2D"
OPERATOR_VERSION = 1


@dataclass(frozen=True)
class LayerDecision:
    """What the rule said about one CONV_2D, and why."""

    operator: int
    """Index in execution order."""
    name: str
    shape: str
    """`kernel_h x kernel_w x in x out @ output h x w`, as `1x1x64x64@25x5`."""
    sparse: bool
    reason: str
    sparsity: float
    """Zero weights over all weights."""
    occupancy: float
    """Stored blocks over all blocks, for the packing below."""
    block_shape: tuple[int, int] | None
    dense_cycles: int
    sparse_cycles: int | None
    dense_bytes: int
    sparse_bytes: int | None


@dataclass(frozen=True)
class _Conv:
    """A CONV_2D that could be rewritten."""

    weights: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]
    multipliers: npt.NDArray[np.int32]
    shifts: npt.NDArray[np.int64]
    geometry: ConvGeometry
    positions: int


def sparsify(model: bytes, rule: SparsifyRule | None = None, where: str = "model") -> tuple[bytes, list[LayerDecision]]:
    """Apply `rule` to every CONV_2D; the same bytes come back when nothing is rewritten.

    Raises:
        ModelError: `model` cannot be read.
    """
    edited = parse(model, where)
    graph = edited.subgraphs[0]
    decisions = []
    for index, op in enumerate(graph.operators):
        if builtin_code(edited.operatorCodes[op.opcodeIndex]) != schema().BuiltinOperator.CONV_2D:
            continue
        decision, conv, packing = _decide(edited, index, op, rule or SparsifyRule())
        decisions.append(decision)
        if decision.sparse and conv is not None and packing is not None:
            _rewrite(edited, op, conv, packing)
    if not any(decision.sparse for decision in decisions):
        return model, decisions
    drop_unused(edited)
    return serialize(edited), decisions


def _decide(model: Any, index: int, op: Any, rule: SparsifyRule) -> tuple[LayerDecision, _Conv | None, Packing | None]:
    graph = model.subgraphs[0]
    output = graph.tensors[indices(op.outputs)[0]]
    name = text(output.name).split(";")[0]
    conv, obstacle = _read_conv(model, op)
    if conv is None:
        return LayerDecision(index, name, "", False, obstacle, 0.0, 1.0, None, 0, None, 0, None), None, None
    out_channels, kernel_h, kernel_w, in_channels = conv.weights.shape
    out_h, out_w = shape_of(output)[1:3]
    shape = f"{kernel_h}x{kernel_w}x{in_channels}x{out_channels}@{out_h}x{out_w}"
    sparsity = float(np.mean(conv.weights == 0))
    cycles, size = dense_cycles(conv.weights, conv.positions), dense_bytes(conv.weights)
    found = packings(conv.weights, conv.positions, rule)
    best = found[0] if found else None
    if best is None:
        reason = "beyond the limits of the packed format"
    elif best.cycles >= cycles * rule.max_cycle_ratio:
        reason = f"{best.occupancy:.0%} of the blocks are stored: dense is estimated faster"
    elif best.bytes > size * rule.max_byte_ratio:
        reason = f"{best.occupancy:.0%} of the blocks are stored: packed weights are larger than dense ones"
    else:
        reason = f"{best.occupancy:.0%} of the blocks are stored: fewer cycles and no more flash"
    sparse = best is not None and reason.endswith("no more flash")
    decision = LayerDecision(
        index, name, shape, sparse, reason, sparsity,
        best.occupancy if best else 1.0, best.block_shape if best else None,
        cycles, best.cycles if best else None, size, best.bytes if best else None,
    )  # fmt: skip
    return decision, conv, best


def _read_conv(model: Any, op: Any) -> tuple[_Conv | None, str]:
    """The layer, or why the sparse operator cannot stand for it."""
    tensors = model.subgraphs[0].tensors
    inputs = indices(op.inputs)
    if len(inputs) < 2 or inputs[0] < 0 or inputs[1] < 0:
        return None, "an input is missing"
    source, kernel, output = tensors[inputs[0]], tensors[inputs[1]], tensors[indices(op.outputs)[0]]
    if {type_name(tensor.type) for tensor in (source, kernel, output)} != {"INT8"}:
        return None, "not int8"
    weights = constant(model, kernel)
    if weights is None or weights.ndim != 4 or weights.size == 0:
        return None, "weights are not constant"
    if len(shape_of(source)) != 4 or len(shape_of(output)) != 4 or shape_of(source)[3] != weights.shape[3]:
        return None, "grouped or malformed convolution"
    if shape_of(output)[3] != weights.shape[0] or min(shape_of(source) + shape_of(output)) < 1:
        return None, "malformed convolution"
    bias = constant(model, tensors[inputs[2]]) if len(inputs) > 2 and inputs[2] >= 0 else None
    if bias is None:
        bias = np.zeros(weights.shape[0], np.int32)
    if bias.dtype != np.int32 or bias.shape != weights.shape[:1]:
        return None, "bias is not int32, one value an output channel"
    scales = [_scales(tensor) for tensor in (source, kernel, output)]
    if scales[0].size != 1 or scales[2].size != 1 or scales[1].size not in (1, weights.shape[0]) or scales[2][0] == 0:
        return None, "quantisation parameters are missing"
    if np.any(np.asarray(kernel.quantization.zeroPoint) != 0):
        return None, "weights are not symmetric"
    options = op.builtinOptions
    zero_point = int(output.quantization.zeroPoint[0])
    clamp = activation_range(schema(), options.fusedActivationFunction, float(scales[2][0]), zero_point)
    steps = (options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor)
    if clamp is None or clamp[0] > clamp[1] or not all(1 <= step <= 255 for step in steps):
        return None, "activation, stride or dilation is not supported"
    multipliers, shifts = conv_multipliers(float(scales[0][0]), scales[1], float(scales[2][0]), weights.shape[0])
    if shifts.max() > 30:
        return None, "output scale is out of range"
    same = options.padding == schema().Padding.SAME
    geometry = ConvGeometry(steps[:2], steps[2:], same, *clamp)
    positions = int(np.prod(shape_of(output)[:3]))
    return _Conv(weights, bias, multipliers, shifts, geometry, positions), ""


def _scales(tensor: Any) -> npt.NDArray[np.float32]:
    quantization = tensor.quantization
    missing = quantization is None or quantization.scale is None
    return np.zeros(0, np.float32) if missing else np.asarray(quantization.scale, np.float32)


def _rewrite(model: Any, op: Any, conv: _Conv, packing: Packing) -> None:
    """Turn `op` into the custom operator; its activations keep their tensor indices."""
    graph = model.subgraphs[0]
    source, kernel, *rest = indices(op.inputs)
    packed = pack(
        conv.weights, conv.multipliers, conv.shifts.astype(np.int8), conv.geometry, packing.block_shape,
        packing.flat_columns,
    )  # fmt: skip
    name = text(graph.tensors[kernel].name)
    weights = _append_constant(model, f"{name}/packed", packed, (len(packed),), schema().TensorType.UINT8)
    bias = rest[0] if rest and rest[0] >= 0 and constant(model, graph.tensors[rest[0]]) is not None else -1
    if bias < 0:
        shape = (len(conv.bias),)
        bias = _append_constant(model, f"{name}/bias", conv.bias.tobytes(), shape, schema().TensorType.INT32)
    op.inputs = np.array([source, weights, bias], np.int32)
    op.opcodeIndex = _opcode(model)
    op.builtinOptionsType = schema().BuiltinOptions.NONE
    op.builtinOptions = None


def _append_constant(model: Any, name: str, data: bytes, shape: tuple[int, ...], tensor_type: int) -> int:
    tensor = schema().TensorT()
    tensor.name = name
    tensor.shape = np.array(shape, np.int32)
    tensor.type = tensor_type
    tensor.buffer = add_buffer(model, data)
    tensors = model.subgraphs[0].tensors
    tensors.append(tensor)
    return len(tensors) - 1


def _opcode(model: Any) -> int:
    """Index of the custom operator's code, added at its first use."""
    for index, code in enumerate(model.operatorCodes):
        if text(code.customCode) == OPERATOR_NAME:
            return index
    code = schema().OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
    code.customCode = OPERATOR_NAME
    code.version = OPERATOR_VERSION
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1

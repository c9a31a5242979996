"""What is in a `.tflite`, and whether TensorFlow Lite Micro with our operators can run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kws_tflm.convert.custom_operators import CUSTOM_OPERATORS, stored_weights
from kws_tflm.convert.fold_quantize import is_int8_quantize
from kws_tflm.convert.metadata import read_metadata
from kws_tflm.convert.model import constant, indices, parse, shape_of
from kws_tflm.convert.schema import builtin_code, operator_name, schema, text, type_name
from kws_tflm.errors import FormatError, ModelError

# fmt: off
INT8_OPERATORS = frozenset((
    "ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED",
    "L2_NORMALIZATION", "LOGISTIC", "MAXIMUM", "MAX_POOL_2D", "MINIMUM", "MUL",
    "PACK", "PAD", "PADV2", "PRELU", "RELU", "RELU6",
    "RESHAPE", "RESIZE_NEAREST_NEIGHBOR", "SOFTMAX", "SPLIT", "STRIDED_SLICE", "SUB",
    "TANH", "UNPACK",
))
# fmt: on
"""Built-in operators with an int8 kernel in the TFLM of 2020."""


@dataclass(frozen=True)
class TensorInfo:
    """An activation, the model's input or output."""

    name: str
    shape: tuple[int, ...]
    type: str
    scale: float
    zero_point: int


@dataclass(frozen=True)
class OperatorInfo:
    """One step of the model."""

    index: int
    operator: str
    output: tuple[int, ...]
    """Shape."""
    weights: int
    """Constant weights, biases not counted, zeros included."""
    sparsity: float
    """Fraction of the weights that are zero."""
    bytes: int
    """Constants in the file."""


@dataclass(frozen=True)
class ModelInfo:
    """A model that TFLM can run."""

    config: str | None
    """Hash of the embedded configuration; None for a foreign model."""
    labels: list[str]
    inputs: list[TensorInfo]
    outputs: list[TensorInfo]
    operators: list[OperatorInfo]
    custom_operators: list[str]


def inspect(model: bytes, where: str = "model") -> ModelInfo:
    """Describe `model`.

    Raises:
        ModelError: corrupt; not int8; has operators that TFLM does not have (all of them named); a packed
            sparse buffer violates its format.
    """
    parsed = parse(model, where)
    graph = parsed.subgraphs[0]
    _check_types(parsed, where)
    _check_operators(parsed, where)
    operators = [_describe(parsed, index, op, where) for index, op in enumerate(graph.operators)]
    metadata = read_metadata(model, where)
    return ModelInfo(
        config=metadata.hash if metadata else None,
        labels=list(metadata.labels) if metadata else [],
        inputs=[_tensor_info(graph.tensors[i], f"{where}: input") for i in indices(graph.inputs)],
        outputs=[_tensor_info(graph.tensors[i], f"{where}: output") for i in indices(graph.outputs)],
        operators=operators,
        custom_operators=sorted({operator_name(c) for c in parsed.operatorCodes if c.customCode}),
    )


def _check_types(model: Any, where: str) -> None:
    """Every activation is int8, every operand fixed-point."""
    graph = model.subgraphs[0]
    wrong: dict[str, set[str]] = {}
    for op in graph.operators:
        name = operator_name(model.operatorCodes[op.opcodeIndex])
        computed = [i for i in indices(op.inputs) if i >= 0 and constant(model, graph.tensors[i]) is None]
        for i in (*computed, *indices(op.outputs)):
            kind = type_name(graph.tensors[i].type)
            if kind != "INT8":
                wrong.setdefault(kind.lower(), set()).add(name)
        floats = [i for i in indices(op.inputs) if i >= 0 and type_name(graph.tensors[i].type).startswith("FLOAT")]
        if floats:
            wrong.setdefault("float32", set()).add(name)
    if wrong:
        kinds = "; ".join(f"{kind}: {', '.join(sorted(names))}" for kind, names in sorted(wrong.items()))
        raise ModelError(f"{where}: not a full int8 model ({kinds}); quantise inputs, outputs and all layers to int8")


def _check_operators(model: Any, where: str) -> None:
    unsupported = set()
    for op in model.subgraphs[0].operators:
        code = model.operatorCodes[op.opcodeIndex]
        name = operator_name(code)
        custom = builtin_code(code) == schema().BuiltinOperator.CUSTOM
        if is_int8_quantize(model, op):
            unsupported.add("QUANTIZE (int8 to int8)")
        elif name == "FULLY_CONNECTED" and _scales(model, op) > 1:
            unsupported.add("FULLY_CONNECTED (per-channel)")
        elif name not in (CUSTOM_OPERATORS if custom else INT8_OPERATORS):
            hint = " (use an average pool and a reshape)" if name == "MEAN" else ""
            unsupported.add(name + hint)
    if unsupported:
        names = ", ".join(sorted(unsupported))
        raise ModelError(
            f"{where}: operators that TFLM has no int8 kernel for: {names}; convert the model without them"
        )


def _scales(model: Any, op: Any) -> int:
    """Number of scales of the operator's weights."""
    inputs = indices(op.inputs)
    if len(inputs) < 2 or inputs[1] < 0:
        return 0
    quantization = model.subgraphs[0].tensors[inputs[1]].quantization
    return 0 if quantization is None or quantization.scale is None else len(quantization.scale)


def _describe(model: Any, index: int, op: Any, where: str) -> OperatorInfo:
    graph = model.subgraphs[0]
    name = operator_name(model.operatorCodes[op.opcodeIndex])
    constants = [constant(model, graph.tensors[i]) for i in indices(op.inputs)[1:] if i >= 0]
    size = sum(values.nbytes for values in constants if values is not None)
    weights = constants[0] if constants else None
    if CUSTOM_OPERATORS.get(name) is not None:
        if weights is None or weights.dtype.itemsize != 1:
            raise ModelError(f"{where}: operator {index} ({name}) has no packed weights; convert the model again")
        try:
            weights = stored_weights(name, [values for values in constants if values is not None])
        except FormatError as error:
            raise ModelError(f"{where}: operator {index} ({name}): {error}; convert the model again") from None
    elif weights is not None and weights.dtype != np.int8:
        weights = None
    count = 0 if weights is None else int(weights.size)
    sparsity = 0.0 if weights is None or not count else float(np.mean(weights == 0))
    return OperatorInfo(index, name, shape_of(graph.tensors[indices(op.outputs)[0]]), count, sparsity, size)


def _tensor_info(tensor: Any, where: str) -> TensorInfo:
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or len(quantization.scale) != 1:
        raise ModelError(f"{where} has no single scale and zero point; quantise the model to int8")
    scale, zero_point = float(quantization.scale[0]), int(quantization.zeroPoint[0])
    return TensorInfo(text(tensor.name), shape_of(tensor), type_name(tensor.type), scale, zero_point)

"""What the firmware build needs to know about a `.tflite`, checked before anything is generated."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kws_tflm.convert.model import indices, parse, shape_of
from kws_tflm.convert.schema import builtin_code, operator_name, schema, type_name
from kws_tflm.errors import ModelError

SOFTMAX_SCALE, SOFTMAX_ZERO_POINT = 1 / 256, -128

BUILTIN_OPERATORS = frozenset(
    """ABS ADD ARG_MAX ARG_MIN AVERAGE_POOL_2D CEIL CONV_2D CONCATENATION COS DEPTHWISE_CONV_2D DEQUANTIZE EQUAL FLOOR
    FULLY_CONNECTED GREATER GREATER_EQUAL LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC MAXIMUM
    MAX_POOL_2D MEAN MINIMUM MUL NEG NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE RELU RELU6 RESHAPE
    RESIZE_NEAREST_NEIGHBOR ROUND RSQRT SIN SOFTMAX SPLIT SQRT SQUARE STRIDED_SLICE SUB SVDF UNPACK
    L2_NORMALIZATION TANH""".split()
)
"""Builtin operators of the linked TensorFlow Lite Micro: each has a `Register_<NAME>` in micro_ops.h."""

CUSTOM_OPERATORS = {
    "KWS_SPARSE_CONV_2D": "resolver.AddCustom(kSparseConv2dName, Register_SPARSE_CONV_2D(), kSparseConv2dVersion);",
}
"""Custom operator -> the C++ statement that registers it."""


@dataclass(frozen=True)
class ModelFacts:
    """An int8 classifier that the firmware can link."""

    data: bytes
    name: str
    """For the banner: file name and hash."""
    hash: str
    """First 12 hex digits of the SHA-256 of the file."""
    builtin_operators: tuple[str, ...]
    custom_operators: tuple[str, ...]
    input_shape: tuple[int, ...]
    input_scale: float
    input_zero_point: int
    n_classes: int


def read_model_facts(path: Path) -> ModelFacts:
    """Read and check the model at `path`.

    Raises:
        ModelError: missing, corrupt, not int8 in and out, no softmax scores at its end, or operators that the
            firmware does not have (all of them named).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ModelError(f"{path}: cannot be read ({reason}); give a .tflite") from None
    model = parse(data, where=str(path))
    builtin, custom = _operators(model, path)
    graph = model.subgraphs[0]
    inputs, outputs = indices(graph.inputs), indices(graph.outputs)
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(f"{path}: has {len(inputs)} inputs and {len(outputs)} outputs; the firmware takes one of each")
    source, result = graph.tensors[inputs[0]], graph.tensors[outputs[0]]
    scale, zero_point = _quantization(source, f"{path}: input")
    _check_softmax(result, path)
    digest = hashlib.sha256(data).hexdigest()[:12]
    stem = re.sub(r"[^\w.-]+", "_", path.stem)[:40]
    return ModelFacts(
        data=data,
        name=f"{stem}-{digest[:8]}",
        hash=digest,
        builtin_operators=builtin,
        custom_operators=custom,
        input_shape=shape_of(source),
        input_scale=scale,
        input_zero_point=zero_point,
        n_classes=math.prod(shape_of(result)),
    )


def _operators(model: Any, path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    builtin, custom = set(), set()
    for code in model.operatorCodes:
        is_custom = builtin_code(code) == schema().BuiltinOperator.CUSTOM
        (custom if is_custom else builtin).add(operator_name(code))
    missing = sorted((builtin - BUILTIN_OPERATORS) | (custom - CUSTOM_OPERATORS.keys()))
    if missing:
        raise ModelError(f"{path}: operators that the firmware does not have: {', '.join(missing)}; convert without them")
    return tuple(sorted(builtin)), tuple(sorted(custom))


def _quantization(tensor: Any, where: str) -> tuple[float, int]:
    kind = type_name(tensor.type)
    if kind != "INT8":
        raise ModelError(f"{where} is {kind.lower()}, not int8; quantise the model with kws-tflm convert")
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or len(quantization.scale) != 1:
        raise ModelError(f"{where} has no single scale and zero point; convert the model again")
    return float(np.float32(quantization.scale[0])), int(quantization.zeroPoint[0])


def _check_softmax(tensor: Any, path: Path) -> None:
    scale, zero_point = _quantization(tensor, f"{path}: output")
    if scale != SOFTMAX_SCALE or zero_point != SOFTMAX_ZERO_POINT:
        raise ModelError(
            f"{path}: output has scale {scale:g} and zero point {zero_point}, not those of an int8 softmax "
            "(1/256, -128); end the model with a softmax"
        )

"""What the firmware build needs to know about a `.tflite`, checked before anything is generated."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.convert import ModelInfo, inspect
from kws_tflm.convert.custom_operators import SEPARABLE_OPERATOR
from kws_tflm.convert.depthwise_kernels import depthwise_kernel, shape_of_layer, shape_of_packed
from kws_tflm.convert.forms import CONV_OPERATOR
from kws_tflm.convert.forms_depthwise import DEPTHWISE_OPERATOR
from kws_tflm.convert.layer import DEPTHWISE
from kws_tflm.convert.layer_reading import read_layer
from kws_tflm.convert.model import constant, parse
from kws_tflm.convert.packing_depthwise import unpack_depthwise
from kws_tflm.convert.packing_header import ENCODING_BLOCK, read_header
from kws_tflm.convert.schema import operator_name
from kws_tflm.errors import ModelError

BLOCK_KERNELS = ((1, 2), (1, 4), (2, 2), (2, 4), (4, 1), (4, 4))
"""(output, input) channels of the blocks that have kernels, in the order of `sparse_conv2d_tile.cc`."""
SOFTMAX_SCALE, SOFTMAX_ZERO_POINT = 1 / 256, -128


@dataclass(frozen=True)
class ModelFacts:
    """An int8 model that the firmware can link; input and classes are those of its first input and output."""

    data: bytes
    name: str
    """For the banner: file name and hash."""
    hash: str
    """First 12 hex digits of the SHA-256 of the file."""
    builtin_operators: tuple[str, ...]
    custom_operators: tuple[str, ...]
    operators: tuple[str, ...]
    """Name of each operator, in the model's order."""
    sparse_encodings: int
    """Bit 1 << encoding for each that KWS_SPARSE_CONV_2D has in this model; 0 without one."""
    sparse_blocks: int
    """Bit i for each shape BLOCK_KERNELS[i] of blocks in this model."""
    depthwise_rows: bool
    """Whether a depthwise layer may take the kernel along rows (depthwise_rows.h)."""
    input_shape: tuple[int, ...]
    input_scale: float
    input_zero_point: int
    n_classes: int

    @property
    def settings(self) -> dict[str, str]:
        """CMake variables: no kernels of encodings and block shapes that the model does not have."""
        rows = {"KWS_DEPTHWISE_ROWS": "" if self.depthwise_rows else "0"}
        if not self.custom_operators:
            return rows | {"KWS_SPARSE_ENCODINGS": "", "KWS_SPARSE_BLOCKS": ""}
        encodings = f"{self.sparse_encodings:#x}" if self.sparse_encodings else ""
        return rows | {"KWS_SPARSE_ENCODINGS": encodings, "KWS_SPARSE_BLOCKS": f"{self.sparse_blocks:#x}"}


def read_model_facts(path: Path, *, classifier: bool = True) -> ModelFacts:
    """Read and check the model at `path`.

    Args:
        path: the file.
        classifier: one input, and one output that is an int8 softmax; else any.

    Raises:
        ModelError: missing, corrupt, not int8, no softmax scores at its end, or operators that the firmware
            does not have (all of them named).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ModelError(f"{path}: cannot be read ({reason}); give a .tflite") from None
    info = inspect(data, where=str(path))
    source, result = info.inputs[0], info.outputs[0]
    if classifier:
        _check_classifier(path, info)
    encodings, blocks = _sparse_kernels(data)
    names = {operator.operator for operator in info.operators}
    digest = hashlib.sha256(data).hexdigest()[:12]
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", path.stem)[:40]
    return ModelFacts(
        data=data,
        name=f"{stem}-{digest[:8]}",
        hash=digest,
        builtin_operators=tuple(sorted(names - set(info.custom_operators))),
        custom_operators=tuple(info.custom_operators),
        operators=tuple(operator.operator for operator in info.operators),
        sparse_encodings=encodings,
        sparse_blocks=blocks,
        depthwise_rows=_takes_depthwise_rows(data),
        input_shape=source.shape,
        input_scale=source.scale,
        input_zero_point=source.zero_point,
        n_classes=math.prod(result.shape),
    )


def _sparse_kernels(data: bytes) -> tuple[int, int]:
    """Encodings and block shapes in the packed weights of a model."""
    model = parse(data)
    encodings = blocks = 0
    for graph in model.subgraphs:
        for operator in graph.operators:
            name = (model.operatorCodes[operator.opcodeIndex].customCode or b"").decode("ascii", "replace")
            if name not in (CONV_OPERATOR, SEPARABLE_OPERATOR):
                continue
            packed = constant(model, graph.tensors[operator.inputs[1 if name == CONV_OPERATOR else 2]])
            if packed is None:
                continue
            header = read_header(packed.tobytes())
            if name == CONV_OPERATOR:
                encodings |= 1 << header.encoding
            if header.encoding == ENCODING_BLOCK and header.group in BLOCK_KERNELS:
                blocks |= 1 << BLOCK_KERNELS.index(header.group)
    return encodings, blocks


def _takes_depthwise_rows(data: bytes) -> bool:
    """Whether a depthwise layer of a model may be computed along rows; said of one that cannot be read, too."""
    model = parse(data)
    for graph in model.subgraphs:
        for operator in graph.operators:
            name = operator_name(model.operatorCodes[operator.opcodeIndex])
            if name == DEPTHWISE:
                layer, _ = read_layer(model, operator)
                if layer is None or depthwise_kernel(shape_of_layer(layer)) == "lines":
                    return True
            elif name in (DEPTHWISE_OPERATOR, SEPARABLE_OPERATOR):
                packed = constant(model, graph.tensors[operator.inputs[1]])
                if packed is None or depthwise_kernel(shape_of_packed(unpack_depthwise(packed.tobytes()))) == "lines":
                    return True
    return False


def _check_classifier(path: Path, info: ModelInfo) -> None:
    if len(info.inputs) != 1 or len(info.outputs) != 1:
        raise ModelError(
            f"{path}: has {len(info.inputs)} inputs and {len(info.outputs)} outputs; the firmware takes one of each"
        )
    result = info.outputs[0]
    if result.scale != SOFTMAX_SCALE or result.zero_point != SOFTMAX_ZERO_POINT:
        raise ModelError(
            f"{path}: output has scale {result.scale:g} and zero point {result.zero_point}, not those of an int8 "
            "softmax (1/256, -128); end the model with a softmax"
        )

"""Take out of a model what no kernel reads and what costs flash or arena all the same.

- Scales and zero points of convolution biases: TFLM of 2020 copies them into the arena, 8 bytes a channel
  with 8 more for the lists, and takes the multipliers from input, filter and output alone. Those of a
  FULLY_CONNECTED stay: its kernels check the bias's scale.
- A RESHAPE around a fully connected layer (`absorb_reshapes`).
- Calibrated ranges (`min`, `max`), names of constants, what the converter appended to names, shape
  signatures, signatures, the converter's own metadata, buffers that nothing uses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kws_tflm.convert.absorb_reshapes import absorb_reshapes
from kws_tflm.convert.custom_operators import CUSTOM_OPERATORS
from kws_tflm.convert.layer import CONV, DEPTHWISE
from kws_tflm.convert.model import constant, drop_unused, indices, parse, serialize
from kws_tflm.convert.schema import operator_name, schema, text, type_name

CONVERTER_METADATA = ("min_runtime_version", "CONVERSION_METADATA")


def slim(model: bytes) -> bytes:
    """`model` without them; it computes the same.

    Raises:
        ModelError: `model` cannot be read.
    """
    edited = parse(model)
    absorb_reshapes(edited)
    graph = edited.subgraphs[0]
    for index in _plain_biases(edited):
        graph.tensors[index].quantization = None
    for tensor in graph.tensors:
        _slim_tensor(edited, tensor)
    edited.signatureDefs = None
    edited.description = None
    graph.name = None
    edited.metadata = [entry for entry in edited.metadata or [] if text(entry.name) not in CONVERTER_METADATA] or None
    drop_unused(edited)
    _drop_buffers(edited)
    return serialize(edited)


def _plain_biases(model: Any) -> set[int]:
    """Constant int32 inputs of the convolutions that no other operator reads."""
    graph = model.subgraphs[0]
    candidates: set[int] = set()
    others: set[int] = set(indices(graph.outputs))
    for op in graph.operators:
        convolves = operator_name(model.operatorCodes[op.opcodeIndex]) in (CONV, DEPTHWISE, *CUSTOM_OPERATORS)
        for index in indices(op.inputs):
            if index < 0:
                continue
            tensor = graph.tensors[index]
            is_bias = type_name(tensor.type) == "INT32" and constant(model, tensor) is not None
            (candidates if convolves and is_bias else others).add(index)
    return candidates - others


def _slim_tensor(model: Any, tensor: Any) -> None:
    tensor.shapeSignature = None
    # Activations keep a name: reports and error messages say it.
    tensor.name = None if constant(model, tensor) is not None else text(tensor.name).split(";")[0]
    if tensor.quantization is not None:
        tensor.quantization.min = tensor.quantization.max = None
        if tensor.quantization.scale is None or len(tensor.quantization.scale) == 0:
            tensor.quantization = None


def _drop_buffers(model: Any) -> None:
    """Renumber the buffers in use; 0 stays the empty one that every activation shares."""
    kept: list[Any] = [schema().BufferT()]
    number: dict[int, int] = {}

    def place(index: int) -> int:
        data = model.buffers[index].data
        if data is None or len(data) == 0:
            return 0
        if index not in number:
            kept.append(model.buffers[index])
            number[index] = len(kept) - 1
        return number[index]

    for tensor in model.subgraphs[0].tensors:
        tensor.buffer = place(tensor.buffer)
    for entry in model.metadata or []:
        entry.buffer = place(entry.buffer)
    if model.metadataBuffer is not None:
        model.metadataBuffer = np.array([place(i) for i in indices(model.metadataBuffer)], np.int32)
    model.buffers = kept

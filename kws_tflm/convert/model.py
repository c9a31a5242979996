"""`.tflite` bytes <-> TFLite's object API, with errors instead of surprises."""

from __future__ import annotations

import struct
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from kws_tflm.convert.flatbuffer_check import FILE_IDENTIFIER, MalformedError, check_structure
from kws_tflm.convert.schema import schema, type_name
from kws_tflm.errors import ModelError

SCHEMA_VERSION = 3
BUFFER_ALIGNMENT = 16

_DTYPES = {"INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
           "FLOAT32": np.float32, "FLOAT16": np.float16, "FLOAT64": np.float64, "BOOL": np.bool_}  # fmt: skip

_READ_ERRORS = (struct.error, IndexError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)


def parse(data: bytes, where: str = "model") -> Any:
    """The `ModelT` in `data`, with exactly one subgraph and all indices in range.

    Raises:
        ModelError: not a `.tflite`, truncated or corrupt; `where` names it.
    """
    try:
        check_structure(data)
        model = schema().ModelT.InitFromPackedBuf(bytearray(data))
        _check_indices(model)
    except MalformedError as error:
        raise ModelError(f"{where}: {error}; convert the model again") from None
    except _READ_ERRORS as error:
        raise ModelError(f"{where}: corrupt TFLite model ({_reason(error)}); convert the model again") from None
    return model


def serialize(model: Any) -> bytes:
    """`model` as bytes; the same model always gives the same bytes. Constants lie on 16-byte boundaries.

    Raises:
        ModelError: `model` has fields that contradict each other, as a corrupt file can.
    """
    buffers = model.buffers
    builder = flatbuffers.Builder(1 << 16)
    try:
        model.buffers = [_aligned(buffer) for buffer in buffers]
        builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    except _READ_ERRORS as error:
        raise ModelError(f"model cannot be written ({_reason(error)}); convert it again") from None
    finally:
        model.buffers = buffers
    return bytes(builder.Output())


def constant(model: Any, tensor: Any) -> npt.NDArray[Any] | None:
    """The values of a constant tensor in its shape, or None when it is computed at run time."""
    data = model.buffers[tensor.buffer].data
    if data is None or len(data) == 0:
        return None
    dtype = np.dtype(_DTYPES[type_name(tensor.type)]).newbyteorder("<")
    return np.frombuffer(np.asarray(data, np.uint8).tobytes(), dtype).reshape(shape_of(tensor))


def add_buffer(model: Any, data: bytes) -> int:
    """Append a buffer; returns its index."""
    buffer = schema().BufferT()
    buffer.data = np.frombuffer(data, np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def shape_of(tensor: Any) -> tuple[int, ...]:
    """Shape as plain integers; () for a scalar."""
    return () if tensor.shape is None else tuple(int(side) for side in tensor.shape)


def indices(values: Any) -> list[int]:
    """An index vector of the schema as a list; absent means empty."""
    return [] if values is None else [int(value) for value in values]


def drop_unused(model: Any) -> None:
    """Remove tensors and operator codes that nothing uses, and empty unused buffers. Tensors are renumbered.

    TFLM's memory planner refuses a tensor that no operator reads or writes.
    """
    graph = model.subgraphs[0]
    lists = [(graph, "inputs"), (graph, "outputs")]
    lists += [(op, field) for op in graph.operators for field in ("inputs", "outputs", "intermediates")]
    used = sorted({i for owner, field in lists for i in indices(getattr(owner, field)) if i >= 0})
    number = {old: new for new, old in enumerate(used)} | {-1: -1}
    graph.tensors = [graph.tensors[i] for i in used]
    for owner, field in lists:
        if getattr(owner, field) is not None:
            setattr(owner, field, np.array([number[i] for i in indices(getattr(owner, field))], np.int32))
    for signature in model.signatureDefs or []:
        for entry in (*(signature.inputs or []), *(signature.outputs or [])):
            entry.tensorIndex = number.get(entry.tensorIndex, 0)

    kept = {tensor.buffer for tensor in graph.tensors} | set(indices(model.metadataBuffer))
    kept |= {entry.buffer for entry in model.metadata or []}
    for index, buffer in enumerate(model.buffers):
        if index not in kept:
            buffer.data = None
    codes = sorted({op.opcodeIndex for op in graph.operators})
    model.operatorCodes = [model.operatorCodes[code] for code in codes]
    for op in graph.operators:
        op.opcodeIndex = codes.index(op.opcodeIndex)


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _check_indices(model: Any) -> None:
    """What the flatbuffer structure cannot say: indices point at something, constants fill their shape."""
    if model.version != SCHEMA_VERSION:
        raise MalformedError(f"TFLite schema version {model.version}, not {SCHEMA_VERSION}")
    if not model.operatorCodes or not model.buffers or len(model.subgraphs or []) != 1:
        raise MalformedError("a model of exactly one subgraph with operators is needed")
    graph = model.subgraphs[0]
    tensors = graph.tensors or []
    if not tensors or not graph.operators:
        raise MalformedError("the model has no tensors or no operators")
    for index, tensor in enumerate(tensors):
        _check_tensor(model, tensor, f"tensor {index}")
    for index, op in enumerate(graph.operators):
        if op.opcodeIndex >= len(model.operatorCodes):
            raise MalformedError(f"operator {index} has no operator code")
        if not indices(op.outputs):
            raise MalformedError(f"operator {index} has no output")
        _check_range((*indices(op.inputs), *indices(op.intermediates)), -1, len(tensors), f"operator {index} input")
        _check_range(indices(op.outputs), 0, len(tensors), f"operator {index} output")
    for name, values in (("input", indices(graph.inputs)), ("output", indices(graph.outputs))):
        if not values:
            raise MalformedError(f"the model has no {name}")
        _check_range(values, 0, len(tensors), f"model {name}")
    _check_range([entry.buffer for entry in model.metadata or []], 0, len(model.buffers), "metadata")


def _check_range(values: Any, low: int, end: int, what: str) -> None:
    if any(not low <= value < end for value in values):
        raise MalformedError(f"{what} index out of range")


def _check_tensor(model: Any, tensor: Any, where: str) -> None:
    _check_range([tensor.buffer], 0, len(model.buffers), f"{where} buffer")
    shape = shape_of(tensor)
    if any(not 0 <= side < 1 << 28 for side in shape):
        raise MalformedError(f"{where} has the impossible shape {list(shape)}")
    data = model.buffers[tensor.buffer].data
    kind = type_name(tensor.type)
    if data is not None and len(data):
        dtype = _DTYPES.get(kind)
        if dtype is None:
            raise MalformedError(f"{where} has constants of the type {kind}, which no int8 model has")
        needed = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
        if len(data) != needed:
            raise MalformedError(f"{where} has {len(data)} bytes of data, its shape needs {needed}")
    quantization = tensor.quantization
    if quantization is not None and quantization.scale is not None and len(quantization.scale):
        scale = np.asarray(quantization.scale)
        if not np.all(np.isfinite(scale)) or np.any(scale < 0):
            raise MalformedError(f"{where} has a scale that is negative or not finite")
        if quantization.zeroPoint is None or len(quantization.zeroPoint) != len(scale):
            raise MalformedError(f"{where} has scales and zero points of different number")


def _aligned(buffer: Any) -> Any:
    """A copy of a BufferT that packs its data on a BUFFER_ALIGNMENT boundary, as the schema demands.

    The generated Python code ignores `force_align`.
    """

    class AlignedBuffer(schema().BufferT):  # type: ignore[misc]
        def Pack(self, builder: Any) -> Any:  # noqa: N802 - the object API's name
            if self.data is None or len(self.data) == 0:
                schema().BufferStart(builder)
                return schema().BufferEnd(builder)
            content = np.asarray(self.data, np.uint8).tobytes()
            builder.StartVector(1, len(content), BUFFER_ALIGNMENT)
            builder.head -= len(content)
            builder.Bytes[builder.head : builder.head + len(content)] = content
            data = builder.EndVector()
            schema().BufferStart(builder)
            schema().BufferAddData(builder, data)
            return schema().BufferEnd(builder)

    copy = AlignedBuffer()
    copy.data = buffer.data
    return copy

"""What the second opinion computes: models with inputs, clips, and the bytes that its program reads."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kws_tflm.config import FeatureConfig
from kws_tflm.errors import FirmwareError

_MAGIC = 0x5653574B
_ALIGNMENT = 16

Key = tuple[str | int, ...]
"""An output: ("operator", model, input, operator) or ("column", clip, column)."""


@dataclass(frozen=True)
class ModelVectors:
    """A model and what to feed it."""

    name: str
    data: bytes
    """int8 `.tflite` of operators that the program has."""
    inputs: NDArray[np.int8]
    """[n, values of an input]; further axes are allowed."""


@dataclass(frozen=True)
class Vectors:
    """Everything that is computed in one run."""

    models: Sequence[ModelVectors] = ()
    clips: Sequence[NDArray[np.int16]] = ()
    features: FeatureConfig = field(default_factory=FeatureConfig)


def pack(vectors: Vectors) -> bytes:
    """The bytes that stm32f7_app/second_opinion/vectors.h describes."""
    parts = [struct.pack("<4I", _MAGIC, len(vectors.models), len(vectors.clips), 0)]
    for model in vectors.models:
        inputs = rows(model)
        parts += [struct.pack("<4I", len(model.data), *inputs.shape, 0), model.data, inputs.tobytes()]
    for clip in vectors.clips:
        parts += [struct.pack("<4I", len(clip), 0, 0, 0), np.ascontiguousarray(clip, "<i2").tobytes()]
    return b"".join(part + bytes(-len(part) % _ALIGNMENT) for part in parts)


def rows(model: ModelVectors) -> NDArray[np.int8]:
    """Inputs as [n, values]."""
    if model.inputs.ndim < 2 or model.inputs.dtype != np.int8:
        raise FirmwareError(f"{model.name}: inputs must be int8 with an axis of inputs first")
    return np.ascontiguousarray(model.inputs).reshape(len(model.inputs), -1)


def place(vectors: Vectors, key: Key) -> str:
    """Name of an output for messages."""
    from kws_tflm.convert.model import parse
    from kws_tflm.convert.schema import operator_name

    kind, first, *rest = key
    if kind == "column":
        return f"clip {first}, feature column {rest[0]}"
    model = vectors.models[int(first)]
    parsed = parse(model.data, model.name)
    operator = parsed.subgraphs[0].operators[int(rest[1])]
    name = operator_name(parsed.operatorCodes[operator.opcodeIndex])
    return f"{model.name}, input {rest[0]}, operator {rest[1]} ({name})"

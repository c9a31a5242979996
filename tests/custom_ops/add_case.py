"""ADD of an input and a constant, of drawn shapes and quantisation, as a .tflite of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from kws_tflm.convert.model import serialize
from kws_tflm.convert.schema import schema

LARGEST = 100_000
"""Values of a drawn output; all three tensors must fit the arenas of the tests."""
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


@dataclass(frozen=True)
class AddCase:
    a_shape: tuple[int, ...]
    b_shape: tuple[int, ...]
    """Of the constant; both broadcast to the output's shape."""
    a_scale: float = 0.05
    b_scale: float = 0.03
    output_scale: float = 0.06
    zero_points: tuple[int, int, int] = (-128, 3, -5)
    """Of a, b and the output."""
    activation: str = "NONE"
    constant_first: bool = False
    seed: int = 0

    @property
    def output_shape(self) -> tuple[int, ...]:
        return tuple(np.broadcast_shapes(self.a_shape, self.b_shape))

    def values(self) -> np.ndarray:
        """Of the input; with the ends of the range."""
        return _int8(np.random.default_rng(self.seed), self.a_shape)

    def constant(self) -> np.ndarray:
        return _int8(np.random.default_rng(self.seed + 1), self.b_shape)

    def model(self) -> bytes:
        s = schema()
        buffers, tensors = [s.BufferT()], []
        shapes = (self.a_shape, self.b_shape, self.output_shape)
        scales = (self.a_scale, self.b_scale, self.output_scale)
        for i, (shape, scale, zero_point) in enumerate(zip(shapes, scales, self.zero_points, strict=True)):
            buffer = s.BufferT()
            if i == 1:
                buffer.data = np.frombuffer(self.constant().tobytes(), np.uint8)
            buffers.append(buffer)
            tensors.append(_tensor(s, i, shape, scale, zero_point))
        operator = s.OperatorT()
        operator.opcodeIndex = 0
        order = (1, 0) if self.constant_first else (0, 1)
        operator.inputs, operator.outputs = np.array(order, np.int32), np.array([2], np.int32)
        operator.builtinOptionsType, operator.builtinOptions = s.BuiltinOptions.AddOptions, s.AddOptionsT()
        operator.builtinOptions.fusedActivationFunction = getattr(s.ActivationFunctionType, self.activation)
        code = s.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.ADD
        code.version = 2
        graph = s.SubGraphT()
        graph.tensors, graph.operators = tensors, [operator]
        graph.inputs, graph.outputs = np.array([0], np.int32), np.array([2], np.int32)
        model = s.ModelT()
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], buffers
        return serialize(model)


def _int8(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    values = rng.integers(-128, 128, shape).astype(np.int8)
    values.flat[:2] = (-128, 127)[: values.size]
    return values


def _tensor(s: Any, index: int, shape: tuple[int, ...], scale: float, zero_point: int) -> Any:
    tensor = s.TensorT()
    tensor.shape, tensor.type = np.array(shape, np.int32), s.TensorType.INT8
    tensor.buffer, tensor.name = index + 1, f"t{index}"
    tensor.quantization = s.QuantizationParametersT()
    tensor.quantization.scale = np.array([scale], np.float32)
    tensor.quantization.zeroPoint = np.array([zero_point], np.int64)
    return tensor


@st.composite
def add_cases(draw: st.DrawFn) -> AddCase:
    """Any shape of up to four dimensions, broadcasting, scales, zero points and clamp."""
    output = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    if draw(st.booleans()):
        rows = math.prod(output[:-1])
        output[-1] = draw(st.integers(1, max(12, min(700, LARGEST // rows))))
    a, b = list(output), list(output)
    if draw(st.booleans()):
        for side in range(len(output)):
            which = draw(st.sampled_from([None, None, a, b]))
            if which is not None:
                which[side] = 1
        b = b[draw(st.integers(0, len(b) - 1)) :] if draw(st.booleans()) else b
    scales = st.sampled_from([0.05, 0.05, 0.0125, 0.1, 0.049999, 0.003, 1e-5])
    a_scale, b_scale = draw(scales), draw(scales)
    ratio = draw(st.sampled_from([0.01, 0.3, 1.0, 1.7, 2.0, 4.0, 40.0]))
    zero_point = st.integers(-128, 127)
    return AddCase(
        tuple(a),
        tuple(b),
        a_scale,
        b_scale,
        ratio * max(a_scale, b_scale),
        (draw(zero_point), draw(zero_point), draw(zero_point)),
        draw(st.sampled_from(ACTIVATIONS)),
        draw(st.booleans()),
        draw(st.integers(0, 1 << 16)),
    )

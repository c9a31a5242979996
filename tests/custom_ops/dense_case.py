"""One dense int8 operator with random content, as a .tflite of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from kws_tflm.convert.model import serialize
from kws_tflm.convert.schema import schema

CONV, DEPTHWISE, FULLY_CONNECTED, AVERAGE_POOL, SOFTMAX = (
    "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "SOFTMAX",
)  # fmt: skip
_OPTIONS = {CONV: "Conv2DOptions", DEPTHWISE: "DepthwiseConv2DOptions", FULLY_CONNECTED: "FullyConnectedOptions",
            AVERAGE_POOL: "Pool2DOptions", SOFTMAX: "SoftmaxOptions"}  # fmt: skip


@dataclass(frozen=True)
class DenseCase:
    operator: str
    input_shape: tuple[int, ...]
    channels: int
    """Of the output; of the pool and the softmax, those of the input."""
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    same: bool = False
    activation: str = "NONE"
    has_bias: bool = True
    per_channel: bool = True
    input_zero_point: int = 0
    output_zero_point: int = 0
    scale_ratio: float = 0.02
    """Output scale over typical accumulator scale; small values saturate."""
    seed: int = 0
    input_scale: float = 0.05
    beta: float = 1.0
    """Of the softmax."""
    filter_zero_point: int = 0
    """Of a FULLY_CONNECTED."""
    bias_reach: int = 0
    """Largest bias, which every second one is near; 0: about as much as the products sum to."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        if self.operator == SOFTMAX:
            return self.input_shape
        if self.operator == FULLY_CONNECTED:
            return (int(np.prod(self.input_shape)) // self.input_shape[-1], self.channels)
        sides = [
            -(-size // stride) if self.same else (size - (kernel - 1) * dilation - 1) // stride + 1
            for size, kernel, stride, dilation in zip(
                self.input_shape[1:3], self.kernel, self.stride, self.dilation, strict=True
            )
        ]
        return (self.input_shape[0], *sides, self.channels)

    def values(self) -> np.ndarray:
        """Random input with the extremes among it."""
        rng = np.random.default_rng(self.seed + 1)
        values = rng.integers(-128, 128, self.input_shape).astype(np.int8)
        values.flat[0], values.flat[-1] = -128, 127
        return values

    def model(self) -> bytes:
        return _Builder(self).build()


class _Builder:
    def __init__(self, case: DenseCase) -> None:
        self.case, self.s = case, schema()
        self.rng = np.random.default_rng(case.seed)
        self.buffers = [self.s.BufferT()]
        self.tensors: list[Any] = []

    def build(self) -> bytes:
        case, s = self.case, self.s
        input_scale = case.input_scale
        inputs = [self.tensor(case.input_shape, "INT8", [input_scale], [case.input_zero_point])]
        output_scale, output_zero_point = input_scale, case.input_zero_point
        if case.operator == SOFTMAX:
            output_scale, output_zero_point = 1 / 256, -128
        elif case.operator != AVERAGE_POOL:
            scales, terms = self.add_filter(inputs)
            if case.has_bias:
                reach = case.bias_reach or max(1, int(64 * np.sqrt(terms)))
                bias = self.rng.integers(-reach, reach + 1, case.channels).astype(np.int32)
                if case.bias_reach:
                    bias[::2] = (reach - np.abs(bias[::2]) % 80_000) * np.sign(bias[::2])
                bias_scales = [input_scale * scale for scale in scales]
                inputs.append(self.tensor(bias.shape, "INT32", bias_scales, [0] * len(scales), bias))
            output_scale = float(np.max(scales)) * input_scale * np.sqrt(terms) * 64 * case.scale_ratio
            output_zero_point = case.output_zero_point
        output = self.tensor(case.output_shape, "INT8", [output_scale], [output_zero_point])

        operator = s.OperatorT()
        operator.opcodeIndex = 0
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        operator.builtinOptionsType = getattr(s.BuiltinOptions, _OPTIONS[case.operator])
        operator.builtinOptions = self.options()
        code = s.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(s.BuiltinOperator, case.operator)
        code.version = 1
        graph = s.SubGraphT()
        graph.tensors, graph.operators = self.tensors, [operator]
        graph.inputs, graph.outputs = np.array(inputs[:1], np.int32), np.array([output], np.int32)
        model = s.ModelT()
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], self.buffers
        return serialize(model)

    def add_filter(self, inputs: list[int]) -> tuple[np.ndarray, int]:
        case = self.case
        depth = case.input_shape[-1]
        shape = {
            CONV: (case.channels, *case.kernel, depth),
            DEPTHWISE: (1, *case.kernel, case.channels),
            FULLY_CONNECTED: (case.channels, depth),
        }[case.operator]
        weights = self.rng.integers(-127, 128, shape).astype(np.int8)
        per_channel = case.per_channel and case.operator != FULLY_CONNECTED
        count = case.channels if per_channel else 1
        scales = np.exp(self.rng.uniform(-7, -3, count)).astype(np.float32)
        axis = 3 if case.operator == DEPTHWISE else 0
        inputs.append(self.tensor(shape, "INT8", scales, [case.filter_zero_point] * count, weights, axis))
        return scales, int(weights.size // case.channels)

    def tensor(
        self, shape: Any, kind: str, scales: Any, zero_points: Any, data: np.ndarray | None = None, axis: int = 0
    ) -> int:
        s, tensor, buffer = self.s, self.s.TensorT(), self.s.BufferT()
        if data is not None:
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        self.buffers.append(buffer)
        tensor.shape, tensor.type = np.array(shape, np.int32), getattr(s.TensorType, kind)
        tensor.buffer, tensor.name = len(self.buffers) - 1, f"t{len(self.tensors)}"
        tensor.quantization = s.QuantizationParametersT()
        tensor.quantization.scale = np.array(scales, np.float32)
        tensor.quantization.zeroPoint = np.array(zero_points, np.int64)
        tensor.quantization.quantizedDimension = axis
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def options(self) -> Any:
        case, s = self.case, self.s
        options = getattr(s, f"{_OPTIONS[case.operator]}T")()
        if case.operator == SOFTMAX:
            options.beta = case.beta
            return options
        options.fusedActivationFunction = getattr(s.ActivationFunctionType, case.activation)
        if case.operator == FULLY_CONNECTED:
            return options
        options.padding = s.Padding.SAME if case.same else s.Padding.VALID
        options.strideH, options.strideW = case.stride
        if case.operator == AVERAGE_POOL:
            options.filterHeight, options.filterWidth = case.kernel
            return options
        options.dilationHFactor, options.dilationWFactor = case.dilation
        if case.operator == DEPTHWISE:
            options.depthMultiplier = case.channels // case.input_shape[-1]
        return options


ZERO_POINTS = st.integers(-128, 127)


@st.composite
def dense_cases(draw: st.DrawFn, operator: str) -> DenseCase:
    """Any shape, padding, stride, dilation, zero point, clamp and number of channels."""
    common = {
        "activation": draw(st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])),
        "input_zero_point": draw(ZERO_POINTS),
        "output_zero_point": draw(ZERO_POINTS),
        "has_bias": draw(st.booleans()),
        "per_channel": draw(st.booleans()),
        "scale_ratio": draw(st.sampled_from([0.0005, 0.02, 0.1, 0.5])),
        "seed": draw(st.integers(0, 1 << 16)),
    }
    if operator == FULLY_CONNECTED:
        shape = (draw(st.integers(1, 3)), draw(st.integers(1, 70)))
        filter_zero_point = draw(st.sampled_from([0, 0, 0, -128, 5, 127]))
        return DenseCase(operator, shape, draw(st.integers(1, 20)), filter_zero_point=filter_zero_point, **common)
    if operator == SOFTMAX:
        depth, scale = draw(st.integers(1, 40)), draw(st.sampled_from([1e-3, 0.02, 0.05, 0.3, 2.0, 40.0]))
        shape = (*draw(st.lists(st.integers(1, 3), max_size=2)), depth)
        beta = draw(st.sampled_from([1.0, 0.3, 3.0]))
        return DenseCase(operator, shape, depth, seed=common["seed"], input_scale=scale, beta=beta)
    kernel = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    dilation = (1, 1)
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    if operator != AVERAGE_POOL and draw(st.booleans()):
        # tf.lite does not promise dilation together with stride, so neither does this test.
        stride, dilation = (1, 1), (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    if operator == DEPTHWISE and draw(st.booleans()):
        kernel, stride, dilation = (3, 3), (1, 1), (1, 1)
    same = draw(st.booleans())
    least = [1 if same else (k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    sides = tuple(draw(st.integers(low, low + 8)) for low in least)
    depth = draw(st.integers(1, 13))
    channels = {CONV: draw(st.integers(1, 13)), DEPTHWISE: depth * draw(st.integers(1, 3)), AVERAGE_POOL: depth}
    return DenseCase(operator, (draw(st.integers(1, 2)), *sides, depth), channels[operator], kernel, stride, dilation,
                     same, **common)  # fmt: skip


def tf_lite(model: bytes, values: np.ndarray) -> np.ndarray:
    """The bytes of TFLite's reference kernels."""
    from kws_tflm._tf import tf

    interpreter = tf.lite.Interpreter(
        model_content=model, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

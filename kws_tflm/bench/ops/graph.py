"""One layer as a `.tflite` of its own: dense, or as one of this project's custom operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_tflm.bench.ops.layers import CONV, DEPTHWISE, FULLY_CONNECTED
from kws_tflm.bench.ops.weights import Tensors
from kws_tflm.convert.model import serialize
from kws_tflm.convert.schema import schema

_OPTIONS = {CONV: "Conv2DOptions", DEPTHWISE: "DepthwiseConv2DOptions", FULLY_CONNECTED: "FullyConnectedOptions"}
_VERSIONS = {CONV: 3, DEPTHWISE: 3, FULLY_CONNECTED: 4}


class Graph:
    """Tensors and operators of a model under construction, in execution order."""

    def __init__(self) -> None:
        self._tensors: list[Any] = []
        self._buffers: list[Any] = [schema().BufferT()]
        self._codes: list[Any] = []
        self._operators: list[Any] = []

    def activation(self, shape: tuple[int, ...], scale: float, zero_point: int) -> int:
        """An int8 tensor that is computed at run time; returns its index."""
        return self._tensor(shape, "INT8", [scale], [zero_point], b"", 0)

    def constant(self, values: npt.NDArray[Any], scales: Any = (), axis: int = 0) -> int:
        """A constant tensor in the type of `values`, symmetric where it has scales."""
        kind = values.dtype.name.upper()
        return self._tensor(values.shape, kind, scales, [0] * len(scales), values.tobytes(), axis)

    def operator(self, name: str, inputs: list[int], output: int, options: Any = None) -> None:
        """Append a built-in operator with `options` (an object of the schema's), or a custom one without."""
        op = schema().OperatorT()
        op.inputs, op.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        op.opcodeIndex = self._opcode(name, custom=options is None)
        if options is not None:
            op.builtinOptionsType = getattr(schema().BuiltinOptions, type(options).__name__.removesuffix("T"))
            op.builtinOptions = options
        self._operators.append(op)

    def model(self, source: int, result: int) -> bytes:
        """The model from tensor `source` to tensor `result`."""
        graph = schema().SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = np.array([source], np.int32), np.array([result], np.int32)
        model = schema().ModelT()
        model.version, model.operatorCodes, model.subgraphs = 3, self._codes, [graph]
        model.buffers = self._buffers
        return serialize(model)

    def _tensor(self, shape: tuple[int, ...], kind: str, scales: Any, zeros: Any, data: bytes, axis: int) -> int:
        tensor, buffer = schema().TensorT(), schema().BufferT()
        if data:
            buffer.data = np.frombuffer(data, np.uint8)
        self._buffers.append(buffer)
        tensor.name = f"t{len(self._tensors)}"
        tensor.shape, tensor.type = np.array(shape, np.int32), getattr(schema().TensorType, kind)
        tensor.buffer = len(self._buffers) - 1
        if len(scales):
            tensor.quantization = schema().QuantizationParametersT()
            tensor.quantization.scale = np.array(scales, np.float32)
            tensor.quantization.zeroPoint = np.array(zeros, np.int64)
            tensor.quantization.quantizedDimension = axis
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _opcode(self, name: str, custom: bool) -> int:
        builtin = getattr(schema().BuiltinOperator, "CUSTOM" if custom else name)
        code = schema().OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.customCode = name if custom else None
        code.version = 1 if custom else _VERSIONS.get(name, 1)
        for index, known in enumerate(self._codes):
            if (known.builtinCode, known.customCode) == (code.builtinCode, code.customCode):
                return index
        self._codes.append(code)
        return len(self._codes) - 1


def dense_model(tensors: Tensors) -> bytes:
    """The built-in operators on the weights as they are."""
    return layer_model(tensors, add_dense)


def layer_model(tensors: Tensors, add: Callable[[Graph, Tensors, int, int], None]) -> bytes:
    """The layer as `add` appends it, behind its depthwise half if it has one."""
    graph = Graph()
    first = source = input_of(graph, tensors.before or tensors)
    if tensors.before is not None:
        source = output_of(graph, tensors.before)
        add_dense(graph, tensors.before, first, source)
    result = output_of(graph, tensors)
    add(graph, tensors, source, result)
    return graph.model(first, result)


def input_of(graph: Graph, tensors: Tensors) -> int:
    """A new activation that the layer can read."""
    layer = tensors.layer
    channels = tensors.out_channels if layer.operator == DEPTHWISE else layer.in_channels
    shape = (1, channels) if layer.operator == FULLY_CONNECTED else (1, *layer.input, channels)
    return graph.activation(shape, tensors.input_scale, tensors.input_zero_point)


def output_of(graph: Graph, tensors: Tensors) -> int:
    """A new activation for the layer's output."""
    layer, channels = tensors.layer, tensors.out_channels
    shape = (1, channels) if layer.operator == FULLY_CONNECTED else (1, *layer.output, channels)
    return graph.activation(shape, tensors.output_scale, tensors.output_zero_point)


def add_dense(graph: Graph, tensors: Tensors, source: int, result: int) -> None:
    """The layer as a built-in operator between two activations."""
    layer = tensors.layer
    weights = tensors.weights
    if layer.operator == FULLY_CONNECTED:
        weights = weights.reshape(tensors.out_channels, -1)
    kernel = graph.constant(weights, tensors.scales, 3 if layer.operator == DEPTHWISE else 0)
    bias = graph.constant(tensors.bias, [tensors.input_scale * float(scale) for scale in tensors.scales])
    graph.operator(layer.operator, [source, kernel, bias], result, _options(tensors))


def add_packed(graph: Graph, tensors: Tensors, operator: str, packed: bytes, source: int, result: int) -> None:
    """The layer as a custom operator between two activations."""
    weights = graph.constant(np.frombuffer(packed, np.uint8))
    graph.operator(operator, [source, weights, graph.constant(tensors.bias)], result)


def _options(tensors: Tensors) -> Any:
    layer = tensors.layer
    options = getattr(schema(), f"{_OPTIONS[layer.operator]}T")()
    kinds = schema().ActivationFunctionType
    options.fusedActivationFunction = kinds.RELU if layer.relu else kinds.NONE
    if layer.operator == FULLY_CONNECTED:
        return options
    options.padding = schema().Padding.SAME if layer.same else schema().Padding.VALID
    options.strideH, options.strideW = layer.stride
    options.dilationHFactor, options.dilationWFactor = layer.dilation
    if layer.operator == DEPTHWISE:
        options.depthMultiplier = 1
    return options

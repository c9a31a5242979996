"""A `.tflite` of two operators, FULLY_CONNECTED and SOFTMAX, made without TensorFlow."""

from __future__ import annotations

import numpy as np

from kws_tflm.convert.model import serialize
from kws_tflm.convert.schema import schema


def tiny_classifier(
    shape=(1, 490), n_classes=4, scale=0.5, zero_point=3, output_scale=1 / 256, version=3, softmax_inputs=(3,)
) -> bytes:
    """Random int8 weights; the input has `shape`, the output [1, n_classes]."""
    s = schema()
    rng = np.random.default_rng(1)
    n_inputs = int(np.prod(shape))
    model = s.ModelT()
    model.version = version
    model.buffers = [s.BufferT() for _ in range(3)]
    model.buffers[1].data = rng.integers(-127, 128, n_classes * n_inputs).astype(np.int8).view(np.uint8)
    model.buffers[2].data = rng.integers(-500, 500, n_classes).astype("<i4").view(np.uint8)
    model.operatorCodes = [_code(s, "FULLY_CONNECTED"), _code(s, "SOFTMAX")]
    graph = s.SubGraphT()
    graph.tensors = [
        _tensor(s, "input", shape, "INT8", scale, zero_point),
        _tensor(s, "weights", (n_classes, n_inputs), "INT8", 0.002, 0, buffer=1),
        _tensor(s, "bias", (n_classes,), "INT32", scale * 0.002, 0, buffer=2),
        _tensor(s, "logits", (1, n_classes), "INT8", 0.1, 5),
        _tensor(s, "scores", (1, n_classes), "INT8", output_scale, -128),
    ]
    connected, softmax = s.OperatorT(), s.OperatorT()
    connected.opcodeIndex, connected.inputs, connected.outputs = 0, [0, 1, 2], [3]
    connected.builtinOptionsType, connected.builtinOptions = (
        s.BuiltinOptions.FullyConnectedOptions,
        s.FullyConnectedOptionsT(),
    )
    softmax.opcodeIndex, softmax.inputs, softmax.outputs = 1, list(softmax_inputs), [4]
    softmax.builtinOptionsType, softmax.builtinOptions = s.BuiltinOptions.SoftmaxOptions, s.SoftmaxOptionsT()
    softmax.builtinOptions.beta = 1.0
    graph.operators, graph.inputs, graph.outputs = [connected, softmax], [0], [4]
    model.subgraphs = [graph]
    return serialize(model)


def _code(s, name):
    code = s.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(s.BuiltinOperator, name)
    code.version = 1
    return code


def _tensor(s, name, shape, kind, scale, zero_point, buffer=0):
    tensor = s.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), getattr(s.TensorType, kind), buffer
    tensor.quantization = s.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
    return tensor

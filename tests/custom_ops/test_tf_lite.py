"""The kernels against TensorFlow's own CONV_2D with its reference kernels."""

from __future__ import annotations

import numpy as np
import pytest
from conv_case import ConvCase, random_case
from host_library import HostKernels

from kws_tflm.convert.packing import ConvGeometry
from kws_tflm.convert.quantization import activation_range, conv_multipliers
from kws_tflm.convert.schema import schema
from kws_tflm.convert.verification import tf_lite_outputs

RELU6 = 3
SHAPES = [
    # in_shape, kernel, out_channels, stride, dilation, same, activation
    ((25, 5, 64), (1, 1), 64, (1, 1), (1, 1), False, 0),
    ((9, 7, 5), (3, 2), 6, (2, 1), (1, 1), True, 1),
    ((12, 6, 1), (10, 4), 7, (2, 2), (1, 1), True, RELU6),
    ((9, 9, 6), (3, 3), 3, (1, 1), (2, 2), False, RELU6),
    ((7, 8, 3), (2, 3), 5, (3, 2), (1, 1), True, 0),
]


def tflite_model(case: ConvCase, scales: tuple[float, np.ndarray, float], padding: int, activation: int) -> bytes:
    """A `.tflite` of one CONV_2D, written with the object API."""
    from kws_tflm.convert.model import add_buffer, serialize

    s = schema()
    model, graph = s.ModelT(), s.SubGraphT()
    model.version, model.buffers, model.subgraphs = 3, [], [graph]
    add_buffer(model, b"")

    def tensor(shape, kind, data, scale, zero_points) -> s.TensorT:
        result = s.TensorT()
        result.shape, result.type, result.name = np.array(shape, np.int32), kind, f"tensor{len(model.buffers)}"
        result.buffer = add_buffer(model, data)
        result.quantization = s.QuantizationParametersT()
        result.quantization.scale = np.atleast_1d(np.asarray(scale, np.float32))
        result.quantization.zeroPoint = np.atleast_1d(np.asarray(zero_points, np.int64))
        return result

    in_scale, weight_scales, out_scale = scales
    zeros, int8, int32 = np.zeros(len(case.bias)), s.TensorType.INT8, s.TensorType.INT32
    graph.tensors = [
        tensor(case.input.shape, int8, b"", in_scale, case.input_zero_point),
        tensor(case.weights.shape, int8, case.weights.tobytes(), weight_scales, zeros),
        tensor(case.bias.shape, int32, case.bias.tobytes(), np.float32(in_scale) * weight_scales, zeros),
        tensor(case.output_shape, int8, b"", out_scale, case.output_zero_point),
    ]
    op, code, options = s.OperatorT(), s.OperatorCodeT(), s.Conv2DOptionsT()
    options.padding, options.fusedActivationFunction = padding, activation
    options.strideH, options.strideW = case.geometry.stride
    options.dilationHFactor, options.dilationWFactor = case.geometry.dilation
    op.inputs, op.outputs = np.array([0, 1, 2], np.int32), np.array([3], np.int32)
    op.builtinOptionsType, op.builtinOptions = s.BuiltinOptions.Conv2DOptions, options
    code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.CONV_2D
    code.version = 3
    model.operatorCodes = [code]
    graph.operators, graph.inputs, graph.outputs = [op], np.array([0], np.int32), np.array([3], np.int32)
    return serialize(model)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_same_bytes_as_tf_lite(host: HostKernels, shape: tuple, seed: int) -> None:
    in_shape, kernel, out_channels, stride, dilation, same, activation = shape
    rng = np.random.default_rng(seed)
    geometry = ConvGeometry(stride, dilation, same)
    case = random_case(rng, in_shape=in_shape, kernel=kernel, out_channels=out_channels, geometry=geometry)
    scales = (0.03, rng.uniform(1e-3, 2e-2, out_channels).astype(np.float32), float(rng.uniform(0.02, 0.2)))
    multipliers, shifts = conv_multipliers(scales[0], scales[1], scales[2], out_channels)
    clamp = activation_range(schema(), activation, scales[2], case.output_zero_point)
    assert clamp is not None
    geometry = ConvGeometry(stride, dilation, same, *clamp)
    case = ConvCase(
        **{**vars(case), "multipliers": multipliers, "shifts": shifts.astype(np.int8), "geometry": geometry}
    )
    padding = schema().Padding.SAME if same else schema().Padding.VALID
    expected = tf_lite_outputs(tflite_model(case, scales, padding, activation), case.input[None])[0]
    np.testing.assert_array_equal(host.conv(case, m7=True), expected)
    np.testing.assert_array_equal(host.conv(case, m7=False), expected)

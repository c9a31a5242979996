"""KWS_SPARSE_CONV_2D in TensorFlow Lite Micro with every encoding, and its refusals."""

from __future__ import annotations

import numpy as np
import pytest
from conv_case import ConvCase, random_case
from nonzero_case import index_list_case, n_of_m_case

from kws_tflm.convert.model import add_buffer, serialize
from kws_tflm.convert.packing import ConvGeometry
from kws_tflm.convert.schema import schema
from kws_tflm.errors import ModelError
from kws_tflm.runtime import Interpreter


def model_of(case: ConvCase, packed: bytes, bias: np.ndarray | None = None) -> bytes:
    s = schema()
    model, graph = s.ModelT(), s.SubGraphT()
    model.version, model.buffers, model.subgraphs = 3, [], [graph]
    add_buffer(model, b"")

    def tensor(shape: tuple[int, ...], kind: int, data: bytes, zero_point: int | None = None) -> object:
        result = s.TensorT()
        result.shape, result.type, result.name = np.array(shape, np.int32), kind, f"tensor{len(model.buffers)}"
        result.buffer = add_buffer(model, data)
        if zero_point is not None:
            result.quantization = s.QuantizationParametersT()
            result.quantization.scale = np.array([0.1], np.float32)
            result.quantization.zeroPoint = np.array([zero_point], np.int64)
        return result

    constants = case.bias if bias is None else bias
    graph.tensors = [
        tensor(case.input.shape, s.TensorType.INT8, b"", case.input_zero_point),
        tensor((len(packed),), s.TensorType.UINT8, packed),
        tensor(constants.shape, s.TensorType.INT32, constants.astype("<i4").tobytes()),
        tensor(case.output_shape, s.TensorType.INT8, b"", case.output_zero_point),
    ]
    op, code = s.OperatorT(), s.OperatorCodeT()
    op.inputs, op.outputs = np.array([0, 1, 2], np.int32), np.array([3], np.int32)
    code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.CUSTOM
    code.customCode, code.version = "KWS_SPARSE_CONV_2D", 1
    model.operatorCodes = [code]
    graph.operators, graph.inputs, graph.outputs = [op], np.array([0], np.int32), np.array([3], np.int32)
    return bytes(serialize(model))


def layers() -> list[ConvCase]:
    geometry = ConvGeometry((2, 1), (1, 1), True)
    rng = np.random.default_rng(3)
    case = random_case(rng, in_shape=(9, 7, 12), kernel=(3, 2), out_channels=10, geometry=geometry)
    return [case, index_list_case(case), n_of_m_case(case, 1, 1), n_of_m_case(case, 2, 2)]


@pytest.mark.parametrize("encoding", range(4))
def test_every_encoding_runs(encoding: int) -> None:
    case = layers()[encoding]
    found = Interpreter(model_of(case, case.packed)).invoke(case.input)
    np.testing.assert_array_equal(found.reshape(case.output_shape), case.expected())


@pytest.mark.parametrize("encoding", range(1, 4))
def test_prepare_refuses_what_the_reader_refuses(encoding: int) -> None:
    case = layers()[encoding]
    damaged = bytearray(case.packed)
    damaged[-1 - len(damaged) % 4] ^= 1  # behind the last stored weight
    with pytest.raises(ModelError, match="KWS_SPARSE_CONV_2D: padding bytes"):
        Interpreter(model_of(case, bytes(damaged)))
    other = bytearray(case.packed)
    other[12] = 9
    with pytest.raises(ModelError, match="unknown sparse encoding"):
        Interpreter(model_of(case, bytes(other)))


def test_prepare_refuses_tensors_that_do_not_fit() -> None:
    case = layers()[1]
    with pytest.raises(ModelError, match="bias"):
        Interpreter(model_of(case, case.packed, case.bias[:-1]))
    narrow = index_list_case(random_case(np.random.default_rng(3), in_shape=(9, 7, 11), kernel=(3, 2), out_channels=10))
    with pytest.raises(ModelError, match="input channels"):
        Interpreter(model_of(case, narrow.packed))

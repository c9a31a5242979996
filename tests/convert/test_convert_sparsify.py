"""The rule, the rewriting and the verification."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kws_tflm.convert import SparsifyRule, convert_foreign, convert_model, inspect, sparsify, verify
from kws_tflm.convert.fold_quantize import fold_quantize
from kws_tflm.convert.model import constant, indices, parse, serialize
from kws_tflm.convert.quantization import conv_multipliers, quantize_multiplier
from kws_tflm.convert.schema import operator_name, schema
from kws_tflm.errors import ModelError, ParityError


def operators(model: bytes) -> list[str]:
    return [op.operator for op in inspect(model).operators]


def test_pruned_pointwise_layers_become_sparse(tiny_models) -> None:
    _, decisions = sparsify(tiny_models.dense)
    by_shape = {decision.shape: decision for decision in decisions}
    pointwise = by_shape["1x1x16x16@25x5"]
    assert pointwise.sparse
    assert pointwise.cost().cycles < pointwise.cost("dense_m7").cycles
    assert pointwise.cost().bytes <= pointwise.cost("dense_m7").bytes
    assert not by_shape["10x4x1x16@25x5"].sparse
    assert all(decision.reason for decision in decisions)


def test_conversion_is_deterministic(tiny_models) -> None:
    assert sparsify(tiny_models.dense)[0] == sparsify(tiny_models.dense)[0] == tiny_models.sparse


def test_model_without_pruned_layers_passes_unchanged(tiny_models) -> None:
    model, decisions = sparsify(tiny_models.dense, SparsifyRule(methods=()))
    assert model is tiny_models.dense
    assert not any(decision.sparse for decision in decisions)


@pytest.mark.parametrize("block_shape", [(1, 4), (1, 2), (2, 4), (4, 1), (3, 5), (1, 16)])
def test_every_block_shape_gives_the_same_bytes(tiny_models, block_shape: tuple[int, int]) -> None:
    method = f"block_{block_shape[0]}x{block_shape[1]}"
    sparse, decisions = sparsify(tiny_models.dense, SparsifyRule(methods=(method,), force=True))
    assert all(decision.method == method for decision in decisions if decision.type == "CONV_2D")
    assert "CONV_2D" not in operators(sparse)
    assert verify(tiny_models.dense, sparse, tiny_models.features).inputs == len(tiny_models.features)


def test_a_wrong_weight_is_found_and_located(tiny_models) -> None:
    model = parse(tiny_models.sparse)
    graph = model.subgraphs[0]
    number, op = next(
        (i, op)
        for i, op in enumerate(graph.operators)
        if operator_name(model.operatorCodes[op.opcodeIndex]) == "KWS_SPARSE_CONV_2D"
    )
    buffer = model.buffers[graph.tensors[indices(op.inputs)[1]].buffer]
    buffer.data = np.array(buffer.data)
    # The zero point folds the sign bit of a stored weight into a large change.
    last = int(np.flatnonzero(buffer.data)[-1])
    buffer.data[last] ^= 0x80
    with pytest.raises(ParityError, match=rf"operator {number} \(KWS_SPARSE_CONV_2D.*off by up to"):
        verify(tiny_models.dense, serialize(model), None)


def test_features_that_do_not_fit_are_named(tiny_models) -> None:
    with pytest.raises(ModelError, match="do not fit its input"):
        verify(tiny_models.dense, tiny_models.sparse, np.zeros((1, 10, 10), np.int16))


def test_foreign_model_is_rewritten_on_disk(tiny_models, tmp_path: Path) -> None:
    source, result = tmp_path / "foreign.tflite", tmp_path / "out.tflite"
    source.write_bytes(tiny_models.dense)
    converted = convert_foreign(source, result)
    assert result.read_bytes() == converted.sparse
    assert converted.config is None
    assert converted.report()["sparse"]["bytes"] == len(converted.sparse)
    with pytest.raises(ModelError, match="overwrite"):
        convert_foreign(source, source)
    with pytest.raises(ModelError, match="no such file"):
        convert_foreign(tmp_path / "absent.tflite", result)


def test_both_models_carry_the_configuration(tiny_models) -> None:
    result = convert_model(tiny_models.dense, tiny_models.features[:4], tiny_models.config)
    assert inspect(result.dense).config == inspect(result.sparse).config == tiny_models.config.hash


def test_int8_quantize_is_folded_into_its_producer(tiny_models) -> None:
    model = parse(tiny_models.dense)
    graph = model.subgraphs[0]
    s = schema()
    first = graph.operators[0]
    old = indices(first.outputs)[0]
    # Between the first convolution and its reader: the same values at another scale.
    wanted = s.TensorT()
    wanted.shape, wanted.type, wanted.name = graph.tensors[old].shape, s.TensorType.INT8, "requantised"
    wanted.buffer = graph.tensors[old].buffer
    wanted.quantization = s.QuantizationParametersT()
    wanted.quantization.scale = np.asarray(graph.tensors[old].quantization.scale) * np.float32(1.25)
    wanted.quantization.zeroPoint = np.asarray(graph.tensors[old].quantization.zeroPoint)
    graph.tensors.append(wanted)
    new = len(graph.tensors) - 1
    for op in graph.operators[1:]:
        op.inputs = np.array([new if i == old else i for i in indices(op.inputs)], np.int32)
    code = s.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.QUANTIZE
    code.version = 2
    model.operatorCodes.append(code)
    quantize = s.OperatorT()
    quantize.opcodeIndex = len(model.operatorCodes) - 1
    quantize.inputs, quantize.outputs = np.array([old], np.int32), np.array([new], np.int32)
    graph.operators.insert(1, quantize)
    with pytest.raises(ModelError, match=r"QUANTIZE \(int8 to int8\)"):
        inspect(serialize(model))

    assert fold_quantize(model) == 1

    folded = serialize(model)
    assert operators(folded) == operators(tiny_models.dense)
    output = parse(folded).subgraphs[0].tensors[indices(parse(folded).subgraphs[0].operators[0].outputs)[0]]
    np.testing.assert_array_equal(output.quantization.scale, wanted.quantization.scale)
    verify(folded, sparsify(folded)[0], tiny_models.features[:4])


@pytest.mark.parametrize("real", [1.0, 0.5, 0.123456, 3.7, 1e-12, 2.0**-31, 0.99999999999])
def test_quantize_multiplier_is_exact(real: float) -> None:
    multiplier, shift = quantize_multiplier(real)
    assert multiplier == 0 or 1 << 30 <= multiplier < 1 << 31
    assert multiplier * 2.0 ** (shift - 31) == pytest.approx(real if multiplier else 0.0, rel=2.0**-30)


def test_one_filter_scale_serves_all_channels() -> None:
    multipliers, shifts = conv_multipliers(0.1, np.array([0.02], np.float32), 0.3, 5)
    assert multipliers.shape == shifts.shape == (5,)
    assert len(set(multipliers.tolist())) == 1


def test_sparse_weights_are_the_dense_ones(tiny_models) -> None:
    from kws_tflm.convert.packing import unpack

    dense, sparse = parse(tiny_models.dense), parse(tiny_models.sparse)
    for one, other in zip(dense.subgraphs[0].operators, sparse.subgraphs[0].operators, strict=True):
        if operator_name(sparse.operatorCodes[other.opcodeIndex]) == "KWS_SPARSE_CONV_2D":
            weights = constant(dense, dense.subgraphs[0].tensors[indices(one.inputs)[1]])
            packed = constant(sparse, sparse.subgraphs[0].tensors[indices(other.inputs)[1]])
            assert weights is not None
            assert packed is not None
            np.testing.assert_array_equal(unpack(packed.tobytes()).weights, weights)

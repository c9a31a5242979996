"""Models made elsewhere: operators that TFLM lacks, several heads, what is left out, the printed report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from keras_networks import random_network, to_int8

from kws_tflm.cli.convert_text import convert_text
from kws_tflm.cli.main import main
from kws_tflm.convert import SparsifyRule, convert_foreign, convert_model, inspect, sparsify, verify
from kws_tflm.convert.foreign import ForeignOptions
from kws_tflm.convert.model import indices, parse
from kws_tflm.convert.replacements import replace_missing
from kws_tflm.convert.slim import slim
from kws_tflm.convert.verification import model_inputs, tf_lite_outputs
from kws_tflm.runtime import Interpreter

WIDTH = 120


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 26))
def test_random_networks_in_every_form(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    source, result = tmp_path / "model.tflite", tmp_path / "out.tflite"
    source.write_bytes(to_int8(random_network(rng, 0.2 * (seed % 3)), rng, foreign=bool(seed % 2)))
    report = convert_foreign(source, result, ForeignOptions(SparsifyRule(force=True))).report()
    assert report["verification"]["outputs"] == len(inspect(result.read_bytes()).outputs)
    assert len(result.read_bytes()) < len(source.read_bytes())
    lines = convert_text(result, report).splitlines()
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= WIDTH


def foreign_network() -> bytes:
    from kws_tflm._tf import keras

    keras.utils.set_random_seed(8)
    layers = keras.layers
    inputs = keras.Input((12, 9, 1))
    x = layers.Conv2D(6, 3, dilation_rate=2, use_bias=False, padding="same")(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, dilation_rate=2, use_bias=False)(x)
    x = layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x))
    outputs = [layers.Dense(5, activation="softmax")(x), layers.Dense(2)(x)]
    return to_int8(keras.Model(inputs, outputs), np.random.default_rng(1), foreign=True)


def test_operators_that_tflm_lacks_are_replaced() -> None:
    given = foreign_network()
    model, notes = replace_missing(given)
    assert len(notes) == 3
    assert {op.operator for op in inspect(model).operators} <= {
        "CONV_2D", "DEPTHWISE_CONV_2D", "MUL", "ADD", "RESHAPE", "SOFTMAX",
    }  # fmt: skip
    inputs = model_inputs(given, None)
    for output in range(2):
        pairs = zip(tf_lite_outputs(given, inputs, output), tf_lite_outputs(model, inputs, output), strict=True)
        assert max(np.abs(one.astype(int) - other.astype(int)).max() for one, other in pairs) <= 2
    assert verify(model, slim(sparsify(model, SparsifyRule(force=True))[0])).outputs == 2
    assert replace_missing(model) == (model, [])


def test_dilation_is_folded_exactly() -> None:
    from kws_tflm._tf import keras

    inputs = keras.Input((11, 8, 3))
    for padding in ("same", "valid"):
        x = keras.layers.Conv2D(4, (3, 2), dilation_rate=(2, 2), padding=padding, use_bias=False)(inputs)
        given = to_int8(keras.Model(inputs, keras.layers.BatchNormalization()(x)), np.random.default_rng(0))
        model, _ = replace_missing(given)
        values = model_inputs(given, None)
        for one, other in zip(tf_lite_outputs(given, values), tf_lite_outputs(model, values), strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_nothing_reads_is_left_out(tiny_models) -> None:
    small = slim(tiny_models.dense)
    assert len(small) < 0.8 * len(tiny_models.dense)
    assert Interpreter(small).arena_used < Interpreter(tiny_models.dense).arena_used
    verify(tiny_models.dense, small)
    verify(small, small)
    assert slim(small) == small
    graph = parse(small).subgraphs[0]
    assert all(graph.tensors[indices(op.outputs)[0]].name for op in graph.operators)
    assert inspect(small).config == tiny_models.config.hash


def test_reshapes_around_a_sparse_fully_connected_layer_go(tiny_models) -> None:
    before = [op.operator for op in inspect(tiny_models.dense).operators]
    result = convert_model(tiny_models.dense, None, None, rule=SparsifyRule(force=True))
    after = [op.operator for op in inspect(result.sparse).operators]
    assert "KWS_SPARSE_FULLY_CONNECTED" in after
    assert after.count("RESHAPE") < before.count("RESHAPE")
    assert inspect(result.sparse).outputs[0].shape == inspect(tiny_models.dense).outputs[0].shape


@pytest.mark.parametrize("objective", ["cycles", "flash", "balanced"])
def test_every_objective_gives_a_verified_model(tiny_models, objective: str) -> None:
    report = convert_model(tiny_models.dense, None, None, rule=SparsifyRule(objective)).report()
    assert report["objective"] == objective
    unit = {"cycles": "cycles", "flash": "bytes"}.get(objective)
    if unit:
        assert report["totals"][unit] <= report["totals"][f"dense_{unit}"]


def test_the_report_is_readable(tiny_models) -> None:
    report = convert_model(tiny_models.dense, None, None).report()
    short = convert_text(Path("out.tflite"), report)
    long = convert_text(Path("out.tflite"), report, verbose=True)
    assert max(map(len, [*short.splitlines(), *long.splitlines()])) <= WIDTH
    assert len(long.splitlines()) > len(short.splitlines())
    assert short.count("  > ") + short.count("no sparse form") >= len(report["layers"]) - 1
    assert "n_of_m_2_4" in long


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--prune", "2"], "between 0 and 1"), (["--prune", "0.5", "--block", "4"], "--block 4"),
     (["--prune", "0.5", "--layers", "x"], "no layer 'x'"), (["--calibrate", "nowhere"], "add --prune"),
     (["--prune", "0.5", "--data", "nowhere"], "no such folder")],
)  # fmt: skip
def test_bad_options_are_one_line(tiny_models, tmp_path: Path, capsys, options: list[str], message: str) -> None:
    source = tmp_path / "model.tflite"
    source.write_bytes(tiny_models.dense)
    assert main(["convert", str(source), *options]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert len(error.splitlines()) == 1

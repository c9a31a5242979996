"""One-shot pruning: how much goes, where, what is reported, what calibration saves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from keras_networks import random_network, to_int8
from layer_case import layer, pruned

from kws_tflm.convert import ForeignOptions, PruneRequest, convert_foreign, inspect, mlperf_tiny, verify
from kws_tflm.convert.labelled import Labelled, accuracy, load
from kws_tflm.convert.model import parse, serialize
from kws_tflm.convert.prune import ALL, prune_model
from kws_tflm.convert.refit import _patches, refit
from kws_tflm.convert.replacements import replace_missing
from kws_tflm.convert.rule import SparsifyRule
from kws_tflm.errors import DataError, ModelError

ANYTHING = SparsifyRule(force=True)


def without_metadata(model: bytes) -> bytes:
    parsed = parse(model)
    parsed.metadata = None
    return serialize(parsed)


@pytest.mark.parametrize("block", [(1, 4), (2, 2), (4, 1), (1, 3)])
def test_blocks_of_every_pruned_layer_become_zero(tiny_models, block: tuple[int, int]) -> None:
    model, lines = prune_model(tiny_models.dense, PruneRequest(0.5, block, ALL), ANYTHING)
    found = {line.operator: line for line in lines}
    for operator in inspect(model).operators:
        if operator.operator == "CONV_2D":
            assert found[operator.index].pruned
            assert operator.sparsity >= 0.5 - 0.05
    assert all(not line.pruned for line in lines if "3x3" in line.shape)


def test_first_convolution_and_classifier_stay_unless_asked_for(tiny_models) -> None:
    _, lines = prune_model(tiny_models.dense, PruneRequest(0.75), ANYTHING)
    kept = {line.operator: line.reason for line in lines if not line.pruned}
    assert "first convolution" in kept[0]
    assert any("classifier" in reason for reason in kept.values())
    assert sum(line.pruned for line in lines) == 2
    named = next(line.name for line in lines if line.pruned)
    _, lines = prune_model(tiny_models.dense, PruneRequest(0.75, layers=f"0, {named}"), ANYTHING)
    assert next(line.operator for line in lines if line.pruned) == 0
    assert sum(line.pruned for line in lines) == 2


def test_a_layer_that_would_not_win_is_left_alone(tiny_models) -> None:
    model, lines = prune_model(tiny_models.dense, PruneRequest(0.01, layers="0"), SparsifyRule("flash", margin=0.6))
    assert model is tiny_models.dense
    assert not any(line.pruned for line in lines)
    assert "would take" in lines[0].reason


@pytest.mark.parametrize(
    ("wanted", "message"),
    [(PruneRequest(1.0), "between 0 and 1"), (PruneRequest(0.5, (1, 17)), "sides are 1 to 16"),
     (PruneRequest(0.5, layers="nose"), "no layer 'nose' to prune; it has 0"),
     (PruneRequest(0.5, layers="1"), "no layer '1'")],
)  # fmt: skip
def test_what_cannot_be_pruned_is_one_line(tiny_models, wanted: PruneRequest, message: str) -> None:
    with pytest.raises(ModelError, match=message) as found:
        prune_model(tiny_models.dense, wanted)
    assert "\n" not in str(found.value)


def test_refit_brings_the_sums_back() -> None:
    rng = np.random.default_rng(2)
    original = layer(pruned((6, 3, 3, 5), 1.0) // 4, size=(8, 7))
    weights = original.weights * (rng.random((6, 1, 1, 5)) < 0.6)
    smaller = layer(weights, size=(8, 7))
    common = rng.normal(0, 20, (12, 8, 7, 1))
    inputs = np.clip(common + rng.normal(0, 8, (12, 8, 7, 5)) - 9, -128, 127).astype(np.int8)
    fitted, factors = refit(original, smaller, inputs, inputs, -9)
    assert not fitted.weights[weights == 0].any()

    assert factors.min() >= 1.0
    rows = _patches(original, inputs, -9)
    sums, lost, back = (rows @ x.weights.reshape(6, -1).T.astype(float) + x.bias for x in (original, smaller, fitted))
    assert np.square(sums - back * factors).mean() < 0.2 * np.square(sums - lost).mean()


def test_calibration_makes_a_pruned_model_better(tiny_models) -> None:
    rng = np.random.default_rng(0)
    info = inspect(tiny_models.dense).inputs[0]
    inputs = rng.integers(-128, 128, (48, *info.shape)).astype(np.int8)
    truth = Labelled(inputs, _classes(tiny_models.dense, inputs), "noise")
    request = PruneRequest(0.6, layers=ALL)
    plain, _ = prune_model(tiny_models.dense, request, ANYTHING)
    fitted, lines = prune_model(tiny_models.dense, request, ANYTHING, inputs)
    assert any("fitted" in line.reason for line in lines)
    assert accuracy(tiny_models.dense, truth) == 1.0
    assert accuracy(fitted, truth) >= accuracy(plain, truth)
    verify(fitted, fitted)


def _classes(model: bytes, inputs: np.ndarray) -> np.ndarray:
    from kws_tflm.runtime import Interpreter

    interpreter = Interpreter(model)
    return np.array([int(np.argmax(interpreter.invoke(values))) for values in inputs])


def test_convert_prunes_and_measures(tiny_models, tmp_path: Path) -> None:
    from kws_tflm.data import write_wav

    rng = np.random.default_rng(1)
    for name in tiny_models.config.labels[:3]:
        (tmp_path / "data" / name).mkdir(parents=True)
        for i in range(2):
            clip = (rng.normal(0, 3000, 16000)).clip(-32768, 32767).astype(np.int16)
            write_wav(tmp_path / "data" / name / f"{i}.wav", clip)
    source, result = tmp_path / "foreign.tflite", tmp_path / "out.tflite"
    source.write_bytes(without_metadata(tiny_models.dense))
    prune = PruneRequest(0.75, layers=ALL)
    data = tmp_path / "data"
    options = ForeignOptions(ANYTHING, prune, data=data, calibration=data, config=tiny_models.config)
    report = convert_foreign(source, result, options).report()
    assert report["pruning"]["clips"] == report["pruning"]["calibration_clips"] == 6
    assert 0.0 <= report["pruning"]["accuracy_after"] <= 1.0
    assert inspect(result.read_bytes()).custom_operators
    report = convert_foreign(source, result, ForeignOptions(ANYTHING, prune)).report()
    assert report["pruning"]["accuracy_before"] is None
    with pytest.raises(ModelError, match="add --prune"):
        convert_foreign(source, result, ForeignOptions(data=data))
    with pytest.raises(DataError, match="no such folder"):
        load(tmp_path / "absent", source.read_bytes(), tiny_models.config)


def test_features_of_an_unknown_model_are_asked_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    model, _ = replace_missing(to_int8(random_network(rng), rng))
    with pytest.raises(ModelError, match="nothing says how its features are made"):
        load(tmp_path, model, None)


def test_mlperf_features_are_those_of_tensorflow() -> None:
    from kws_tflm._tf import tf

    rng = np.random.default_rng(3)
    clip = (rng.normal(0, 2000, 15000) * np.linspace(0, 1, 15000)).astype(np.int16)
    samples = np.zeros(16000, np.float32)
    samples[:15000] = clip
    samples /= samples.max() if samples.max() > -samples.min() else -samples.min()
    magnitudes = tf.abs(tf.signal.stft(samples, 480, 320, window_fn=tf.signal.hann_window))
    mel = tf.signal.linear_to_mel_weight_matrix(40, magnitudes.shape[-1], 16000, 20.0, 4000.0)
    expected = tf.signal.mfccs_from_log_mel_spectrograms(tf.math.log(magnitudes @ mel + 1e-6))[..., :10]
    # TensorFlow's filters are triangles over mel, ours over Hz as librosa's: the coefficients are close.
    np.testing.assert_allclose(mlperf_tiny.features(clip), expected.numpy(), atol=1.0)

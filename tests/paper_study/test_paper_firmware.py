"""The paper's network in the firmware, features included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kws_tflm import config as configuration
from kws_tflm.features.quantize import input_quantization, quantize_features
from kws_tflm.firmware import build
from kws_tflm.runtime import FeatureExtractor, Interpreter
from kws_tflm.virtual_board.session import run_wav

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("sparsity", [0.0, 0.75])
def test_board_gives_the_hosts_features_and_scores(tmp_path: Path, sparsity: float):
    from kws_tflm import models
    from kws_tflm._tf import tf
    from kws_tflm.compress import Pruner
    from kws_tflm.convert import inspect, to_dense_tflite
    from kws_tflm.convert.run import convert_model

    config = configuration.load(ROOT / "configs" / "paper.toml")
    tf.keras.utils.set_random_seed(7)
    pcm = np.random.default_rng(7).normal(0, 1500, 24000).astype(np.int16)
    extractor = FeatureExtractor(config.features)
    features = extractor.clip(pcm)
    windows = np.stack([features[i : i + 30] for i in range(len(features) - 29)])
    network = models.build(config)
    Pruner(network, config.prune).update(sparsity)
    result = convert_model(to_dense_tflite(network, windows, config), windows, config)
    model = result.sparse if sparsity else result.dense
    sparse_operators = {"KWS_SPARSE_CONV_2D", "KWS_SPARSE_FULLY_CONNECTED"} if sparsity else set()
    assert set(inspect(model).custom_operators) == sparse_operators
    path = tmp_path / "paper.tflite"
    path.write_bytes(model)

    image = build(path, out_dir=tmp_path / "firmware")
    result = run_wav(image.elf, pcm)

    count = len(features)
    np.testing.assert_array_equal(result.features[:count], features)
    assert len(result.outputs) > 0
    interpreter = Interpreter(model)
    quantisation = input_quantization(interpreter.input_scale, interpreter.input_zero_point)
    # The board hears on after the recording: take the inferences that lie within it.
    hops = config.detector.hops_per_inference
    for index, scores in enumerate(result.outputs):
        last = hops * index + 30
        if last > count:
            break
        window = result.features[last - 30 : last]
        values = quantize_features(window, *quantisation)
        np.testing.assert_array_equal(interpreter.invoke(values.reshape(interpreter.input_shape)).ravel(), scores)

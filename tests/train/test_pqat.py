"""Quantisation-aware training as the converter will see it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kws_tflm._tf import native_stderr_hidden, tf
from kws_tflm.compress import Pruner, calibrate, quantization_aware
from kws_tflm.errors import ModelError
from kws_tflm.models import build
from kws_tflm.train.source import as_model_input

from .fakes import FakeSource, tiny_config


@pytest.fixture(scope="module")
def pruned_and_quantized() -> tuple[Any, Any, Any]:
    config = tiny_config()
    model = build(config)
    pruner = Pruner(model, config.prune)
    pruner.update(config.prune.sparsity)
    quantized = quantization_aware(model)
    inputs = as_model_input(FakeSource(config).train(0).features)
    calibrate(quantized, model, inputs)
    quantized(inputs[:32], training=True)
    return model, quantized, inputs


def test_int8_model_keeps_the_zero_blocks_and_needs_no_requantisation(pruned_and_quantized) -> None:
    model, quantized, _ = pruned_and_quantized
    converter = tf.lite.TFLiteConverter.from_keras_model(quantized)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with native_stderr_hidden():
        content = converter.convert()
        interpreter = tf.lite.Interpreter(
            model_content=content, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
        )
    interpreter.allocate_tensors()

    names = [op["op_name"] for op in interpreter._get_ops_details()]
    assert "QUANTIZE" not in names
    assert "MEAN" not in names
    kernels = {
        tensor["name"].split("/Conv2D")[0].split("/")[-1]: interpreter.get_tensor(tensor["index"])
        for tensor in interpreter.get_tensor_details()
        if tensor["shape"].tolist() == [10, 1, 1, 10]
    }
    for layer in ("pw1", "pw2"):
        float_kernel = model.get_layer(layer).kernel.numpy()
        zeros = np.moveaxis(float_kernel, 3, 0) == 0.0
        assert 0.4 < zeros.mean() < 0.6
        assert not kernels[f"quant_{layer}"][zeros].any()


def test_calibrated_quantiser_ranges_fit_the_activations(pruned_and_quantized) -> None:
    model, quantized, inputs = pruned_and_quantized
    float_scores, int8_scores = model(inputs, training=False), quantized(inputs, training=False)
    assert np.abs(float_scores - int8_scores).max() < 0.05


def test_a_weight_that_comes_back_is_reported() -> None:
    config = tiny_config()
    model = build(config)
    pruner = Pruner(model, config.prune)
    pruner.update(0.5)
    pruner.check()
    kernel = model.get_layer("pw2").kernel
    kernel.assign(kernel + 1e-6)
    with pytest.raises(ModelError, match="layer pw2"):
        pruner.check()
    pruner.apply()
    pruner.check()


def test_masks_of_another_model_are_refused() -> None:
    config = tiny_config()
    pruner = Pruner(build(config), config.prune)
    with pytest.raises(ModelError, match="other layers"):
        pruner.set_masks({"pw9": np.ones((1, 1, 10, 10))})

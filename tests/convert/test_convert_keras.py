"""Random pruned Keras networks, end to end: the same bytes from tf.lite, TFLM dense and TFLM sparse."""

from __future__ import annotations

import numpy as np
import pytest

from kws_tflm.convert import SparsifyRule, convert_model, inspect, sparsify, to_dense_tflite, verify
from kws_tflm.errors import ModelError


def prune(model, block: int, density: float, rng: np.random.Generator) -> None:
    """Zero random blocks of `block` input channels in every Conv2D."""
    for layer in model.layers:
        if type(layer).__name__ == "Conv2D":
            kernel = layer.kernel.numpy()
            keep = rng.random((*kernel.shape[:2], -(-kernel.shape[2] // block), kernel.shape[3])) < density
            layer.kernel.assign(kernel * np.repeat(keep, block, axis=2)[:, :, : kernel.shape[2]])


def network(seed: int):
    from kws_tflm._tf import keras

    keras.utils.set_random_seed(seed)
    layers = keras.layers
    inputs = keras.Input((12, 9, 1))
    if seed % 2:
        x = layers.Conv2D(10, (5, 3), (2, 1), "same", activation="relu")(inputs)
        x = layers.Conv2D(13, 3, dilation_rate=2, padding="same", bias_initializer="random_normal")(x)
        x = layers.Conv2D(8, (2, 3), strides=(2, 2), padding="valid", activation="relu6")(x)
        x = layers.MaxPooling2D(2)(x)
    else:
        x = layers.Conv2D(8, 3, padding="valid", use_bias=False)(inputs)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.Conv2D(12, 1)(x)
        x = layers.Add()([x, layers.Conv2D(12, 3, padding="same")(x)])
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(x))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_random_pruned_networks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = network(seed)
    prune(model, 4, 0.3, rng)
    features = rng.integers(-1500, 1500, (32, 12, 9)).astype(np.int16)

    dense = to_dense_tflite(model, features, None)
    sparse, decisions = sparsify(dense, SparsifyRule(force=True))

    assert all(decision.sparse for decision in decisions if decision.type == "CONV_2D")
    assert "CONV_2D" not in {op.operator for op in inspect(sparse).operators}
    assert verify(dense, sparse, features).rounding_differences == 0
    assert convert_model(dense, None, None).verification.source == "noise"


def test_wrong_features_are_refused() -> None:
    with pytest.raises(ModelError, match="do not fit the model's input"):
        to_dense_tflite(network(1), np.zeros((2, 7, 7), np.int16), None)


@pytest.mark.slow
def test_float_model_is_refused_with_its_operators() -> None:
    from kws_tflm._tf import native_stderr_hidden, tf

    with native_stderr_hidden():
        content = tf.lite.TFLiteConverter.from_keras_model(network(2)).convert()
    with pytest.raises(ModelError, match=r"not a full int8 model \(float32: .*CONV_2D"):
        inspect(content, "float.tflite")

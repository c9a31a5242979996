"""Random small Keras networks, pruned at random, as int8 `.tflite`."""

from __future__ import annotations

from typing import Any

import numpy as np


def random_network(rng: np.random.Generator, structured: float = 0.0) -> Any:
    """A Keras model of a few layers of any kernel, stride, dilation, padding and channel count, with batch
    normalisation, residual sums and one or two heads.

    `structured`: fraction of the filters of each convolution that become zero, bias included for some.
    """
    from kws_tflm._tf import keras

    keras.utils.set_random_seed(int(rng.integers(1 << 30)))
    layers = keras.layers
    inputs = keras.Input((int(rng.integers(9, 16)), int(rng.integers(8, 12)), int(rng.integers(1, 4))))
    x = inputs
    for _ in range(int(rng.integers(2, 5))):
        x = _block(layers, x, rng)
    pool = layers.AveragePooling2D if rng.integers(2) else layers.MaxPooling2D
    x = pool(min(2, x.shape[1], x.shape[2]))(x)
    heads = [_head(layers, x, rng) for _ in range(int(rng.integers(1, 3)))]
    model = keras.Model(inputs, heads if len(heads) > 1 else heads[0])
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([rng.normal(_mean(w), 0.4, w.shape) ** (2 if "variance" in w.name else 1)
                               for w in layer.weights])  # fmt: skip
        if structured and type(layer).__name__ in ("Conv2D", "DepthwiseConv2D"):
            _zero_filters(layer, structured, rng)
    return model


def to_int8(model: Any, rng: np.random.Generator, *, foreign: bool = False) -> bytes:
    """As TensorFlow's converter writes it; `foreign`: dense layers with a scale for each unit."""
    from kws_tflm._tf import native_stderr_hidden, tf

    shape = (1, *model.inputs[0].shape[1:])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([rng.normal(0, 1, shape).astype(np.float32)] for _ in range(12))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not foreign
    with native_stderr_hidden():
        return bytes(converter.convert())


def _mean(weights: Any) -> float:
    return 1.0 if any(word in weights.name for word in ("gamma", "variance")) else 0.0


def _block(layers: Any, x: Any, rng: np.random.Generator) -> Any:
    kind = rng.integers(4)
    activation = str(rng.choice(["linear", "relu", "relu6"]))
    padding = str(rng.choice(["same", "valid"]))
    room = min(x.shape[1], x.shape[2])
    side = int(rng.integers(1, min(room, 4) + 1))
    if kind == 0:
        x = layers.DepthwiseConv2D(
            side, padding=padding, depth_multiplier=int(rng.integers(1, 3)), activation=activation
        )(x)
    elif kind == 1:
        y = layers.Conv2D(x.shape[3], 3, padding="same", activation=activation)(x)
        x = layers.Add()([x, y])
    elif kind == 2 and room > 6:
        x = layers.Conv2D(int(rng.integers(3, 18)), 3, dilation_rate=2, padding=padding, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    else:
        strides = int(rng.integers(1, 3)) if room > 6 else 1
        kernel = (side, int(rng.integers(1, min(room, 3) + 1)))
        x = layers.Conv2D(4 * int(rng.integers(1, 6)), kernel, strides, padding, activation=activation)(x)
    return x


def _head(layers: Any, x: Any, rng: np.random.Generator) -> Any:
    if rng.integers(3) == 0:
        return layers.Conv2D(int(rng.integers(2, 7)), 1)(x)
    x = layers.Flatten()(x)
    if rng.integers(2):
        x = layers.Dense(int(rng.integers(3, 20)), activation="relu")(x)
    return layers.Dense(int(rng.integers(2, 7)), activation="softmax")(x)


def _zero_filters(layer: Any, fraction: float, rng: np.random.Generator) -> None:
    kernel, *rest = layer.get_weights()
    gone = rng.random(kernel.shape[-1] if "Depthwise" not in type(layer).__name__ else kernel.shape[2:]) < fraction
    kernel[..., gone] = 0.0
    # A channel of zeros is the input's zero point; with its bias it is any constant.
    if rest and rng.integers(2):
        rest[0][gone.ravel()] = 0.0
    layer.set_weights([kernel, *rest])

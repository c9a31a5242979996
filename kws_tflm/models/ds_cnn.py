"""Depthwise-separable CNN for keywords (Zhang et al., "Hello Edge", arXiv 1711.07128; MLPerf Tiny).

With 64 filters and 4 blocks on 49x10 MFCC: 2.66 M MAC, 22 k weights, the MLPerf Tiny shape.
"""

from __future__ import annotations

from typing import Any

from kws_tflm._tf import keras
from kws_tflm.config import Config
from kws_tflm.errors import ConfigError
from kws_tflm.models.register import register


@register("ds_cnn")
def ds_cnn(config: Config) -> Any:
    """Conv 10x4 stride 2, `blocks` x (depthwise 3x3, pointwise 1x1), average pool, dense, softmax.

    Every convolution is followed by batch normalisation (folded at conversion) and ReLU; with `model.residual`, a
    block's input is added before the last ReLU of the block. For log-mel input, `model.first_stride` thins the
    40 channels out. The pool is AVERAGE_POOL_2D + RESHAPE, not MEAN, which TFLM of 2020 has in no fast int8 form.
    """
    features, model = config.features, config.model
    if features.n_frames < 2 or features.n_features < 2:
        raise ConfigError("'ds_cnn' needs at least 2 frames and 2 coefficients; enlarge [features]")
    layers = keras.layers

    def normalised(x: Any, name: str, shortcut: Any = None) -> Any:
        x = layers.BatchNormalization(momentum=0.95, name=f"{name}_bn")(x)
        if shortcut is not None:
            x = layers.Add(name=f"{name}_add")([shortcut, x])
        return layers.ReLU(name=f"{name}_relu")(x)

    inputs = keras.Input((features.n_frames, features.n_features, 1), name="features")
    kernel, stride = model.first_kernel, model.first_stride
    x = layers.Conv2D(model.filters, kernel, stride, "same", use_bias=False, name="conv0")(inputs)
    x = normalised(x, "conv0")
    for block in range(1, model.blocks + 1):
        shortcut = x if model.residual else None
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"dw{block}")(x)
        x = normalised(x, f"dw{block}")
        x = layers.Conv2D(model.filters, 1, use_bias=False, name=f"pw{block}")(x)
        x = normalised(x, f"pw{block}", shortcut)
    x = layers.AveragePooling2D(x.shape[1:3], name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(model.dropout, rng_type="stateful", seed=config.seed, name="dropout")(x)
    x = layers.Dense(len(config.labels), name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="scores")(x), name="ds_cnn")

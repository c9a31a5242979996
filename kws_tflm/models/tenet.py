"""A residual network over time alone: features are channels (after TENet, Li et al., Interspeech 2020; TC-ResNet).

With 48 filters and 9 blocks on 49x40 log-mel: 160 k weights, nearly all of them in 1x1 convolutions, which is
where block sparsity pays; depthwise convolutions see one column only.
"""

from __future__ import annotations

from typing import Any

from kws_tflm._tf import keras
from kws_tflm.config import Config
from kws_tflm.errors import ConfigError
from kws_tflm.models.register import register

_STAGES = 3
_FIRST_KERNEL = 3


@register("tenet")
def tenet(config: Config) -> Any:
    """Conv 1x3, then `blocks` inverted bottlenecks in three stages, average pool, dense, softmax.

    A block is a 1x1 convolution to `expansion` x `filters` channels, a depthwise convolution of `kernel` frames and a
    1x1 convolution back, each with batch normalisation, added to its input before the last ReLU. The first block of
    a stage halves the frames, and its shortcut is a 1x1 convolution. The first convolution has no padding: a frame of
    zeros would be a loud one among logarithms. Time runs along a row, [1, frames, channels]: kernels work on rows, and
    with time as a column the network of 48 filters took 2.7 times the cycles (8.5 against 3.2 M).
    """
    features, model = config.features, config.model
    if features.n_frames < 16:
        raise ConfigError("'tenet' needs at least 16 frames; enlarge 'features.n_frames'")
    if model.blocks < _STAGES:
        raise ConfigError(f"'tenet' needs at least {_STAGES} blocks; enlarge 'model.blocks'")
    layers = keras.layers

    def convolved(x: Any, layer: Any, relu: bool = True) -> Any:
        x = layers.BatchNormalization(momentum=0.95, name=f"{layer.name}_bn")(layer(x))
        return layers.ReLU(name=f"{layer.name}_relu")(x) if relu else x

    def conv(filters: int, name: str, kernel: tuple[int, int] = (1, 1), stride: int = 1) -> Any:
        return layers.Conv2D(filters, kernel, stride, use_bias=False, name=name)

    inputs = keras.Input((features.n_frames, features.n_features, 1), name="features")
    x = layers.Reshape((1, features.n_frames, features.n_features), name="channels")(inputs)
    x = convolved(x, conv(model.filters, "conv0", (1, _FIRST_KERNEL)))
    stage = -1
    for block in range(1, model.blocks + 1):
        first = (block - 1) * _STAGES // model.blocks != stage
        stage = (block - 1) * _STAGES // model.blocks
        stride = 2 if first else 1
        depthwise = layers.DepthwiseConv2D(
            (1, model.kernel), (stride, stride), "same", use_bias=False, name=f"dw{block}"
        )
        y = convolved(x, conv(model.expansion * model.filters, f"expand{block}"))
        y = convolved(y, depthwise)
        y = convolved(y, conv(model.filters, f"project{block}"), relu=False)
        if first:
            x = convolved(x, conv(model.filters, f"shortcut{block}", stride=stride), relu=False)
        x = layers.ReLU(name=f"block{block}_relu")(layers.Add(name=f"block{block}_add")([x, y]))
    x = layers.AveragePooling2D(x.shape[1:3], name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(model.dropout, rng_type="stateful", seed=config.seed, name="dropout")(x)
    x = layers.Dense(len(config.labels), name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="scores")(x), name="tenet")

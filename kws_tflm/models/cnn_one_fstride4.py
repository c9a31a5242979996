"""`cnn-one-fstride4` (Sainath & Parada, Interspeech 2015), the network of arXiv 2208.02765.

With 186 filters on 30 frames of 40 log-mel values and 6 classes: 119,936 parameters, 476,576 MAC.
"""

from __future__ import annotations

from typing import Any

from kws_tflm._tf import keras
from kws_tflm.config import Config
from kws_tflm.errors import ConfigError
from kws_tflm.models.register import register

_KERNEL_MELS = 8
_STRIDE_MELS = 4


@register("cnn_one_fstride4")
def cnn_one_fstride4(config: Config) -> Any:
    """One convolution over all frames x 8 mels, stride 4 in frequency; dense 32, 128, 128, all with ReLU and bias.

    The kernel is as long as the clip, so the output has one row: 9 positions for 40 mels.
    """
    features, model = config.features, config.model
    if features.n_features < _KERNEL_MELS:
        raise ConfigError(f"'cnn_one_fstride4' needs at least {_KERNEL_MELS} mels; enlarge 'features.n_mels'")
    layers = keras.layers
    inputs = keras.Input((features.n_frames, features.n_features, 1), name="features")
    kernel = (features.n_frames, _KERNEL_MELS)
    x = layers.Conv2D(model.filters, kernel, (1, _STRIDE_MELS), activation="relu", name="conv0")(inputs)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(32, activation="relu", name="low_rank")(x)
    x = layers.Dense(128, activation="relu", name="dense1")(x)
    x = layers.Dense(128, activation="relu", name="dense2")(x)
    x = layers.Dropout(model.dropout, rng_type="stateful", seed=config.seed, name="dropout")(x)
    x = layers.Dense(len(config.labels), name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="scores")(x), name="cnn_one_fstride4")

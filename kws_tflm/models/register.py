"""The register of architectures.

A builder takes the whole `Config` and returns an untrained Keras model from
float32 [batch, n_frames, n_features, 1] (fixed-point features / 256) to softmax scores
[batch, len(config.labels)]. To add one: write `models/<name>.py` with a decorated builder and name
the module in `_MODULES`.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from typing import Any

from kws_tflm.config import Config
from kws_tflm.errors import ConfigError

Builder = Callable[[Config], Any]

MODELS: dict[str, Builder] = {}

_MODULES = ("ds_cnn", "tenet", "cnn_one_fstride4")


def register(name: str) -> Callable[[Builder], Builder]:
    """Decorator: make a builder known under `name` (the value of `model.name`)."""

    def add(builder: Builder) -> Builder:
        if MODELS.get(name, builder) is not builder:
            raise ValueError(f"model name '{name}' is taken")
        MODELS[name] = builder
        return builder

    return add


def build(config: Config) -> Any:
    """An untrained `keras.Model` for `config.model`.

    Weights are initialised from `config.seed`: two calls give the same values.

    Raises:
        ConfigError: no such architecture, or one that does not fit the feature shape.
    """
    for module in _MODULES:
        importlib.import_module(f"kws_tflm.models.{module}")
    name = config.model.name
    if name not in MODELS:
        near = difflib.get_close_matches(name, sorted(MODELS), n=1, cutoff=0.0)[0]
        raise ConfigError(
            f"'model.name': no architecture '{name}'; did you mean '{near}'? (known: {', '.join(MODELS)})"
        )
    from kws_tflm._tf import keras

    keras.utils.set_random_seed(config.seed)
    return MODELS[name](config)

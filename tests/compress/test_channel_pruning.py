"""Channels that are pruned leave nothing behind: no bias, no constant, and the converter takes them out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kws_tflm.compress import Pruner, calibrate, quantization_aware
from kws_tflm.config import Config
from kws_tflm.convert import to_dense_tflite
from kws_tflm.convert.compact import compact
from kws_tflm.errors import ConfigError
from kws_tflm.models import build
from kws_tflm.train.source import as_model_input
from tests.train.fakes import FakeSource, tiny_config


def pruned_ds_cnn(**prune: Any) -> tuple[Config, Any]:
    """Normalisation with a life of its own, half of the pointwise channels gone."""
    config = tiny_config(
        model={"filters": 16}, prune={"granularity": "channel", "layers": ["pointwise"], "sparsity": 0.5, **prune}
    )
    model = build(config)
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if layer.name.endswith("_bn"):
            layer.set_weights([np.abs(w + rng.normal(0, 0.2, w.shape)) for w in layer.get_weights()])
    Pruner(model, config.prune).update(0.5)
    return config, model


def test_pruned_channels_are_silent_and_go_out_of_the_model_whatever_pads_behind_them() -> None:
    config, model = pruned_ds_cnn()
    features = FakeSource(config).train(0).features[:8]

    _, lines = compact(to_dense_tflite(model, features, config))

    assert {line.channels: line.removed for line in lines} == {16: 8}
    assert [line.reason for line in lines] == ["", ""]
    for name in ("pw1", "pw2"):
        gone = ~model.get_layer(name).kernel.numpy().any(axis=(0, 1, 2))
        gamma, beta, *_ = model.get_layer(f"{name}_bn").get_weights()
        assert gone.sum() == 8
        assert not gamma[gone].any()
        assert not beta[gone].any()
        assert beta[~gone].all()


def test_they_stay_silent_under_fake_quantisers() -> None:
    config, model = pruned_ds_cnn()
    quantized = quantization_aware(model)
    inputs = as_model_input(FakeSource(config).train(0).features[:32])
    calibrate(quantized, model, inputs)
    pruner = Pruner(quantized, config.prune)
    masks = {name: np.zeros_like(mask) + (np.arange(16) < 8) for name, mask in pruner.masks().items()}

    pruner.set_masks(masks)

    found = [w.numpy() for w in quantized.weights if w.name.split("/")[-1].startswith("beta") and "pw" in w.name]
    assert len(found) == 2
    assert all(beta[:8].any() and not beta[8:].any() for beta in found)


def test_the_classes_are_not_pruned() -> None:
    with pytest.raises(ConfigError, match="output channels of 'logits' are the classes"):
        pruned_ds_cnn(layers=["pointwise", "dense"])

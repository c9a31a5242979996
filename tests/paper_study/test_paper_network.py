"""configs/paper.toml is the network of the paper, and its features are the same on host and board."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kws_tflm import config as configuration
from kws_tflm.config import Config
from kws_tflm.features.reference import float_features
from kws_tflm.runtime import FeatureExtractor

ROOT = Path(__file__).resolve().parents[2]


def paper_config() -> Config:
    return configuration.load(ROOT / "configs" / "paper.toml")


def test_network_is_the_papers():
    from kws_tflm import models

    model = models.build(paper_config())
    assert model.input_shape == (None, 30, 40, 1)
    assert model.get_layer("conv0").output.shape == (None, 1, 9, 186)
    assert model.count_params() == 119_936
    kernels = {layer.name: layer.get_weights()[0].shape for layer in model.layers if layer.get_weights()}
    assert kernels == {
        "conv0": (30, 8, 1, 186), "low_rank": (1674, 32), "dense1": (32, 128), "dense2": (128, 128), "logits": (128, 6),
    }  # fmt: skip


def test_features_are_the_papers():
    config = paper_config()
    assert config.features.clip_samples == 15872
    pcm = np.random.default_rng(4).normal(0, 2000, config.features.clip_samples).astype(np.int16)
    fixed = FeatureExtractor(config.features).clip(pcm)
    assert fixed.shape == (30, 40)
    assert np.abs(fixed / 256 - float_features(pcm, config.features)).max() < 4 / 256

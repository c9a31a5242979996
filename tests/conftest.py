"""Small artefacts that many tests share, made once a session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from kws_tflm.config import Config, from_dict


@dataclass(frozen=True)
class TinyModels:
    """One pruned DS-CNN with random weights, as dense and as sparse `.tflite`."""

    config: Config
    features: np.ndarray
    dense: bytes
    sparse: bytes


@pytest.fixture(scope="session")
def tiny_models() -> TinyModels:
    """A DS-CNN of 16 filters, 75 % of its pointwise blocks zero, converted twice; never trained."""
    from kws_tflm import models
    from kws_tflm._tf import tf
    from kws_tflm.convert import sparsify, to_dense_tflite
    from kws_tflm.runtime import FeatureExtractor

    config = from_dict({"name": "tiny", "model": {"filters": 16, "blocks": 2}})
    tf.keras.utils.set_random_seed(3)
    model = models.build(config)
    rng = np.random.default_rng(3)
    for layer in model.layers:
        kernel = layer.kernel if hasattr(layer, "kernel") else None
        if kernel is not None and tuple(kernel.shape[:2]) == (1, 1) and kernel.shape.rank == 4:
            keep = rng.random((kernel.shape[2] // 4, kernel.shape[3])) < 0.25
            kernel.assign(kernel * np.repeat(keep, 4, axis=0)[None, None].astype(np.float32))
    clips = rng.normal(0, 3000, (24, 16000)) * rng.random((24, 1))
    features = FeatureExtractor(config.features).batch(clips.astype(np.int16))
    # Untrained batch normalisation kills the signal; let it see the data, and stretch the logits.
    for _ in range(200):
        model(features[..., None] / np.float32(256), training=True)
    logits = model.get_layer("logits").kernel
    logits.assign(logits * 6)
    dense = to_dense_tflite(model, features, config)
    sparse, decisions = sparsify(dense)
    assert any(decision.sparse for decision in decisions), decisions
    return TinyModels(config, features, dense, sparse)

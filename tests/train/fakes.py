"""A feature source that needs no recordings, and a configuration that trains on it in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from kws_tflm import config as configuration
from kws_tflm.config import Config
from kws_tflm.train import LabelledFeatures


def tiny_config(**sections: dict[str, Any]) -> Config:
    raw: dict[str, Any] = {
        "name": "tiny",
        "seed": 3,
        "data": {"words": ["yes", "no"]},
        "features": {"n_frames": 16},
        "model": {"filters": 10, "blocks": 2},
        "train": {"epochs": 3, "batch_size": 16, "augmented_epochs": 2, "learning_rate": 5e-3},
        "prune": {"epochs": 4, "end_epoch": 2.0, "sparsity": 0.5},
        "qat": {"epochs": 2},
    }
    for section, values in sections.items():
        raw.setdefault(section, {}).update(values)
    return configuration.from_dict(raw)


class FakeSource:
    """Each class is a fixed random pattern in noise; every epoch has its own noise."""

    def __init__(self, config: Config, clips: int = 480) -> None:
        self._shape = (config.features.n_frames, config.features.n_features)
        self._classes = len(config.labels)
        self._clips = clips
        self._patterns = np.random.default_rng(0).normal(0, 3 * 256, (self._classes, *self._shape))
        self.asked: list[int] = []

    def train(self, epoch: int) -> LabelledFeatures:
        self.asked.append(epoch)
        return self._make(1000 + epoch % 2, self._clips)

    def evaluation(self, split: str) -> LabelledFeatures:
        return self._make({"validation": 1, "test": 2}[split], 64)

    def words(self) -> None:
        return None

    def prefetch(self, epoch: int) -> None:
        pass

    def _make(self, seed: int, clips: int) -> LabelledFeatures:
        rng = np.random.default_rng(seed)
        labels = np.arange(clips, dtype=np.int64) % self._classes
        features = self._patterns[labels] + rng.normal(0, 2 * 256, (clips, *self._shape))
        return LabelledFeatures(features.astype(np.int16), labels)

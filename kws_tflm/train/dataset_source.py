"""A `FeatureSource` over `kws_tflm.data`: features are made once, cached, and one epoch ahead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_tflm.config import Config
from kws_tflm.data import Dataset, epoch_features, load_dataset, plain_features
from kws_tflm.train.source import Background, Int16, LabelledFeatures


class DatasetSource:
    """Features of a data set; the next epoch's are made while the present one is trained on."""

    def __init__(self, dataset: Dataset, config: Config, cache_dir: Path) -> None:
        self._dataset, self._config, self._cache_dir = dataset, config, cache_dir
        self._train = dataset.split("train")
        self._noise = dataset.noise
        self._ahead = Background(self._augmented)

    def train(self, epoch: int) -> LabelledFeatures:
        """Augmented training features; epochs take the `train.augmented_epochs` copies in turn."""
        features: Int16 = self._ahead.take(epoch % self._config.train.augmented_epochs)
        return LabelledFeatures(features, self._train.labels)

    def evaluation(self, split: str) -> LabelledFeatures:
        """Features of the `validation` or `test` split as it is."""
        chosen = self._dataset.split(split)
        return LabelledFeatures(plain_features(chosen, self._config, self._cache_dir), chosen.labels)

    def words(self) -> npt.NDArray[np.int64]:
        """The word of each training clip, by the first part of its name, as numbers."""
        names = [name.partition("/")[0] for name in self._train.names]
        return np.unique(names, return_inverse=True)[1].astype(np.int64)

    def prefetch(self, epoch: int) -> None:
        """Begin `train(epoch)` on a background thread."""
        self._ahead.start(epoch % self._config.train.augmented_epochs)

    def _augmented(self, copy: int) -> Int16:
        return epoch_features(self._train, self._noise, self._config, copy, self._cache_dir)


def open_source(config: Config, data_dir: Path | None, cache_dir: Path, download: bool = False) -> DatasetSource:
    """Load (or make, or download) the data set of `config` and give its features.

    Raises:
        DataError, AudioError: as `kws_tflm.data.load_dataset`.
    """
    return DatasetSource(load_dataset(config, data_dir, cache_dir, download), config, cache_dir)

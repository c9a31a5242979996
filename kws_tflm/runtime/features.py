"""The firmware's fixed-point front end on the host."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from kws_tflm.config import FeatureConfig
from kws_tflm.features.tables import make_tables
from kws_tflm.runtime._load import native

if TYPE_CHECKING:
    from numpy.typing import NDArray


class FeatureExtractor:
    """int16 samples in, Q7.8 feature columns out (value = q / 256), with the tables of one configuration."""

    def __init__(self, config: FeatureConfig) -> None:
        self.config = config
        self._tables = make_tables(config)
        self._stream = native().FeatureExtractor(self._tables)

    def clip(self, pcm: NDArray[np.int16]) -> NDArray[np.int16]:
        """Features of a whole clip: [frames, n_features]; column i covers samples from i * hop_length on.

        A clip shorter than one window gives no column. Does not touch the stream's state.
        """
        return self._clip(self._stream, pcm)

    def batch(self, pcm: NDArray[np.int16], threads: int = 2) -> NDArray[np.int16]:
        """Features of many clips of one length: [k, n] -> [k, frames, n_features]."""
        if pcm.ndim != 2:
            raise ValueError(f"clips must be [k, n], not {pcm.shape}")
        if threads <= 1 or len(pcm) < 2 * threads:
            return self._many(pcm)
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(self._many, np.array_split(pcm, threads))))

    def reset(self) -> None:
        """Forget the stream's samples."""
        self._stream.reset()

    def push(self, hop: NDArray[np.int16]) -> NDArray[np.int16] | None:
        """Add `hop_length` samples to the stream; the column [n_features] that they complete, or None."""
        column = np.empty(self.config.n_features, np.int16)
        return column if self._stream.push(np.ascontiguousarray(hop, dtype=np.int16), column) else None

    def _clip(self, extractor: object, pcm: NDArray[np.int16]) -> NDArray[np.int16]:
        frames = max(0, 1 + (len(pcm) - self.config.window_length) // self.config.hop_length)
        columns = np.empty((frames, self.config.n_features), np.int16)
        extractor.clip(np.ascontiguousarray(pcm, dtype=np.int16), columns)  # type: ignore[attr-defined]
        return columns

    def _many(self, clips: NDArray[np.int16]) -> NDArray[np.int16]:
        # One native object a thread: the workspace is not shared.
        extractor = native().FeatureExtractor(self._tables)
        frames = max(0, 1 + (clips.shape[1] - self.config.window_length) // self.config.hop_length)
        out = np.empty((len(clips), frames, self.config.n_features), np.int16)
        for row, samples in zip(out, clips, strict=True):
            extractor.clip(np.ascontiguousarray(samples, dtype=np.int16), row)
        return out

"""The firmware's application pipeline on the host: samples in, detections out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kws_tflm.config import Config
from kws_tflm.errors import ModelError
from kws_tflm.features.quantize import input_quantization
from kws_tflm.features.tables import make_tables
from kws_tflm.runtime._load import native
from kws_tflm.runtime.detector import Detection, keyword_mask, threshold_permille
from kws_tflm.runtime.interpreter import Interpreter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Spotter:
    """hop -> front end -> every k hops TFLM -> detector, by the C++ class that the firmware's main loop drives.

    Args:
        model: contents of an int8 `.tflite` whose input takes `config`'s features.
        config: features and detector settings.
        labels: class names in model-output order; `config.labels` unless given.

    Raises:
        ModelError: the model cannot be loaded or does not suit the configuration.
    """

    def __init__(
        self,
        model: bytes,
        config: Config,
        labels: Sequence[str] | None = None,
        arena_bytes: int = 1 << 20,
        where: str = "model",
    ) -> None:
        self._labels = tuple(labels if labels is not None else config.labels)
        self._where = where
        self._config = config
        probe = Interpreter(model, arena_bytes, where)
        self._inputs = int(np.prod(probe.input_shape))
        det = config.detector
        try:
            self._native = native().Spotter(
                bytes(model),
                arena_bytes,
                make_tables(config.features),
                config.features.n_frames,
                input_quantization(probe.input_scale, probe.input_zero_point),
                (
                    len(self._labels),
                    keyword_mask(self._labels),
                    det.smoothing,
                    threshold_permille(det.threshold),
                    det.refractory_ms * config.features.sample_rate // 1000,
                ),
                det.hops_per_inference,
            )
        except native().ModelRejected as error:
            raise ModelError(f"{where}: {error}; use the configuration that made the model") from None

    def process(self, pcm: NDArray[np.int16]) -> list[Detection]:
        """Take the whole hops of `pcm` (a rest is left out), go on from the samples before; the detections."""
        try:
            events = self._native.process(np.ascontiguousarray(pcm, dtype=np.int16))
        except native().ModelRejected as error:
            raise ModelError(f"{self._where}: {error}") from None
        return [Detection(self._labels[label], permille / 1000, sample) for label, permille, sample in events]

    def take_recording(self) -> tuple[NDArray[np.int16], NDArray[np.int8], NDArray[np.int8]]:
        """Since the last call: (features [columns, n_features], inputs [runs, values], outputs [runs, classes])."""
        features, inputs, outputs = self._native.take_recording()
        return (
            features.reshape(-1, self._config.features.n_features),
            inputs.reshape(-1, self._inputs),
            outputs.reshape(-1, len(self._labels)),
        )

    def reset(self) -> None:
        """Start again: no samples, no scores, nothing recorded."""
        self._native.reset()

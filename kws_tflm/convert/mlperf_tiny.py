"""The front end and the classes of the MLPerf Tiny keyword-spotting reference (mlcommons/tiny), in float.

Each clip is divided by its largest sample; magnitudes of a 512-point STFT (480-sample periodic Hann
window, 320 samples apart); 40 HTK mel bands from 20 to 4000 Hz; ln(. + 1e-6); the first 10 of
`tf.signal.mfccs_from_log_mel_spectrograms`, a DCT-II scaled by sqrt(2 / bands) throughout.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kws_tflm.config import FeatureConfig
from kws_tflm.features.reference import hann_window, mel_filters

LABELS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", "_silence_", "_unknown_")
"""In output order."""
INPUT_SHAPE = (1, 49, 10, 1)
CLIP_SAMPLES = 16000
_FEATURES = FeatureConfig(window_length=480, hop_length=320, n_fft=512)


def features(clip: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """[49, 10] of one 16 kHz clip, cut or zero-padded to a second."""
    samples = np.zeros(CLIP_SAMPLES)
    samples[: len(clip)] = clip[:CLIP_SAMPLES]
    samples /= max(float(np.abs(samples).max()), 1.0)
    config = _FEATURES
    starts = np.arange(config.n_frames) * config.hop_length
    frames = samples[starts[:, None] + np.arange(config.window_length)]
    magnitudes = np.abs(np.fft.rfft(frames * hann_window(config.window_length), config.n_fft))
    log_mel = np.log(magnitudes @ mel_filters(config).T + config.log_offset)
    k, n = np.arange(config.n_coefficients)[:, None], np.arange(config.n_mels)
    dct = np.cos(np.pi / config.n_mels * (n + 0.5) * k) * np.sqrt(2.0 / config.n_mels)
    return np.asarray(log_mel @ dct.T)

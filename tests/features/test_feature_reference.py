"""The numpy reference is librosa's definition."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import scipy.fft
from feature_clips import make_clips

from kws_tflm.config import FeatureConfig
from kws_tflm.features.reference import float_features, mel_filters

CONFIGS = (
    FeatureConfig(),
    FeatureConfig(n_mels=20, f_min=0.0, f_max=8000.0),
    FeatureConfig(n_fft=1024, window_length=640, hop_length=160, n_mels=64, n_coefficients=13, f_max=7600.0),
    FeatureConfig(kind="log_mel", n_fft=256, window_length=256, hop_length=128, n_mels=23),
    FeatureConfig(kind="log_mel", n_fft=2048, window_length=1000, hop_length=500, n_mels=128, f_max=8000.0),
)


def librosa_features(pcm: np.ndarray, config: FeatureConfig) -> np.ndarray:
    """librosa centres a short window in the FFT frame: the padding on the left moves it back to the frame's start."""
    left = (config.n_fft - config.window_length) // 2
    right = config.n_fft - config.window_length - left
    mel = librosa.feature.melspectrogram(
        y=np.pad(pcm / 32768.0, (left, right)),
        sr=config.sample_rate,
        n_fft=config.n_fft,
        win_length=config.window_length,
        hop_length=config.hop_length,
        center=False,
        n_mels=config.n_mels,
        fmin=config.f_min,
        fmax=config.f_max,
        htk=True,
        norm=None,
    )
    features = np.log(mel.T + config.log_offset)
    if config.kind == "mfcc":
        features = scipy.fft.dct(features, type=2, norm="ortho", axis=-1)[:, : config.n_coefficients]
    return features


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.kind}-{c.n_fft}-{c.n_mels}")
def test_filters_equal_librosa(config):
    expected = librosa.filters.mel(
        sr=config.sample_rate,
        n_fft=config.n_fft,
        n_mels=config.n_mels,
        fmin=config.f_min,
        fmax=config.f_max,
        htk=True,
        norm=None,
        dtype=np.float64,
    )
    np.testing.assert_allclose(mel_filters(config), expected, atol=1e-9)


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.kind}-{c.n_fft}-{c.n_mels}")
def test_features_equal_librosa(config):
    for _, pcm in make_clips(22):
        features = float_features(pcm, config)
        expected = librosa_features(pcm, config)
        assert features.shape == expected.shape
        assert features.dtype == np.float32
        np.testing.assert_allclose(features, expected, atol=2e-3)


def test_clip_of_default_length_gives_n_frames():
    config = FeatureConfig()
    assert float_features(np.zeros(config.clip_samples, np.int16), config).shape == (49, 10)
    assert float_features(np.zeros(config.clip_samples - 1, np.int16), config).shape == (48, 10)


def test_clip_shorter_than_a_window_has_no_column():
    config = FeatureConfig()
    assert float_features(np.zeros(config.window_length - 1, np.int16), config).shape == (0, 10)

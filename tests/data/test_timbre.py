"""Timbre changes keep length and place, differ from draw to draw, and the transform inverts."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.data import timbre


def tone(length=8000):
    return np.sin(2 * np.pi * 200 * np.arange(length) / 16000) * np.hanning(length)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5000), st.sampled_from([100, 200]))
def test_transform_inverts_at_any_length(length, hop):
    signal = np.random.default_rng(length).standard_normal(length)
    np.testing.assert_allclose(timbre._istft(timbre._stft(signal, hop), length, hop), signal, atol=1e-9)


def test_equal_generators_equal_words_other_generators_other_words():
    first, again, other = (timbre.vary_timbre(tone(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert len(first) == 8000


def test_pitch_stays():
    for seed in range(5):
        out = timbre.vary_timbre(tone(), np.random.default_rng(seed))
        spectrum = np.abs(np.fft.rfft(out))
        assert abs(np.fft.rfftfreq(8000, 1 / 16000)[spectrum.argmax()] - 200) < 5


def test_silence_and_tiny_words_stay_finite():
    for word in (np.zeros(4000), np.zeros(0), np.ones(7)):
        out = timbre.vary_timbre(word, np.random.default_rng(1))
        assert out.shape == word.shape
        assert np.isfinite(out).all()

"""Waveform augmentation: what each change does, seeds, ranges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_tflm.config import AugmentationConfig
from kws_tflm.data import augment_batch

OFF = {
    "time_shift_ms": 0.0,
    "noise_probability": 0.0,
    "gain_db": 0.0,
    "speed_min": 1.0,
    "speed_max": 1.0,
}
NOISE = np.random.default_rng(5).integers(-1000, 1000, 50000).astype(np.int16)


def only(**changes):
    return AugmentationConfig(**(OFF | changes))


def tone(frequency=500.0, length=16000, amplitude=8000):
    return np.rint(amplitude * np.sin(2 * np.pi * frequency * np.arange(length) / 16000)).astype(np.int16)[None]


def run(clips, config, seed=1, noise=NOISE, silence=None):
    return augment_batch(clips, noise, config, np.random.default_rng(seed), silence)


def test_nothing_asked_nothing_changed():
    clips = np.random.default_rng(2).integers(-32768, 32768, (5, 16000)).astype(np.int16)
    np.testing.assert_array_equal(run(clips, only()), clips)


def test_equal_generators_give_equal_clips_and_the_input_stays():
    clips = np.repeat(tone(), 4, axis=0)
    before = clips.copy()
    first, second = run(clips, AugmentationConfig()), run(clips, AugmentationConfig())
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(clips, before)
    assert (run(clips, AugmentationConfig(), seed=2) != first).any()
    assert (first[0] != first[1]).any()


def test_shift_moves_by_at_most_the_limit():
    clips = np.zeros((50, 16000), np.int16)
    clips[:, 8000] = 20000
    moved = np.abs(run(clips, only(time_shift_ms=100.0)).astype(int)).argmax(axis=1) - 8000
    assert np.abs(moved).max() <= 1600
    assert np.abs(moved).max() > 800
    assert moved.min() < 0 < moved.max()


def test_speed_changes_the_pitch():
    out = run(tone(500.0), only(speed_min=1.1, speed_max=1.1))[0]
    peak = np.fft.rfftfreq(8192, 1 / 16000)[np.abs(np.fft.rfft(out[4000:12192] * np.hanning(8192))).argmax()]
    assert peak == pytest.approx(550, abs=4)


def test_gain_stays_within_its_range():
    out = run(np.repeat(tone(amplitude=4000), 40, axis=0), only(gain_db=6.0))
    peaks = out.max(axis=1) / 4000
    assert 0.49 < peaks.min() < 0.7
    assert 1.4 < peaks.max() < 2.01


def test_noise_has_the_asked_level():
    clip = tone(amplitude=8000)
    out = run(clip, only(noise_probability=1.0, snr_db_min=20.0, snr_db_max=20.0))
    added = out.astype(float) - clip
    assert 20 * np.log10(clip.std() / added.std()) == pytest.approx(20, abs=0.2)


def test_no_noise_available_is_fine():
    clips = np.repeat(tone(), 3, axis=0)
    config = only(noise_probability=1.0)
    np.testing.assert_array_equal(run(clips, config, noise=np.zeros(0, np.int16)), clips)


def test_silence_is_partly_drawn_anew():
    clips = np.zeros((40, 16000), np.int16)
    out = run(clips, only(), silence=np.ones(40, bool))
    changed = (out != 0).any(axis=1).sum()
    assert 8 < changed < 32


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 4),
    st.integers(1, 2000),
    st.integers(1, 3000),
    st.integers(0, 2**32 - 1),
)
def test_any_shape_and_full_scale_stay_in_range(count, length, noise_length, seed):
    rng = np.random.default_rng(seed)
    clips = rng.choice(np.array([-32768, 32767], np.int16), (count, length))
    noise = rng.choice(np.array([-32768, 32767], np.int16), noise_length)
    out = augment_batch(clips, noise, AugmentationConfig(gain_db=20.0), rng)
    assert out.shape == clips.shape
    assert out.dtype == np.int16


def test_room_and_microphone_change_the_sound_but_not_its_energy():
    clips = np.repeat(tone(amplitude=3000), 6, axis=0)
    clips[:, 8000:] = 0
    for changes in ({"room_probability": 1.0}, {"filter_probability": 1.0}):
        out = run(clips, only(**changes)).astype(float)
        assert (np.abs(out - clips).max(axis=1) > 100).all()
        kept = (out**2).sum(axis=1) / (clips.astype(float) ** 2).sum(axis=1)
        np.testing.assert_allclose(kept, 1.0, atol=0.01)


def test_room_rings_on_after_the_sound():
    clips = np.repeat(tone(amplitude=3000), 6, axis=0)
    clips[:, 8000:] = 0
    out = run(clips, only(room_probability=1.0)).astype(float)
    assert (np.abs(out[:, 8000:8800]).max(axis=1) > 10).all()


def test_voice_is_changed_on_words_but_not_on_silence():
    clips = np.random.default_rng(3).integers(-3000, 3000, (4, 16000)).astype(np.int16)
    silent = np.array([True, False, True, False])
    config = only(voice_probability=1.0)
    out = run(clips, config, noise=np.zeros(0, np.int16), silence=silent)
    np.testing.assert_array_equal((out != clips).any(axis=1), ~silent)


def test_loud_silence_is_louder():
    clips = np.zeros((200, 16000), np.int16)
    quiet, loud = (run(clips, only(loud_silence=share), silence=np.ones(200, bool)) for share in (0.0, 1.0))
    assert np.median(loud.std(axis=1)[loud.any(axis=1)]) > 5 * np.median(quiet.std(axis=1)[quiet.any(axis=1)])


def test_changes_that_are_off_draw_no_random_numbers():
    clips = np.repeat(tone(), 3, axis=0)
    on = AugmentationConfig(room_probability=1e-12, filter_probability=1e-12, voice_probability=1e-12)
    off, first = np.random.default_rng(4), np.random.default_rng(4)
    augment_batch(clips, NOISE, AugmentationConfig(), off)
    # Shared draws come first: speed, shift, gain, noise or not, ratio, excerpts.
    for _ in range(5):
        first.random(3)
    first.integers(0, len(NOISE) - 16000 + 1, 3)
    first.random(3)  # which silence is new
    assert off.random() == first.random()
    changed = augment_batch(clips, NOISE, on, np.random.default_rng(4))
    np.testing.assert_array_equal(changed, augment_batch(clips, NOISE, AugmentationConfig(), np.random.default_rng(4)))

"""Feature cache: made once, the same in pieces, keyed by what decides the values."""

import dataclasses

import numpy as np

from kws_tflm.config import Config, FeatureConfig, from_dict
from kws_tflm.data import Split, epoch_features, plain_features
from kws_tflm.data.features import model_input_samples

from .fakes import FakeExtractor

NOISE = np.random.default_rng(5).integers(-1000, 1000, 50000).astype(np.int16)


def split(count=600, key="set/train"):
    clips = np.random.default_rng(3).integers(-9000, 9000, (count, 16000)).astype(np.int16)
    return Split("train", clips, np.arange(count) % 12, [str(i) for i in range(count)], key)


def test_plain_features_are_those_of_the_extractor_and_made_once(tmp_path):
    config, data = Config(), split()
    extractor = FakeExtractor(config.features)
    features = plain_features(data, config, tmp_path, extractor)
    assert features.shape == (600, 49, 10)
    np.testing.assert_array_equal(features[:, :, 0], data.clips[:, np.arange(49) * 320])
    extractor.clips = 0
    np.testing.assert_array_equal(plain_features(data, config, tmp_path, extractor), features)
    assert extractor.clips <= 1  # the probe of the cache's key
    assert [p.suffix for p in (tmp_path / "features").iterdir()] == [".npy"]


def test_epochs_differ_and_repeat(tmp_path):
    config, data = Config(), split(300)
    extractor = FakeExtractor(config.features)
    first = np.array(epoch_features(data, NOISE, config, 0, tmp_path / "a", extractor))
    again = epoch_features(data, NOISE, config, 0, tmp_path / "b", extractor)
    np.testing.assert_array_equal(first, again)
    assert (epoch_features(data, NOISE, config, 1, tmp_path / "a", extractor) != first).any()
    assert len(list((tmp_path / "a" / "features").iterdir())) == 2


def test_key_follows_data_features_augmentation_and_seed(tmp_path):
    base, data = Config(), split(5)
    variants = [
        (base, data),
        (base, dataclasses.replace(data, key="other/train")),
        (from_dict({"seed": 2}), data),
        (from_dict({"augmentation": {"gain_db": 1.0}}), data),
        (from_dict({"features": {"n_coefficients": 8}}), data),
        (from_dict({"train": {"epochs": 3}}), data),  # does not matter to the features
    ]
    for config, clips in variants:
        epoch_features(clips, NOISE, config, 0, tmp_path, FakeExtractor(config.features))
    assert len(list((tmp_path / "features").iterdir())) == 5


def test_changed_front_end_is_not_served_from_the_cache(tmp_path):
    config, data = Config(), split(5)

    class Other(FakeExtractor):
        def batch(self, pcm, threads=2):
            return super().batch(pcm, threads) + np.int16(1)

    old = plain_features(data, config, tmp_path, FakeExtractor(config.features))
    np.testing.assert_array_equal(plain_features(data, config, tmp_path, Other(config.features)), old + 1)


def test_empty_split_and_failure_leave_nothing_half_done(tmp_path):
    config = Config()
    assert plain_features(split(0), config, tmp_path, FakeExtractor(config.features)).shape == (0, 49, 10)


def test_model_input_is_cut_by_whole_hops_or_padded():
    clips = np.arange(16000, dtype=np.int16)[None]
    default = model_input_samples(clips, FeatureConfig())
    np.testing.assert_array_equal(default[0], np.arange(15872))
    half = model_input_samples(clips, FeatureConfig(n_frames=25))
    assert half.shape == (1, 512 + 24 * 320)
    assert half[0, 0] == 12 * 320
    longer = model_input_samples(clips, FeatureConfig(n_frames=60))
    assert longer.shape == (1, 512 + 59 * 320)
    assert not longer[0, 16000:].any()

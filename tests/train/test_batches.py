from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm.config import TrainConfig
from kws_tflm.train.batches import balanced_order, batches, mask, mix, one_hot
from kws_tflm.train.source import Background, LabelledFeatures
from kws_tflm.train.step import cosine_rate


@given(st.lists(st.integers(1, 60), min_size=2, max_size=6), st.floats(0, 1), st.integers(0, 99))
def test_order_has_the_wanted_shares_and_is_even_within_a_class(counts, balance, seed) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)

    order = balanced_order(labels, balance, np.random.default_rng(seed))

    assert len(order) == len(labels)
    shares = np.array(counts) ** (1 - balance)
    expected = shares / shares.sum() * len(labels)
    assert np.all(np.abs(np.bincount(labels[order], minlength=len(counts)) - expected) <= 1.0 + 1e-9)
    uses = np.bincount(order, minlength=len(labels))
    for label in range(len(counts)):
        assert np.ptp(uses[labels == label]) <= 1


def test_without_balance_every_clip_comes_once() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    assert sorted(balanced_order(labels, 0.0, np.random.default_rng(0))) == list(range(6))


def test_batches_have_one_size_and_float_features() -> None:
    data = LabelledFeatures(np.full((10, 6, 2), 256, np.int16), np.arange(10) % 3)
    made = list(batches(data, 3, TrainConfig(batch_size=4, label_smoothing=0.3), np.random.default_rng(0)))
    assert [batch.x.shape for batch in made] == [(4, 6, 2, 1)] * 2
    x, y, _ = made[0]
    assert x.dtype == np.float32
    assert np.all(x == 1.0)
    assert sorted(set(np.round(y.ravel(), 6))) == [np.float32(0.1), np.float32(0.8)]


def test_small_set_makes_one_batch() -> None:
    data = LabelledFeatures(np.zeros((3, 6, 2), np.int16), np.array([0, 1, 0]))
    assert len(list(batches(data, 2, TrainConfig(batch_size=128), np.random.default_rng(0)))) == 1


def test_time_mask_replaces_at_most_so_many_frames_by_the_mean() -> None:
    rng = np.random.default_rng(0)
    original = rng.normal(size=(50, 12, 3, 1)).astype(np.float32)
    x = original.copy()
    mask(x, 1, 4, rng)
    changed = (x != original).any(axis=(2, 3)).sum(axis=1)
    assert changed.max() == 4
    clip = int(changed.argmax())
    frame = int((x[clip] != original[clip]).any(axis=(1, 2)).argmax())
    assert np.allclose(x[clip, frame], original[clip].mean(axis=0), atol=1e-6)


def test_mixup_blends_inputs_and_targets_alike() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(8)
    y = one_hot(labels, 8)
    x = np.broadcast_to(y[:, :, None, None], (8, 8, 2, 1)).astype(np.float32)
    mixed_x, mixed_y = mix(x, y, 1.0, rng)
    assert np.allclose(mixed_x[:, :, 0, 0], mixed_y)
    assert np.allclose(mixed_y.sum(axis=1), 1.0)
    assert np.array_equal(mixed_y.argmax(axis=1), labels)
    same_x, same_y = mix(x, y, 0.0, rng)
    assert np.array_equal(same_x, x)
    assert np.array_equal(same_y, y)


def test_learning_rate_warms_up_then_falls_to_one_percent() -> None:
    rates = [cosine_rate(2.0, position) for position in np.linspace(0, 1, 201)]
    assert max(rates) == pytest.approx(2.0, rel=1e-2)
    assert rates[0] < 0.1
    assert rates[-1] == pytest.approx(0.02)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_background_value_is_the_one_asked_for() -> None:
    makers: list[str] = []

    def make(key: int) -> int:
        makers.append(threading.current_thread().name)
        return key * 10

    work = Background(make)
    assert work.take(1) == 10
    work.start(2)
    assert work.take(2) == 20
    work.start(3)
    assert work.take(4) == 40
    assert makers[0] == threading.main_thread().name
    assert makers[1] != threading.main_thread().name


def test_background_error_reaches_the_caller() -> None:
    def fail(key: int) -> int:
        raise OSError(28, "No space left on device")

    work = Background(fail)
    work.start(1)
    with pytest.raises(OSError, match="No space"):
        work.take(1)


def test_pruned_and_quantised_phases_see_undistorted_clips() -> None:
    from kws_tflm.train.run import phases

    from .fakes import tiny_config

    assert [phase.distort for phase in phases(tiny_config())] == [True, False, False]
    data = LabelledFeatures(np.arange(4 * 6 * 2, dtype=np.int16).reshape(4, 6, 2) * 256, np.arange(4) % 2)
    config = TrainConfig(batch_size=4, mixup=1.0, time_mask=4, balance=0.0)
    ((x, _, _),) = batches(data, 2, config, np.random.default_rng(0), distort=False)
    assert sorted(x[:, 0, 0, 0].tolist()) == [0.0, 12.0, 24.0, 36.0]

"""The detector against a plain Python model of its contract."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st


class Detection(ctypes.Structure):
    _fields_ = (("sample", ctypes.c_uint64), ("label", ctypes.c_uint32), ("permille", ctypes.c_uint32))


@dataclass
class Settings:
    n_classes: int = 4
    keyword_mask: int = 0b0011
    smoothing: int = 3
    threshold: int = 700
    refractory: int = 14400


class Device:
    def __init__(self, core, settings: Settings):
        self.core = core
        self.handle = core.detector_new(
            settings.n_classes, settings.keyword_mask, settings.smoothing, settings.threshold, settings.refractory
        )
        assert self.handle

    def update(self, scores, sample):
        detection = Detection()
        values = np.asarray(scores, np.int8)
        fired = self.core.detector_update(self.handle, values.ctypes.data, sample, ctypes.byref(detection))
        return (detection.label, detection.permille, detection.sample) if fired else None

    def __del__(self):
        self.core.detector_free(self.handle)


@dataclass
class Model:
    """The contract in detector.h, with fractions as integers."""

    settings: Settings
    history: list = field(default_factory=list)
    last: int | None = None

    def update(self, scores, sample):
        s = self.settings
        self.history = [*self.history, [v + 128 for v in scores]][-s.smoothing :]
        sums = [sum(row[i] for row in self.history) for i in range(s.n_classes)]
        best = max(range(s.n_classes), key=lambda i: (sums[i], -i))
        if not s.keyword_mask >> best & 1:
            return None
        if self.last is not None and sample - self.last < s.refractory:
            return None
        if sums[best] * 1000 < min(s.threshold * 256, 255 * 1000) * s.smoothing:
            return None
        self.last = sample
        scale = 256 * s.smoothing
        return best, (sums[best] * 1000 + scale // 2) // scale, sample


def scores(*percent):
    return [max(-128, min(127, round(p * 2.56) - 128)) for p in percent]


def test_nothing_fires_before_enough_inferences(core):
    device = Device(core, Settings())

    fired = [device.update(scores(99, 0, 0, 1), 2560 * i) for i in range(3)]

    assert fired[:2] == [None, None]
    assert fired[2] == (0, 988, 5120)


def test_silence_and_unknown_never_fire(core):
    device = Device(core, Settings(smoothing=1))

    assert device.update(scores(0, 0, 100, 0), 0) is None
    assert device.update(scores(0, 0, 0, 100), 1) is None


def test_refractory_time_separates_detections(core):
    device = Device(core, Settings(smoothing=1, refractory=1000))

    fired = [sample for sample in range(0, 4000, 100) if device.update(scores(0, 100, 0, 0), sample)]

    assert fired == [0, 1000, 2000, 3000]


def test_threshold_one_means_the_largest_score(core):
    device = Device(core, Settings(smoothing=2, threshold=1000))

    assert device.update([127, -128, -128, -128], 0) is None
    assert device.update([127, -128, -128, -128], 1) == (0, 996, 1)


def test_threshold_is_clamped(core):
    device = Device(core, Settings())

    assert core.detector_set_threshold(device.handle, 0) == 1
    assert core.detector_set_threshold(device.handle, 4000) == 1000
    assert core.detector_set_threshold(device.handle, 750) == 750


def test_reset_forgets_scores_and_refractory_time(core):
    device = Device(core, Settings(smoothing=1, refractory=10**9))
    assert device.update(scores(100, 0, 0, 0), 5)

    core.detector_reset(device.handle)

    assert device.update(scores(100, 0, 0, 0), 6)


@pytest.mark.parametrize(
    ("n_classes", "smoothing", "threshold"),
    [(0, 1, 500), (65, 1, 500), (2, 0, 500), (2, 17, 500), (2, 1, 0), (2, 1, 1001)],
)
def test_settings_out_of_range_are_not_valid(core, n_classes, smoothing, threshold):
    assert core.detector_new(n_classes, 1, smoothing, threshold, 0) is None


@given(data=st.data())
def test_equals_its_contract(core, data):
    n_classes = data.draw(st.integers(1, 64))
    settings = Settings(
        n_classes=n_classes,
        keyword_mask=data.draw(st.integers(0, 2**n_classes - 1)),
        smoothing=data.draw(st.integers(1, 16)),
        threshold=data.draw(st.integers(1, 1000)),
        refractory=data.draw(st.integers(0, 20000)),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    device, model = Device(core, settings), Model(settings)
    sample = data.draw(st.sampled_from([0, 2**32 - 10000, 2**40]))
    for _ in range(40):
        sample += int(rng.integers(0, 5000))
        row = rng.integers(-128, 128, n_classes)
        if rng.random() < 0.7:
            row = np.full(n_classes, -128)
            row[rng.integers(n_classes)] = rng.integers(0, 128)
        assert device.update(row, sample) == model.update(row.tolist(), sample)

"""Generated tables: committed ones are up to date, the parts compute what they say."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from feature_native import SIZES, SOURCES, FeatureTables, Native, Tables, pointer
from feature_strategies import feature_configs
from hypothesis import given, settings

from kws_tflm.config import FeatureConfig
from kws_tflm.features import generate
from kws_tflm.features.reference import mel_filters
from kws_tflm.features.tables import make_tables, power_scale_bits


@pytest.mark.parametrize("name", ["default_tables.cc", "default_tables.h"])
def test_regenerating_the_committed_tables_changes_nothing(name: str):
    committed = (SOURCES / name).read_text(encoding="utf-8")
    assert committed == generate.default_files()[name], "run python -m kws_tflm.features.generate"


def test_generate_writes_into_a_given_folder(tmp_path):
    assert generate.main([str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"default_tables.cc", "default_tables.h"}


def test_compiled_default_tables_are_those_of_python(native: Native):
    compiled = FeatureTables.in_dll(native.lib, "_ZN3kws14kFeatureTablesE")
    tables = make_tables(FeatureConfig())
    assert [getattr(compiled, name) for name in SIZES] == [tables[name] for name in SIZES]
    assert compiled.log_offset == tables["log_offset"]
    for name, values in tables.items():
        if isinstance(values, np.ndarray):
            assert ctypes.string_at(getattr(compiled, name), values.nbytes) == values.tobytes(), name


@settings(max_examples=30, deadline=None)
@given(config=feature_configs())
def test_mel_ramps_rebuild_the_filters(config: FeatureConfig):
    tables = make_tables(config)
    segments, rising = tables["mel_segments"].astype(int), tables["mel_rising"] / 2.0**32
    filters = np.zeros((config.n_mels + 2, config.n_fft // 2 + 1))
    for s in range(config.n_mels + 1):
        bins = slice(segments[s], segments[s + 1])
        ramp = rising[segments[s] - segments[0] : segments[s + 1] - segments[0]]
        filters[s + 1, bins] += ramp
        filters[s, bins] += 1 - ramp
    np.testing.assert_allclose(filters[1:-1], mel_filters(config), atol=1e-9)


@pytest.mark.parametrize("n_fft", [256, 512, 1024, 2048])
def test_power_spectrum_equals_numpy(native: Native, n_fft: int):
    tables = Tables(FeatureConfig(n_fft=n_fft, window_length=n_fft, f_min=0.0, f_max=8000.0))
    rng = np.random.default_rng(n_fft)
    window_bits = 31 - int(np.log2(tables.arrays["window"].max() / 2.0**31) * -1)
    full_scale = 2.0 ** (window_bits - 1)
    samples = rng.uniform(-0.5, 0.5, n_fft)
    z = np.zeros((n_fft // 2, 2), np.int32)
    z[tables.arrays["permutation"]] = np.rint(samples * full_scale).astype(np.int32).reshape(-1, 2)

    native.lib.complex_fft(tables.address, pointer(z))
    native.lib.power_spectrum(tables.address, pointer(z))

    power = z.view(np.uint64).ravel()[1:].astype(np.float64) / 4.0 ** power_scale_bits(n_fft)
    expected = np.abs(np.fft.rfft(samples))[1:-1]
    np.testing.assert_allclose(np.sqrt(power), expected, atol=2e-8 * n_fft)


def test_natural_log(native: Native):
    tables = Tables(FeatureConfig())
    rng = np.random.default_rng(3)
    values = [1, 2, 3, 2**32 - 1, 2**32, 2**63, 2**64 - 1]
    values += [int(2.0**e) for e in rng.uniform(0, 63.99, 3000)]
    for value in values:
        for exponent in (0, 44, 76):
            log = native.lib.natural_log(tables.address, ctypes.c_uint64(value), exponent) / 65536.0
            assert abs(log - (np.log(float(value)) - exponent * np.log(2.0))) < 2**-14


def test_tables_are_deterministic():
    first, second = make_tables(FeatureConfig()), make_tables(FeatureConfig())
    assert all(np.array_equal(first[name], second[name]) for name in first)

from __future__ import annotations

import numpy as np
import pytest

from kws_tflm import config as configuration
from kws_tflm.errors import ConfigError
from kws_tflm.models import MODELS, build, register


def test_ds_cnn_has_the_mlperf_tiny_shape() -> None:
    model = build(configuration.from_dict({}))
    assert model.input_shape == (None, 49, 10, 1)
    assert model.output_shape == (None, 12)
    assert model.get_layer("pw4").output_shape == (None, 25, 5, 64)
    convolutions = [layer for layer in model.layers if layer.name.startswith(("conv", "dw", "pw"))]
    weights = sum(int(np.prod(layer.kernel.shape)) for layer in convolutions if hasattr(layer, "kernel"))
    assert weights == 10 * 4 * 64 + 4 * 64 * 64


def test_cnn_one_fstride4_has_the_papers_parameters() -> None:
    config = configuration.from_dict(
        {
            "data": {"words": ["yes", "no", "left", "right"]},
            "features": {"kind": "log_mel", "n_fft": 1024, "window_length": 1024, "hop_length": 512, "n_frames": 30},
            "model": {"name": "cnn_one_fstride4", "filters": 186},
        }
    )
    model = build(config)
    assert model.count_params() == 119_936
    assert model.get_layer("conv0").output_shape == (None, 1, 9, 186)


def test_same_seed_gives_the_same_weights() -> None:
    config = configuration.from_dict({"model": {"filters": 8, "blocks": 1}})
    first, second = build(config).get_weights(), build(config).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_unknown_architecture_names_the_nearest() -> None:
    config = configuration.from_dict({"model": {"name": "ds_cn"}})
    with pytest.raises(ConfigError, match="did you mean 'ds_cnn'"):
        build(config)


def test_a_name_is_registered_once() -> None:
    build(configuration.from_dict({"model": {"filters": 4, "blocks": 1}}))
    register("ds_cnn")(MODELS["ds_cnn"])
    with pytest.raises(ValueError, match="taken"):
        register("ds_cnn")(lambda config: None)


def test_too_small_features_are_one_line() -> None:
    config = configuration.from_dict({"features": {"n_coefficients": 1}})
    with pytest.raises(ConfigError, match="2 coefficients"):
        build(config)


def test_tenet_convolves_over_time_only() -> None:
    raw = {"features": {"kind": "log_mel"}, "model": {"name": "tenet", "filters": 16, "blocks": 6, "expansion": 2}}
    model = build(configuration.from_dict(raw))
    assert model.input_shape == (None, 49, 40, 1)
    assert model.get_layer("conv0").output_shape == (None, 1, 47, 16)
    assert [model.get_layer(f"block{i}_relu").output_shape[2] for i in range(1, 7)] == [24, 24, 12, 12, 6, 6]
    assert model.get_layer("dw1").output_shape == (None, 1, 24, 32)
    with pytest.raises(ConfigError, match="at least 3 blocks"):
        build(configuration.from_dict({"model": {"name": "tenet", "blocks": 2}}))


def test_ds_cnn_takes_log_mel_and_residuals() -> None:
    raw = {
        "features": {"kind": "log_mel"},
        "model": {"first_kernel": [10, 8], "first_stride": [2, 4], "residual": True, "filters": 16},
    }
    model = build(configuration.from_dict(raw))
    assert model.get_layer("pw4").output_shape == (None, 25, 10, 16)
    assert sum(layer.name.endswith("_add") for layer in model.layers) == 4

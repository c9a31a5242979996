"""Which layers are pruned, and in which blocks: `prune.layers` and `prune.block_shape`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm import config as configuration
from kws_tflm.compress import Pruner, calibrate, layer_sparsity, prunable_kernels, quantization_aware
from kws_tflm.compress.masks import as_block_kernel
from kws_tflm.config import Config, PruneConfig
from kws_tflm.convert import to_dense_tflite
from kws_tflm.convert.packing import ConvGeometry, pack, unpack
from kws_tflm.errors import ConfigError
from kws_tflm.models import build
from kws_tflm.train import train_run
from kws_tflm.train.source import as_model_input

from .fakes import FakeSource, tiny_config

ROOT = Path(__file__).resolve().parents[2]


def paper_like(**prune: object) -> Config:
    """The paper's network, small."""
    return tiny_config(
        features={"kind": "log_mel", "n_mels": 12, "n_frames": 16},
        model={"name": "cnn_one_fstride4", "filters": 10},
        prune={"layers": ["conv", "dense"], "block_shape": [1, 4], **prune},
    )


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (("pointwise",), ["pw1", "pw2"]),
        (("conv",), ["conv0"]),
        (("dense",), ["logits"]),
        (("pw2", "conv"), ["conv0", "pw2"]),
        (("pointwise", "conv", "dense"), ["conv0", "pw1", "pw2", "logits"]),
    ],
)
def test_layers_by_kind_and_by_name(layers: tuple[str, ...], expected: list[str]) -> None:
    model = build(tiny_config())

    assert list(prunable_kernels(model, layers)) == expected
    assert list(prunable_kernels(quantization_aware(model), layers)) == expected


def test_an_unknown_layer_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'prune.layers': 'pw7' .*\(conv0, pw1, pw2, logits\)"):
        prunable_kernels(build(tiny_config()), ("pointwise", "pw7"))


@pytest.mark.parametrize("sparsity", [0.5, 0.75, 0.9])
@pytest.mark.parametrize("block_shape", [(1, 4), (4, 4), (1, 1)])
def test_every_chosen_layer_gets_the_sparsity(sparsity: float, block_shape: tuple[int, int]) -> None:
    config = paper_like(sparsity=sparsity, block_shape=list(block_shape))
    model = build(config)

    Pruner(model, config.prune).update(sparsity)

    rows = layer_sparsity(model, config.prune)
    assert [row["layer"] for row in rows] == ["conv0", "low_rank", "dense1", "dense2", "logits"]
    for row in rows:
        blocks = np.prod([-(-side // block) for side, block in zip(_matrix(row["shape"]), block_shape, strict=True)])
        assert abs(row["block_sparsity"] - sparsity) <= 0.5 / blocks + 1e-9


def _matrix(shape: list[int]) -> tuple[int, int]:
    return shape[-1], int(np.prod(shape[:-1]))


@given(st.tuples(*[st.integers(1, 5)] * 4), st.integers(1, 5))
def test_blocks_of_a_first_layer_run_along_its_taps_as_the_packed_format_has_them(
    shape: tuple[int, int, int, int], block_in: int
) -> None:
    kernel = np.arange(1, np.prod(shape) + 1, dtype=np.int64).reshape(shape)

    blocks = as_block_kernel(kernel, (1, block_in))

    flat = shape[0] * shape[1] > 1 and shape[2] % block_in != 0
    assert blocks.shape == ((1, 1, shape[0] * shape[1] * shape[2], shape[3]) if flat else shape)
    np.testing.assert_array_equal(blocks.reshape(shape), kernel)


def test_a_pruned_first_layer_packs_into_the_blocks_that_were_kept() -> None:
    config = paper_like(sparsity=0.75)
    model = build(config)
    Pruner(model, config.prune).update(0.75)
    kernel = model.get_layer("conv0").kernel.numpy()
    weights = np.moveaxis(np.rint(kernel * 1000), 3, 0).astype(np.int8)
    channels = len(weights)

    packed = pack(weights, np.full(channels, 1 << 30), np.full(channels, -7), ConvGeometry(), (1, 4), True)

    assert unpack(packed).n_blocks <= round(0.25 * channels * kernel[..., 0].size / 4)


def test_zeros_of_convolution_and_dense_layers_survive_quantisation() -> None:
    from kws_tflm.convert.model import constant, parse

    config = paper_like(sparsity=0.75)
    model = build(config)
    Pruner(model, config.prune).update(0.75)
    quantized = quantization_aware(model)
    source = FakeSource(config).train(0).features
    inputs = as_model_input(source)
    calibrate(quantized, model, inputs)
    quantized(inputs[:32], training=True)

    dense = parse(to_dense_tflite(quantized, source, config))

    tensors = [constant(dense, tensor) for tensor in dense.subgraphs[0].tensors]
    weights = [values for values in tensors if values is not None and values.ndim >= 2]
    assert len(weights) == 5
    for values in weights:
        assert np.mean(values == 0) > 0.7


def test_a_whole_run_of_the_papers_network(tmp_path: Path) -> None:
    config = paper_like(sparsity=0.75)

    report = train_run(config, tmp_path / "run", FakeSource(config), say=lambda _line: None)

    for stage in ("pruned", "qat"):
        rows = report["stages"][stage]["sparsity"]
        assert [row["layer"] for row in rows] == ["conv0", "low_rank", "dense1", "dense2", "logits"]
        assert all(row["sparsity"] > 0.7 for row in rows)


def test_the_papers_experiment_prunes_all_but_the_outputs() -> None:
    config = configuration.load(ROOT / "configs" / "paper.toml")

    kernels = prunable_kernels(build(config), config.prune.layers)

    assert {name: tuple(kernel.shape) for name, kernel in kernels.items()} == {
        "conv0": (30, 8, 1, 186), "low_rank": (1674, 32), "dense1": (32, 128), "dense2": (128, 128),
    }  # fmt: skip


def test_experiments_without_the_key_keep_their_hash() -> None:
    spelled = configuration.from_dict({"prune": {"layers": ["pointwise"]}})

    assert spelled.hash == Config().hash
    assert configuration.from_dict({"prune": {"layers": ["dense"]}}).hash != Config().hash
    assert configuration.from_dict(spelled.to_dict()) == spelled


@pytest.mark.parametrize("layers", [[], ["dense", "dense"]])
def test_no_layer_and_a_layer_twice_are_refused(layers: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"prune\.layers"):
        configuration.from_dict({"prune": {"layers": layers}})
    assert PruneConfig().layers == ("pointwise",)

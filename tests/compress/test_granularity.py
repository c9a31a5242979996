"""What is zeroed together: whole groups, the weakest, exactly so many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm import config as configuration
from kws_tflm.compress.granularity import own_sparsity, prune_mask, row_count, zero_groups
from kws_tflm.config import Config, PruneConfig
from kws_tflm.convert.packing_n_of_m import can_pack_n_of_m
from kws_tflm.errors import ConfigError

conv_shapes = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 9), st.integers(1, 9))
shapes = st.one_of(conv_shapes, st.tuples(st.integers(1, 40), st.integers(1, 9)))


def kernel(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def lines(array: np.ndarray) -> np.ndarray:
    """The rows of a kernel, spelled out loop by loop: [rows, weights]."""
    if array.ndim == 2:
        array = array[None, None]
    height, width, inputs, outputs = array.shape
    found = []
    for out in range(outputs):
        if height * width == 1:
            found += np.split(array[0, 0, :, out], row_count(inputs))
        elif height > width:
            found += [array[:, x, :, out].ravel() for x in range(width)]
        else:
            found += [array[y, :, :, out].ravel() for y in range(height)]
    return np.array(found)


def channels(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, array.shape[-1]).T


@given(
    shapes, st.sampled_from(["row", "channel"]), st.floats(0, 0.99), st.sampled_from(["l1", "l2"]), st.integers(0, 9)
)
def test_whole_rows_or_channels_the_weakest_of_them(shape, granularity, sparsity, norm, seed) -> None:
    config = PruneConfig(granularity=granularity, norm=norm)
    weights = kernel(shape, seed)

    mask = prune_mask(weights, config, sparsity)

    split = lines if granularity == "row" else channels
    kept, groups = split(mask), split(weights)
    assert mask.shape == shape
    assert mask.dtype == np.float32
    assert np.all(kept == kept[:, :1])
    wanted = round(sparsity * len(kept))
    wanted = min(wanted, len(kept) - 1) if granularity == "channel" else wanted
    assert np.sum(kept[:, 0] == 0) == wanted
    assert zero_groups(weights * mask, config) == pytest.approx(wanted / len(kept))
    strength = np.linalg.norm(groups, axis=1) if norm == "l2" else np.abs(groups).sum(axis=1)
    if 0 < wanted < len(kept):
        assert strength[kept[:, 0] == 1].min() >= strength[kept[:, 0] == 0].max() - 1e-5


@pytest.mark.parametrize(("inputs", "runs"), [(1674, 9), (32, 8), (128, 8), (10, 10), (3, 3), (37, 37)])
def test_layers_without_rows_are_divided_as_in_the_papers_study(inputs: int, runs: int) -> None:
    assert row_count(inputs) == runs


@given(shapes, st.sampled_from([1, 2]), st.integers(0, 9))
def test_a_pattern_packs_as_one_and_keeps_the_strongest(shape, n, seed) -> None:
    config = PruneConfig(granularity=f"{n}:4")
    weights = kernel(shape, seed)

    mask = prune_mask(weights, config, own_sparsity(config.granularity))

    whole = np.moveaxis((mask * 100).astype(np.int8).reshape(*(1,) * (4 - len(shape)), *shape), 3, 0)
    flat = whole.shape[1] * whole.shape[2] > 1 and whole.shape[3] % 4 != 0
    assert can_pack_n_of_m(whole, n, flat)
    magnitude = np.abs(weights).reshape(-1, shape[-1])
    pitch = magnitude.shape[0] if flat else shape[-2]
    for start in range(0, len(magnitude), pitch):
        for first in range(start, start + pitch, 4):
            group = slice(first, min(first + 4, start + pitch))
            kept = np.sort(magnitude[group] * mask.reshape(-1, shape[-1])[group], axis=0)
            assert np.array_equal(kept[-n:], np.sort(magnitude[group], axis=0)[-n:])
            assert not kept[:-n].any()


@given(
    shapes, st.sampled_from(["block", "row", "channel", "1:4", "2:4"]), st.floats(0, 0.5), st.floats(0.5, 0.9),
    st.integers(0, 9),
)  # fmt: skip
def test_masks_only_grow(shape, granularity, first, second, seed) -> None:
    config = PruneConfig(granularity=granularity)
    weights = kernel(shape, seed)
    early = prune_mask(weights, config, first)

    late = prune_mask(weights * early, config, second)

    assert np.all(late <= early)


def test_experiments_without_the_key_keep_their_hash() -> None:
    assert Config().hash == "3ab32895cccf"
    assert configuration.from_dict({"prune": {"granularity": "block"}}).hash == Config().hash
    assert configuration.from_dict({"prune": {"granularity": "row"}}).hash != Config().hash


@pytest.mark.parametrize(
    ("prune", "message"),
    [
        ({"granularity": "rows"}, r"'prune.granularity' must be one of block, row, channel, 1:4, 2:4"),
        ({"granularity": "2:4"}, r"'prune.granularity' 2:4 needs 'prune.sparsity' = 0.5"),
    ],
)
def test_what_cannot_be_is_one_line(prune: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        configuration.from_dict({"prune": prune})

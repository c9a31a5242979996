from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm.compress.masks import as_taps, block_mask, block_scores, block_sparsity, from_taps
from kws_tflm.compress.schedule import polynomial_sparsity

shapes = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 17), st.integers(1, 17))
blocks = st.tuples(st.integers(1, 5), st.integers(1, 5))


def kernel(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@given(shapes, blocks, st.floats(0, 0.99), st.sampled_from(["l1", "l2"]), st.integers(0, 99))
def test_mask_is_whole_blocks_and_exact_count(shape, block, sparsity, norm, seed) -> None:
    weights = kernel(shape, seed)

    mask = block_mask(weights, block, sparsity, norm)

    assert mask.shape == shape
    assert set(np.unique(mask)) <= {0.0, 1.0}
    taps = as_taps(mask)
    zero_blocks = n_blocks = 0
    for tap in taps:
        for row in range(0, shape[-1], block[0]):
            for column in range(0, shape[-2], block[1]):
                values = np.unique(tap[row : row + block[0], column : column + block[1]])
                assert len(values) == 1
                n_blocks += 1
                zero_blocks += values[0] == 0.0
    assert zero_blocks == round(sparsity * n_blocks)


@given(shapes, blocks, st.floats(0, 0.99), st.integers(0, 99))
def test_kept_blocks_are_the_strongest(shape, block, sparsity, seed) -> None:
    weights = kernel(shape, seed)
    mask = block_mask(weights, block, sparsity)

    scores, kept = block_scores(weights, block), block_scores(weights * mask, block) > 0

    if kept.any() and (~kept).any():
        assert scores[kept].min() >= scores[~kept].max()


@given(shapes, blocks, st.floats(0, 0.5), st.floats(0.5, 0.99), st.integers(0, 99))
def test_masks_only_grow(shape, block, first, second, seed) -> None:
    weights = kernel(shape, seed)
    early = block_mask(weights, block, first)

    late = block_mask(weights * early, block, second)

    assert np.all(late <= early)


def test_tail_block_competes_by_mean_not_by_sum() -> None:
    weights = np.full((1, 1, 5, 1), 1.0, np.float32)  # blocks of 4 and of 1 input channels
    weights[0, 0, 4, 0] = 1.5

    mask = block_mask(weights, (1, 4), 0.5)

    assert mask.ravel().tolist() == [0, 0, 0, 0, 1]


def test_dense_kernel_has_one_tap() -> None:
    weights = kernel((8, 6), 0)
    assert as_taps(weights).shape == (1, 6, 8)
    assert np.array_equal(from_taps(as_taps(weights), weights.shape), weights)
    assert block_sparsity(weights * block_mask(weights, (2, 4), 0.5), (2, 4)) == 0.5


def test_unknown_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="l1"):
        block_scores(np.ones((1, 1, 4, 4)), (1, 4), "max")


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 0.99), st.floats(0, 30), st.floats(0, 30))
def test_schedule_is_monotone_from_zero_to_final(begin, length, final, a, b) -> None:
    end = begin + length
    low, high = sorted((a, b))
    assert 0 <= polynomial_sparsity(low, begin, end, final) <= polynomial_sparsity(high, begin, end, final) <= final
    assert polynomial_sparsity(end, begin, end, final) == final


def test_schedule_is_cubic() -> None:
    assert polynomial_sparsity(5, 0, 10, 0.8) == pytest.approx(0.8 * (1 - 0.5**3))

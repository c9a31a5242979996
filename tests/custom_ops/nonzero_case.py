"""Convolutions whose weights are stored one by one: index list and N:M."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from conv_case import ConvCase, conv_cases, random_case
from host_library import OPS
from hypothesis import strategies as st

from kws_tflm.convert.packing import pack_index_list, pack_n_of_m

M = 4
KERNELS = ("pair_*", "index_list_*", "n_of_m_*")
NONZERO_SOURCES = (
    OPS / "tests" / "nonzero_c_api.cc",
    *sorted((OPS / "formats").glob("*.cc")),
    *(path for pattern in KERNELS for path in sorted((OPS / "kernels").glob(pattern + ".cc"))),
)


@dataclass(frozen=True)
class IndexListCase(ConvCase):
    """Packed as encoding 2."""

    @property
    def packed(self) -> bytes:
        return pack_index_list(self.weights, self.multipliers, self.shifts, self.geometry)


@dataclass(frozen=True)
class NOfMCase(ConvCase):
    """Packed as encoding 3."""

    n: int = 2

    @property
    def packed(self) -> bytes:
        return pack_n_of_m(self.weights, self.multipliers, self.shifts, self.geometry, self.n, self.flat)


def sparse_weights(rng: np.random.Generator, shape: tuple[int, ...], density: float) -> np.ndarray:
    weights = rng.integers(-128, 128, shape).astype(np.int8)
    weights[rng.random(shape) >= density] = 0
    return weights


def n_of_m_weights(rng: np.random.Generator, shape: tuple[int, ...], n: int, flat: bool) -> np.ndarray:
    """At most `n` weights in four columns of a tap, or of the row when `flat`."""
    columns = shape if not flat else (shape[0], 1, 1, int(np.prod(shape[1:])))
    groups = -(-columns[3] // M)
    keep = np.argsort(rng.random((*columns[:3], groups, M)), axis=-1) < n
    keep = keep.reshape(*columns[:3], groups * M)[..., : columns[3]].reshape(shape)
    return np.where(keep, sparse_weights(rng, shape, 0.9), 0).astype(np.int8)


def index_list_case(case: ConvCase) -> IndexListCase:
    return IndexListCase(**vars(case))


def n_of_m_case(case: ConvCase, n: int, seed: int) -> NOfMCase:
    """The same layer with weights of the pattern."""
    weights = n_of_m_weights(np.random.default_rng(seed), case.weights.shape, n, case.flat)
    return NOfMCase(**{**vars(case), "weights": weights}, n=n)


@st.composite
def index_list_cases(draw: st.DrawFn) -> IndexListCase:
    return index_list_case(draw(conv_cases()))


@st.composite
def n_of_m_cases(draw: st.DrawFn) -> NOfMCase:
    return n_of_m_case(draw(conv_cases()), draw(st.sampled_from([1, 2])), draw(st.integers(0, 2**32 - 1)))


def pointwise_case(sparsity: float, n: int | None = None, seed: int = 5) -> ConvCase:
    """1x1, 64 -> 64 on 25x5 with weights as a trained layer has them; `n`: n of 4, else an index list."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, in_shape=(25, 5, 64), out_channels=64, density=1.0, block_shape=(1, 1))
    order = np.argsort(rng.random(case.weights.size))
    case.weights.reshape(-1)[order[: round(sparsity * case.weights.size)]] = 0
    return index_list_case(case) if n is None else n_of_m_case(case, n, seed)

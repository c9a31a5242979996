"""Encoding 3: N weights of every four columns, with their two-bit positions. Reader: `formats/n_of_m_conv.h`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.packing_header import (
    ENCODING_N_OF_M,
    ENCODING_NAMES,
    HEADER_BYTES,
    MAX_MATRIX,
    ConvGeometry,
    Header,
    PackedConv,
    as_matrix,
    assemble,
    is_legal_shape,
    need,
    quantization_bytes,
    read_quantization,
    round_up,
    split,
)
from kws_tflm.errors import FormatError

M = 4
QUAD = 4
"""Values of a row come in fours, behind one byte with their positions."""
QUAD_BYTES = 1 + QUAD
NS = (1, 2)


def can_pack_n_of_m(weights: npt.NDArray[np.int8], n: int, flat: bool = False) -> bool:
    """Whether no group of four columns has more than `n` weights and the layer is within the format's limits."""
    if n not in NS or not is_legal_shape(weights.shape):
        return False
    groups = _groups(weights, flat)
    return groups.size <= MAX_MATRIX and bool(np.all(np.count_nonzero(groups, axis=2) <= n))


def n_of_m_bytes(weights: npt.NDArray[np.int8], n: int, flat: bool = False) -> int:
    """Size of the packed buffer."""
    out_channels, groups = (int(size) for size in _groups(weights, flat).shape[:2])
    quads = round_up(groups * n, QUAD) // QUAD * out_channels
    return HEADER_BYTES + 4 * out_channels + round_up(out_channels, 4) + round_up(QUAD_BYTES * (quads + 1), 4)


def pack_n_of_m(
    weights: npt.NDArray[np.int8],
    multipliers: npt.NDArray[np.int32],
    shifts: npt.NDArray[np.int8],
    geometry: ConvGeometry,
    n: int = 2,
    flat_columns: bool = False,
) -> bytes:
    """Pack OHWI int8 `weights` of which no four columns, counted from each tap's first, hold more than `n` (1 or 2).

    `flat_columns`: the groups run on over the taps.

    Raises:
        FormatError: a group has more weights, or the layer is beyond the format's limits.
    """
    if not can_pack_n_of_m(weights, n, flat_columns):
        raise FormatError(f"weights {list(weights.shape)} are not {n}:{M} sparse or beyond the packed format")
    groups = _groups(weights, flat_columns)
    out_channels, n_groups = groups.shape[:2]
    # Nonzero positions first, then the lowest others; ascending.
    chosen = np.sort(np.argsort(groups == 0, axis=2, kind="stable")[:, :, :n], axis=2)
    row_values = round_up(n_groups * n, QUAD)
    tail = ((0, 0), (0, row_values - n_groups * n))
    values = np.pad(np.take_along_axis(groups, chosen, axis=2).reshape(out_channels, -1), tail)
    places = np.pad(chosen.reshape(out_channels, -1), tail).reshape(out_channels, -1, QUAD)
    positions = np.bitwise_or.reduce(places << np.arange(0, 2 * QUAD, 2), axis=2)
    quads = np.dstack([positions, values.reshape(out_channels, -1, QUAD)]).astype(np.int64).astype(np.uint8)
    header = Header(0, ENCODING_N_OF_M, flat_columns, 1, weights.shape, (n, M), n_groups * out_channels, geometry)
    scales, lefts = quantization_bytes(multipliers, shifts)
    return assemble(header, [scales, lefts, quads.tobytes() + bytes(QUAD_BYTES)])


def read_n_of_m(packed: bytes, header: Header) -> PackedConv:
    """The content of a buffer with this header.

    Raises:
        FormatError: the buffer violates the format; one line says how.
    """
    n, m = header.group
    need(header.index_bytes == 1, "index width out of range")
    need(m == M and n in NS, "N or M out of range")
    out_channels, n_groups = header.shape[0], header.columns // M
    need(header.columns * out_channels <= MAX_MATRIX, "layer is larger than the format allows")
    need(header.stored == n_groups * out_channels, "not the groups of the layer")
    row_values = round_up(n_groups * n, QUAD)
    stored_bytes = QUAD_BYTES * (row_values // QUAD) * out_channels
    sections = split(packed, header.total, [4 * out_channels, out_channels, stored_bytes + QUAD_BYTES])
    need(not any(sections[2][stored_bytes:]), "padding bytes are not zero")
    multipliers, shifts = read_quantization(sections[0], sections[1])
    quads = np.frombuffer(sections[2][:stored_bytes], np.uint8).reshape(out_channels, -1, QUAD_BYTES)
    positions = ((quads[:, :, :1] >> np.arange(0, 2 * QUAD, 2)) & 3).reshape(out_channels, row_values)
    values = quads[:, :, 1:].reshape(out_channels, row_values).view(np.int8)
    used = n_groups * n
    tail_is_zero = not positions[:, used:].any() and not values[:, used:].any()
    need(tail_is_zero, "padding bytes or padded weights are not zero")
    places = positions[:, :used].reshape(out_channels, n_groups, n).astype(np.int64)
    need(bool(np.all(np.diff(places, axis=2) > 0)), "column index out of range or not ascending")
    matrix = np.zeros((out_channels, n_groups, M), np.int8)
    np.put_along_axis(matrix, places, values[:, :used].reshape(out_channels, n_groups, n), axis=2)
    weights = header.weights_of(matrix.reshape(out_channels, -1))
    name = ENCODING_NAMES[ENCODING_N_OF_M]
    return PackedConv(weights, multipliers, shifts, header.geometry, (1, n), header.flat, header.stored, name)


def _groups(weights: npt.NDArray[np.int8], flat: bool) -> npt.NDArray[np.int8]:
    return as_matrix(weights, (1, M), flat).reshape(weights.shape[0], -1, M)

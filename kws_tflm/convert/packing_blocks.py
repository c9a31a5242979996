"""Encoding 1: blocks of output channels x columns with a nonzero weight. Reader: `formats/block_sparse_conv.h`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.packing_header import (
    ENCODING_BLOCK,
    HEADER_BYTES,
    MAX_MATRIX,
    ConvGeometry,
    Header,
    PackedConv,
    as_matrix,
    assemble,
    is_legal_shape,
    need,
    offsets_bytes,
    quantization_bytes,
    read_offsets,
    read_quantization,
    round_up,
    split,
)
from kws_tflm.errors import FormatError

MAX_BLOCK_SIDE = 16


def blocks_of(weights: npt.NDArray[np.int8], block_shape: tuple[int, int], flat: bool) -> npt.NDArray[np.int8]:
    """The matrix as [block rows, block columns, block_out, block_in]."""
    matrix = as_matrix(weights, block_shape, flat)
    rows, columns = matrix.shape[0] // block_shape[0], matrix.shape[1] // block_shape[1]
    return matrix.reshape(rows, block_shape[0], columns, block_shape[1]).swapaxes(1, 2)


def can_pack(weights: npt.NDArray[np.int8], block_shape: tuple[int, int], flat: bool) -> bool:
    """Whether the layer is within the format's limits."""
    if not is_legal_shape(weights.shape) or min(block_shape) < 1 or max(block_shape) > MAX_BLOCK_SIDE:
        return False
    blocks = blocks_of(weights, block_shape, flat)
    return blocks.shape[1] <= 1 << 16 and blocks.size <= MAX_MATRIX


def packed_bytes(out_channels: int, block_rows: int, columns: int, n_blocks: int, block_values: int) -> int:
    """Size of the packed buffer."""
    quantization = 4 * out_channels + 4 * (block_rows + 1) + round_up(out_channels, 4)
    indices = round_up(_index_bytes(columns) * n_blocks, 4)
    return HEADER_BYTES + quantization + indices + round_up(block_values * n_blocks, 4)


def pack_blocks(
    weights: npt.NDArray[np.int8],
    multipliers: npt.NDArray[np.int32],
    shifts: npt.NDArray[np.int8],
    geometry: ConvGeometry,
    block_shape: tuple[int, int] = (1, 4),
    flat_columns: bool = False,
) -> bytes:
    """Pack OHWI int8 `weights`: blocks that are all zero are left out.

    Raises:
        FormatError: the layer is beyond the format's limits.
    """
    if not can_pack(weights, block_shape, flat_columns):
        raise FormatError(f"weights {list(weights.shape)} with blocks {block_shape} are beyond the packed format")
    blocks = blocks_of(weights, block_shape, flat_columns)
    occupied = np.any(blocks != 0, axis=(2, 3))
    index_bytes = _index_bytes(blocks.shape[1])
    n_blocks = int(occupied.sum())
    indices = np.nonzero(occupied)[1].astype("<u1" if index_bytes == 1 else "<u2")
    scales, lefts = quantization_bytes(multipliers, shifts)
    header = Header(0, ENCODING_BLOCK, flat_columns, index_bytes, weights.shape, block_shape, n_blocks, geometry)
    offsets = offsets_bytes(occupied.sum(axis=1))
    return assemble(header, [scales, offsets, lefts, indices.tobytes(), blocks[occupied].tobytes()])


def read_blocks(packed: bytes, header: Header) -> PackedConv:
    """The content of a buffer with this header.

    Raises:
        FormatError: the buffer violates the format; one line says how.
    """
    (block_out, block_in), n_blocks, out_channels = header.group, header.stored, header.shape[0]
    need(header.index_bytes in (1, 2), "index width out of range")
    need(min(header.group) >= 1 and max(header.group) <= MAX_BLOCK_SIDE, "block out of range")
    columns = header.columns // block_in
    block_rows = round_up(out_channels, block_out) // block_out
    need(columns <= (256 if header.index_bytes == 1 else 1 << 16), "layer is larger than the format allows")
    need(header.columns * block_rows * block_out <= MAX_MATRIX, "layer is larger than the format allows")
    need(n_blocks <= columns * block_rows, "more blocks than the layer has")
    sizes = [4 * out_channels, 4 * (block_rows + 1), out_channels, header.index_bytes * n_blocks,
             n_blocks * block_out * block_in]  # fmt: skip
    sections = split(packed, header.total, sizes)
    multipliers, shifts = read_quantization(sections[0], sections[2])
    counts = read_offsets(sections[1], n_blocks)
    index = np.frombuffer(sections[3], "<u1" if header.index_bytes == 1 else "<u2").astype(np.int64)
    rows = np.repeat(np.arange(block_rows), counts)
    ascending = np.all((np.diff(index) > 0) | (np.diff(rows) > 0)) and np.all(index < columns)
    need(bool(ascending), "column index out of range or not ascending")
    blocks = np.zeros((block_rows, columns, block_out, block_in), np.int8)
    blocks[rows, index] = np.frombuffer(sections[4], np.int8).reshape(n_blocks, block_out, block_in)
    weights = header.weights_of(blocks.swapaxes(1, 2).reshape(block_rows * block_out, columns * block_in))
    return PackedConv(weights, multipliers, shifts, header.geometry, header.group, header.flat, n_blocks)


def _index_bytes(columns: int) -> int:
    return 1 if columns <= 256 else 2

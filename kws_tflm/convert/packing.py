"""Packed block-sparse convolution weights, format version 1: writer and reader.

The layout is specified in docs/sparse_format.md; `custom_ops/formats/block_sparse_conv.h` is the
reader that the firmware trusts. `unpack` refuses what that reader refuses.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_tflm.errors import FormatError

MAGIC = 0x5053574B
VERSION = 1
ENCODING_BLOCK = 1
MAX_BLOCK_SIDE = 16
MAX_DEPTH = 1 << 16
MAX_STEP = 255
MAX_MATRIX = 1 << 26
"""Values of the padded matrix, stored or not."""

_HEADER = struct.Struct("<IHHI4B4H2B2b4HI6I")
HEADER_BYTES = 64


@dataclass(frozen=True)
class ConvGeometry:
    """What a CONV_2D knows beside its weights."""

    stride: tuple[int, int] = (1, 1)
    """(height, width), as are the others."""
    dilation: tuple[int, int] = (1, 1)
    same_padding: bool = False
    activation_min: int = -128
    """Fused clamp on the int8 output."""
    activation_max: int = 127


@dataclass(frozen=True)
class PackedConv:
    """The content of a packed buffer."""

    weights: npt.NDArray[np.int8]
    """[out_channels, kernel_h, kernel_w, in_channels], zeros in place."""
    multipliers: npt.NDArray[np.int32]
    """[out_channels] Q31, 0 or at least 2^30."""
    shifts: npt.NDArray[np.int8]
    """[out_channels] left shift, -31 to 30."""
    geometry: ConvGeometry
    block_shape: tuple[int, int]
    """(output channels, input columns) of a block."""
    flat_columns: bool
    """Whether (ky, kx, channel) run on, or each tap's channels are padded to whole blocks."""
    n_blocks: int


def as_matrix(weights: npt.NDArray[np.int8], block_shape: tuple[int, int], flat: bool) -> npt.NDArray[np.int8]:
    """OHWI weights as the zero-padded matrix [block rows * block_out, block columns * block_in]."""
    out_channels, kernel_h, kernel_w, in_channels = weights.shape
    taps = weights.reshape(out_channels, kernel_h * kernel_w, in_channels)
    pitch = in_channels if flat else _round_up(in_channels, block_shape[1])
    padded = np.pad(taps, ((0, 0), (0, 0), (0, pitch - in_channels))).reshape(out_channels, -1)
    rows, columns = (_round_up(size, block) for size, block in zip(padded.shape, block_shape, strict=True))
    result: npt.NDArray[np.int8] = np.pad(padded, ((0, rows - padded.shape[0]), (0, columns - padded.shape[1])))
    return result


def blocks_of(weights: npt.NDArray[np.int8], block_shape: tuple[int, int], flat: bool) -> npt.NDArray[np.int8]:
    """The matrix as [block rows, block columns, block_out, block_in]."""
    matrix = as_matrix(weights, block_shape, flat)
    rows, columns = matrix.shape[0] // block_shape[0], matrix.shape[1] // block_shape[1]
    return matrix.reshape(rows, block_shape[0], columns, block_shape[1]).swapaxes(1, 2)


def can_pack(weights: npt.NDArray[np.int8], block_shape: tuple[int, int], flat: bool) -> bool:
    """Whether the layer is within the format's limits."""
    depth = int(np.prod(weights.shape[1:]))
    sides = (*weights.shape, *block_shape)
    small = max(weights.shape) < 1 << 16 and max(block_shape) <= MAX_BLOCK_SIDE and min(sides) >= 1
    if not small or depth > MAX_DEPTH:
        return False
    blocks = blocks_of(weights, block_shape, flat)
    return blocks.shape[1] <= 1 << 16 and blocks.size <= MAX_MATRIX


def packed_bytes(out_channels: int, block_rows: int, columns: int, n_blocks: int, block_values: int) -> int:
    """Size of the packed buffer."""
    index_bytes = _index_bytes(columns)
    quantization = 4 * out_channels + 4 * (block_rows + 1) + _round_up(out_channels, 4)
    return HEADER_BYTES + quantization + _round_up(index_bytes * n_blocks, 4) + _round_up(block_values * n_blocks, 4)


def pack(
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
    columns = blocks.shape[1]
    occupied = np.any(blocks != 0, axis=(2, 3))
    index_bytes = _index_bytes(columns)
    n_blocks = int(occupied.sum())
    row_offsets = np.concatenate([[0], np.cumsum(occupied.sum(axis=1))]).astype("<u4")
    indices = np.nonzero(occupied)[1].astype("<u1" if index_bytes == 1 else "<u2")
    sections = (
        np.asarray(multipliers).astype("<i4").tobytes(),
        row_offsets.tobytes(),
        np.asarray(shifts).astype("<i1").tobytes(),
        indices.tobytes(),
        blocks[occupied].tobytes(),
    )
    body = b"".join(section + b"\0" * (-len(section) % 4) for section in sections)
    out_channels, kernel_h, kernel_w, in_channels = weights.shape
    header = _HEADER.pack(
        MAGIC, VERSION, HEADER_BYTES, HEADER_BYTES + len(body),
        ENCODING_BLOCK, int(geometry.same_padding), int(flat_columns), index_bytes,
        kernel_h, kernel_w, in_channels, out_channels,
        *block_shape, geometry.activation_min, geometry.activation_max,
        *geometry.stride, *geometry.dilation, n_blocks, *[0] * 6,
    )  # fmt: skip
    packed = header + body
    unpack(packed)
    return packed


def unpack(packed: bytes) -> PackedConv:
    """The content of a packed buffer.

    Raises:
        FormatError: the buffer violates the format; one line says how.
    """
    if len(packed) < HEADER_BYTES:
        raise FormatError("packed sparse weights: buffer is truncated")
    (magic, version, header_bytes, total, encoding, padding, order, index_bytes, kernel_h, kernel_w, in_channels,
     out_channels, block_out, block_in, act_min, act_max, stride_h, stride_w, dilation_h, dilation_w, n_blocks,
     *reserved) = _HEADER.unpack_from(packed)  # fmt: skip
    _need(magic == MAGIC, "wrong magic, not packed sparse weights")
    _need(version == VERSION, f"unknown format version {version}")
    _need(header_bytes == HEADER_BYTES, "wrong header size")
    _need(encoding == ENCODING_BLOCK, "unknown sparse encoding")
    _need(padding <= 1 and order <= 1 and index_bytes in (1, 2), "padding, column order or index width out of range")
    _need(not any(reserved), "reserved header words are not zero")
    shape = (out_channels, kernel_h, kernel_w, in_channels)
    steps = (stride_h, stride_w, dilation_h, dilation_w)
    _need(min(*shape, *steps, block_out, block_in) > 0, "a size is zero")
    _need(max(block_out, block_in) <= MAX_BLOCK_SIDE and max(steps) <= MAX_STEP, "block, stride or dilation too large")
    _need(kernel_h * kernel_w * in_channels <= MAX_DEPTH, "layer is larger than the format allows")
    _need(act_min <= act_max, "activation minimum exceeds maximum")

    pitch = in_channels if order else _round_up(in_channels, block_in)
    columns = _round_up(kernel_h * kernel_w * pitch, block_in) // block_in
    block_rows = _round_up(out_channels, block_out) // block_out
    _need(columns <= (256 if index_bytes == 1 else 1 << 16), "layer is larger than the format allows")
    _need(columns * block_in * block_rows * block_out <= MAX_MATRIX, "layer is larger than the format allows")
    _need(n_blocks <= columns * block_rows, "more blocks than the layer has")
    sizes = (4 * out_channels, 4 * (block_rows + 1), out_channels, index_bytes * n_blocks,
             n_blocks * block_out * block_in)  # fmt: skip
    starts = np.cumsum([HEADER_BYTES, *(_round_up(size, 4) for size in sizes)])
    _need(total == starts[-1], "length does not match the header")
    _need(len(packed) >= total, "buffer is truncated")
    _need(len(packed) == total, "length does not match the header")
    sections = [packed[start : start + size] for start, size in zip(starts, sizes, strict=False)]
    for start, size, end in zip(starts[:-1], sizes, starts[1:], strict=True):
        _need(not any(packed[start + size : end]), "padding bytes are not zero")
    multipliers = np.frombuffer(sections[0], "<i4").astype(np.int32)
    offsets = np.frombuffer(sections[1], "<u4").astype(np.int64)
    shifts = np.frombuffer(sections[2], np.int8)
    index = np.frombuffer(sections[3], "<u1" if index_bytes == 1 else "<u2").astype(np.int64)
    values = np.frombuffer(sections[4], np.int8).reshape(n_blocks, block_out, block_in)

    _need(bool(np.all((multipliers == 0) | (multipliers >= 1 << 30))), "output multiplier out of range")
    _need(bool(np.all((shifts >= -31) & (shifts <= 30))), "output shift out of range")
    counts = np.diff(offsets)
    monotone = offsets[0] == 0 and offsets[-1] == n_blocks and np.all(counts >= 0)
    _need(bool(monotone), "row offsets are not monotone within the stored blocks")
    rows = np.repeat(np.arange(block_rows), counts)
    ascending = np.all((np.diff(index) > 0) | (np.diff(rows) > 0)) and np.all(index < columns)
    _need(bool(ascending), "block index out of range or not ascending")
    blocks = np.zeros((block_rows, columns, block_out, block_in), np.int8)
    blocks[rows, index] = values
    matrix = blocks.swapaxes(1, 2).reshape(block_rows * block_out, columns * block_in)
    taps = matrix[:out_channels, : kernel_h * kernel_w * pitch].reshape(out_channels, -1, pitch)
    weights = np.ascontiguousarray(taps[:, :, :in_channels]).reshape(shape)
    tail_is_zero = np.count_nonzero(matrix) == np.count_nonzero(weights)
    _need(tail_is_zero, "padding bytes or padded weights are not zero")
    geometry = ConvGeometry((stride_h, stride_w), (dilation_h, dilation_w), bool(padding), act_min, act_max)
    return PackedConv(weights, multipliers, shifts, geometry, (block_out, block_in), bool(order), n_blocks)


def _index_bytes(columns: int) -> int:
    return 1 if columns <= 256 else 2


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise FormatError(f"packed sparse weights: {message}")

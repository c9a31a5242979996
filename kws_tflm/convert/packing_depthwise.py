"""Packed depthwise weights with missing filter rows ("KWSD" buffers), format version 1: writer and reader.

The layout is specified in docs/depthwise.md; `custom_ops/formats/row_pruned_depthwise.h` is the reader that the
firmware trusts. `unpack_depthwise` refuses what it refuses.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.packing_header import (
    HEADER_BYTES,
    MAX_DEPTH,
    MAX_MATRIX,
    MAX_STEP,
    ConvGeometry,
    need,
    quantization_bytes,
    read_quantization,
    round_up,
    split,
)
from kws_tflm.errors import FormatError

MAGIC = 0x4453574B
VERSION = 1
ENCODING_ALONE, ENCODING_SEPARABLE = 1, 2

_HEADER = struct.Struct("<IHHI3Bb4H2B2b4HI6I")


@dataclass(frozen=True)
class PackedDepthwise:
    """The content of a packed buffer."""

    weights: npt.NDArray[np.int8]
    """[kernel_h, kernel_w, out_channels] as TFLite keeps them, zeros in place."""
    multipliers: npt.NDArray[np.int32]
    """[out_channels] Q31, 0 or at least 2^30."""
    shifts: npt.NDArray[np.int8]
    """[out_channels] left shift, -31 to 30."""
    geometry: ConvGeometry
    in_channels: int
    rows: npt.NDArray[np.bool_]
    """[out_channels, kernel_h]: whether a row is stored."""
    inner_zero_point: int | None = None
    """Of the result, when the layer is the first half of a separable convolution."""


def can_pack_depthwise(weights: npt.NDArray[np.int8], in_channels: int) -> bool:
    """Whether a layer [kernel_h, kernel_w, out_channels] is within the format's limits."""
    kernel_h, kernel_w, out_channels = weights.shape
    small = min(weights.shape) >= 1 and max(weights.shape) < 1 << 16 and kernel_h * kernel_w <= MAX_DEPTH
    return small and weights.size <= MAX_MATRIX and in_channels >= 1 and out_channels % in_channels == 0


def depthwise_bytes(weights: npt.NDArray[np.int8], *, all_rows: bool = False) -> int:
    """Size of the packed buffer."""
    kernel_h, kernel_w, out_channels = weights.shape
    rows = kernel_h * out_channels if all_rows else int(np.any(weights != 0, axis=1).sum())
    sections = (4 * out_channels, out_channels, out_channels * _mask_bytes(kernel_h), rows * kernel_w)
    return HEADER_BYTES + sum(round_up(size, 4) for size in sections)


def pack_depthwise(
    weights: npt.NDArray[np.int8],
    multipliers: npt.NDArray[np.int32],
    shifts: npt.NDArray[np.int8],
    geometry: ConvGeometry,
    in_channels: int,
    *,
    all_rows: bool = False,
    inner_zero_point: int | None = None,
) -> bytes:
    """Pack int8 `weights` [kernel_h, kernel_w, out_channels]; rows of a channel's filter that are zero are left out.

    `all_rows`: store them all the same. `inner_zero_point`: the layer is the first half of a separable convolution
    and this is its output's zero point; the fused operator has no tensor that could say so.

    Raises:
        FormatError: the layer is beyond the format's limits.
    """
    if not can_pack_depthwise(weights, in_channels):
        raise FormatError(f"depthwise weights {list(weights.shape)} are beyond the packed format")
    kernel_h, kernel_w, out_channels = weights.shape
    filters = weights.transpose(2, 0, 1)
    rows = np.any(filters != 0, axis=2) | all_rows
    masks = np.packbits(rows, axis=1, bitorder="little")
    sections = [*quantization_bytes(multipliers, shifts), masks.tobytes(), filters[rows].astype(np.int8).tobytes()]
    body = b"".join(section + b"\0" * (-len(section) % 4) for section in sections)
    header = _HEADER.pack(
        MAGIC, VERSION, HEADER_BYTES, HEADER_BYTES + len(body),
        ENCODING_ALONE if inner_zero_point is None else ENCODING_SEPARABLE, int(geometry.same_padding), 0,
        inner_zero_point or 0,
        kernel_h, kernel_w, in_channels, out_channels,
        0, 0, geometry.activation_min, geometry.activation_max,
        *geometry.stride, *geometry.dilation, int(rows.sum()), *[0] * 6,
    )  # fmt: skip
    packed = header + body
    unpack_depthwise(packed)
    return packed


def unpack_depthwise(packed: bytes) -> PackedDepthwise:
    """The content of a packed buffer.

    Raises:
        FormatError: the buffer violates the format; one line says how.
    """
    need(len(packed) >= HEADER_BYTES, "buffer is truncated")
    (magic, version, header_bytes, total, encoding, padding, order, zero_point, kernel_h, kernel_w, in_channels,
     out_channels, group_rows, group_columns, act_min, act_max, stride_h, stride_w, dilation_h, dilation_w, stored,
     *reserved) = _HEADER.unpack_from(packed)  # fmt: skip
    need(magic == MAGIC, "wrong magic, not packed depthwise weights")
    need(version == VERSION, f"unknown format version {version}")
    need(header_bytes == HEADER_BYTES, "wrong header size")
    need(encoding in (ENCODING_ALONE, ENCODING_SEPARABLE), "unknown sparse encoding")
    need(padding <= 1, "padding out of range")
    separable = encoding == ENCODING_SEPARABLE
    unused = (order, group_rows, group_columns, *reserved, 0 if separable else zero_point)
    need(not any(unused), "reserved header fields are not zero")
    steps = (stride_h, stride_w, dilation_h, dilation_w)
    need(min(kernel_h, kernel_w, in_channels, out_channels, *steps) > 0, "a size is zero")
    need(out_channels % in_channels == 0, "output channels are no multiple of the input channels")
    need(max(steps) <= MAX_STEP, "stride or dilation too large")
    taps = kernel_h * kernel_w
    need(taps <= MAX_DEPTH and taps * out_channels <= MAX_MATRIX, "layer is larger than the format allows")
    need(stored <= kernel_h * out_channels, "more rows than the layer has")
    need(act_min <= act_max, "activation minimum exceeds maximum")
    mask_bytes = _mask_bytes(kernel_h)
    sizes = [4 * out_channels, out_channels, mask_bytes * out_channels, stored * kernel_w]
    sections = split(packed, total, sizes)
    multipliers, shifts = read_quantization(sections[0], sections[1])
    masks = np.frombuffer(sections[2], np.uint8).reshape(out_channels, mask_bytes)
    bits = np.unpackbits(masks, axis=1, bitorder="little").astype(np.bool_)
    need(not np.any(bits[:, kernel_h:]), "a mask has rows that the kernel has not")
    rows = bits[:, :kernel_h]
    need(int(rows.sum()) == stored, "the masks do not match the stored rows")
    filters = np.zeros((out_channels, kernel_h, kernel_w), np.int8)
    filters[rows] = np.frombuffer(sections[3], np.int8).reshape(stored, kernel_w)
    geometry = ConvGeometry((stride_h, stride_w), (dilation_h, dilation_w), bool(padding), act_min, act_max)
    weights = np.ascontiguousarray(filters.transpose(1, 2, 0))
    inner = int(zero_point) if separable else None
    return PackedDepthwise(weights, multipliers, shifts, geometry, in_channels, rows, inner)


def _mask_bytes(kernel_h: int) -> int:
    return -(-kernel_h // 8)

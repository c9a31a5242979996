"""What all packed sparse convolutions share: the header, the quantisation, sections on 4-byte boundaries.

The layout is specified in docs/sparse_format.md; `custom_ops/formats/sparse_header.h` is the reader that
the firmware trusts. What is refused here is what it refuses.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_tflm.errors import FormatError

MAGIC = 0x5053574B
VERSION = 1
ENCODING_BLOCK, ENCODING_INDEX_LIST, ENCODING_N_OF_M = 1, 2, 3
ENCODING_NAMES = {ENCODING_BLOCK: "blocks", ENCODING_INDEX_LIST: "index_list", ENCODING_N_OF_M: "n_of_m"}
MAX_DEPTH = 1 << 16
"""kernel height x kernel width x input channels."""
MAX_STEP = 255
"""Stride and dilation."""
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
    """(output channels, input columns) that are stored as one: of a block; (1, 1) of an index list; (1, N) of N:M."""
    flat_columns: bool
    """Whether (ky, kx, channel) run on, or each tap's channels are padded to whole blocks or groups."""
    n_blocks: int
    """Stored blocks, entries or groups: n_blocks * block_out * block_in values are stored."""
    encoding: str = "blocks"
    """``blocks``, ``index_list`` or ``n_of_m``."""


@dataclass(frozen=True)
class Header:
    """The 64 bytes in front, but for what is the same in all buffers."""

    total: int
    encoding: int
    flat: bool
    index_bytes: int
    shape: tuple[int, int, int, int]
    """Of the weights, OHWI."""
    group: tuple[int, int]
    """Rows and columns of a block; (1, 1) in an index list; (N, M)."""
    stored: int
    """Blocks, entries or groups."""
    geometry: ConvGeometry

    @property
    def pitch(self) -> int:
        """Columns from one kernel tap to the next."""
        return self.shape[3] if self.flat else round_up(self.shape[3], self.group[1])

    @property
    def columns(self) -> int:
        """Columns of the padded matrix."""
        return round_up(self.shape[1] * self.shape[2] * self.pitch, self.group[1])

    def weights_of(self, matrix: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """OHWI weights from the padded matrix, whose padding must be zero."""
        out_channels, kernel_h, kernel_w, in_channels = self.shape
        taps = matrix[:out_channels, : kernel_h * kernel_w * self.pitch].reshape(out_channels, -1, self.pitch)
        weights = np.ascontiguousarray(taps[:, :, :in_channels]).reshape(self.shape)
        need(np.count_nonzero(matrix) == np.count_nonzero(weights), "padding bytes or padded weights are not zero")
        return weights


def is_legal_shape(shape: tuple[int, ...]) -> bool:
    """Whether OHWI weights of this shape have a header."""
    return min(shape) >= 1 and max(shape) < 1 << 16 and int(np.prod(shape[1:])) <= MAX_DEPTH


def as_matrix(weights: npt.NDArray[np.int8], block_shape: tuple[int, int], flat: bool) -> npt.NDArray[np.int8]:
    """OHWI weights as the zero-padded matrix [block rows * block_out, block columns * block_in]."""
    out_channels, kernel_h, kernel_w, in_channels = weights.shape
    taps = weights.reshape(out_channels, kernel_h * kernel_w, in_channels)
    pitch = in_channels if flat else round_up(in_channels, block_shape[1])
    padded = np.pad(taps, ((0, 0), (0, 0), (0, pitch - in_channels))).reshape(out_channels, -1)
    rows, columns = (round_up(size, block) for size, block in zip(padded.shape, block_shape, strict=True))
    result: npt.NDArray[np.int8] = np.pad(padded, ((0, rows - padded.shape[0]), (0, columns - padded.shape[1])))
    return result


def assemble(header: Header, sections: list[bytes]) -> bytes:
    """The buffer; `header.total` is filled in."""
    body = b"".join(section + b"\0" * (-len(section) % 4) for section in sections)
    geometry, (out_channels, kernel_h, kernel_w, in_channels) = header.geometry, header.shape
    packed = _HEADER.pack(
        MAGIC, VERSION, HEADER_BYTES, HEADER_BYTES + len(body),
        header.encoding, int(geometry.same_padding), int(header.flat), header.index_bytes,
        kernel_h, kernel_w, in_channels, out_channels,
        *header.group, geometry.activation_min, geometry.activation_max,
        *geometry.stride, *geometry.dilation, header.stored, *[0] * 6,
    )  # fmt: skip
    return packed + body


def read_header(packed: bytes) -> Header:
    """The header of a buffer, as far as all encodings agree on it.

    Raises:
        FormatError: it is none.
    """
    need(len(packed) >= HEADER_BYTES, "buffer is truncated")
    (magic, version, header_bytes, total, encoding, padding, order, index_bytes, kernel_h, kernel_w, in_channels,
     out_channels, group_rows, group_columns, act_min, act_max, stride_h, stride_w, dilation_h, dilation_w, stored,
     *reserved) = _HEADER.unpack_from(packed)  # fmt: skip
    need(magic == MAGIC, "wrong magic, not packed sparse weights")
    need(version == VERSION, f"unknown format version {version}")
    need(header_bytes == HEADER_BYTES, "wrong header size")
    need(encoding in ENCODING_NAMES, "unknown sparse encoding")
    need(padding <= 1 and order <= 1, "padding or column order out of range")
    need(not any(reserved), "reserved header words are not zero")
    shape = (out_channels, kernel_h, kernel_w, in_channels)
    steps = (stride_h, stride_w, dilation_h, dilation_w)
    need(min(*shape, *steps) > 0, "a size is zero")
    need(max(steps) <= MAX_STEP, "stride or dilation too large")
    need(kernel_h * kernel_w * in_channels <= MAX_DEPTH, "layer is larger than the format allows")
    need(act_min <= act_max, "activation minimum exceeds maximum")
    geometry = ConvGeometry((stride_h, stride_w), (dilation_h, dilation_w), bool(padding), act_min, act_max)
    return Header(total, encoding, bool(order), index_bytes, shape, (group_rows, group_columns), stored, geometry)


def split(packed: bytes, total: int, sizes: list[int]) -> list[bytes]:
    """The sections of these sizes behind the header, which says `total` bytes."""
    starts = [int(start) for start in np.cumsum([HEADER_BYTES, *(round_up(size, 4) for size in sizes)])]
    need(total == starts[-1], "length does not match the header")
    need(len(packed) >= total, "buffer is truncated")
    need(len(packed) == total, "length does not match the header")
    for start, size, end in zip(starts[:-1], sizes, starts[1:], strict=True):
        need(not any(packed[start + size : end]), "padding bytes are not zero")
    return [packed[start : start + size] for start, size in zip(starts, sizes, strict=False)]


def quantization_bytes(multipliers: npt.NDArray[np.int32], shifts: npt.NDArray[np.int8]) -> tuple[bytes, bytes]:
    """The sections of multipliers and shifts."""
    return np.asarray(multipliers).astype("<i4").tobytes(), np.asarray(shifts).astype("<i1").tobytes()


def read_quantization(multipliers: bytes, shifts: bytes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]:
    """Multipliers and shifts, in range."""
    read = np.frombuffer(multipliers, "<i4").astype(np.int32)
    left = np.frombuffer(shifts, np.int8)
    need(bool(np.all((read == 0) | (read >= 1 << 30))), "output multiplier out of range")
    need(bool(np.all((left >= -31) & (left <= 30))), "output shift out of range")
    return read, left


def read_offsets(section: bytes, stored: int) -> npt.NDArray[np.int64]:
    """What each row stores, from its offsets."""
    offsets = np.frombuffer(section, "<u4").astype(np.int64)
    counts = np.diff(offsets)
    monotone = offsets[0] == 0 and offsets[-1] == stored and np.all(counts >= 0)
    need(bool(monotone), "row offsets are not monotone within the stored weights")
    return counts


def offsets_bytes(counts: npt.NDArray[np.int64]) -> bytes:
    """The section of row offsets."""
    return np.concatenate([[0], np.cumsum(counts)]).astype("<u4").tobytes()


def round_up(value: int, multiple: int) -> int:
    """The next multiple."""
    return -(-value // multiple) * multiple


def need(condition: bool, message: str) -> None:
    """Refuse the buffer unless `condition`."""
    if not condition:
        raise FormatError(f"packed sparse weights: {message}")

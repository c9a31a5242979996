"""Encoding 2: every nonzero weight alone, after its distance from the one before; `formats/index_list_conv.h` reads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kws_tflm.convert.packing_header import (
    ENCODING_INDEX_LIST,
    ENCODING_NAMES,
    HEADER_BYTES,
    MAX_MATRIX,
    ConvGeometry,
    Header,
    PackedConv,
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

MAX_DELTA = 255
"""Columns from one entry to the next; longer gaps are bridged by entries of value 0."""
ENTRY_BYTES = 2


def can_pack_index_list(weights: npt.NDArray[np.int8]) -> bool:
    """Whether the layer is within the format's limits."""
    return is_legal_shape(weights.shape) and weights.size <= MAX_MATRIX


def index_list_entries(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """[out_channels] entries that OHWI `weights` take, bridges included."""
    counts = np.zeros(weights.shape[0], np.int64)
    for row, columns in enumerate(_columns(weights)):
        counts[row] = len(columns) + int(_bridges(columns).sum())
    return counts


def index_list_bytes(weights: npt.NDArray[np.int8]) -> int:
    """Size of the packed buffer."""
    out_channels = int(weights.shape[0])
    quantization = 4 * out_channels + 4 * (out_channels + 1) + round_up(out_channels, 4)
    entries = int(index_list_entries(weights).sum())
    return HEADER_BYTES + quantization + round_up(ENTRY_BYTES * (entries + 1), 4)


def pack_index_list(
    weights: npt.NDArray[np.int8],
    multipliers: npt.NDArray[np.int32],
    shifts: npt.NDArray[np.int8],
    geometry: ConvGeometry,
) -> bytes:
    """Pack OHWI int8 `weights`: zeros are left out, wherever they are.

    Raises:
        FormatError: the layer is beyond the format's limits.
    """
    if not can_pack_index_list(weights):
        raise FormatError(f"weights {list(weights.shape)} are beyond the packed format")
    matrix = weights.reshape(weights.shape[0], -1)
    rows = [_entries(matrix[row], columns) for row, columns in enumerate(_columns(weights))]
    counts = np.array([len(row) for row in rows], np.int64)
    header = Header(0, ENCODING_INDEX_LIST, True, 1, weights.shape, (1, 1), int(counts.sum()), geometry)
    scales, lefts = quantization_bytes(multipliers, shifts)
    return assemble(
        header, [scales, offsets_bytes(counts), lefts, b"".join(row.tobytes() for row in rows) + bytes(ENTRY_BYTES)]
    )


def read_index_list(packed: bytes, header: Header) -> PackedConv:
    """The content of a buffer with this header.

    Raises:
        FormatError: the buffer violates the format; one line says how.
    """
    need(header.index_bytes == 1 and header.flat, "column order or index width out of range")
    need(header.group == (1, 1), "block out of range")
    out_channels, stored = header.shape[0], header.stored
    need(header.columns * out_channels <= MAX_MATRIX, "layer is larger than the format allows")
    need(stored <= header.columns * out_channels, "more weights than the layer has")
    sizes = [4 * out_channels, 4 * (out_channels + 1), out_channels, ENTRY_BYTES * (stored + 1)]
    sections = split(packed, header.total, sizes)
    multipliers, shifts = read_quantization(sections[0], sections[2])
    counts = read_offsets(sections[1], stored)
    entries = np.frombuffer(sections[3], np.uint8).reshape(stored + 1, ENTRY_BYTES)
    need(not entries[stored].any(), "padding bytes are not zero")
    entries = entries[:stored]
    rows = np.repeat(np.arange(out_channels), counts)
    first = np.diff(rows, prepend=-1) > 0
    need(bool(np.all(first | (entries[:, 0] > 0))), "column index out of range or not ascending")
    # Columns are running sums within a row: subtract what had been summed before the row.
    sums = np.cumsum(entries[:, 0].astype(np.int64))
    before = np.concatenate([[0], sums])[np.concatenate([[0], np.cumsum(counts)])[:-1]]
    columns = sums - before[rows]
    need(bool(np.all(columns < header.columns)), "column index out of range or not ascending")
    matrix = np.zeros((out_channels, header.columns), np.int8)
    matrix[rows, columns] = entries[:, 1].view(np.int8)
    weights = matrix.reshape(header.shape)
    name = ENCODING_NAMES[ENCODING_INDEX_LIST]
    return PackedConv(weights, multipliers, shifts, header.geometry, (1, 1), True, stored, name)


def _columns(weights: npt.NDArray[np.int8]) -> list[npt.NDArray[np.int64]]:
    """The columns of each row's nonzero weights."""
    return [np.flatnonzero(row) for row in weights.reshape(weights.shape[0], -1)]


def _bridges(columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Entries of value 0 before each column: the first column counts from 0 and so does a distance of MAX_DELTA."""
    distances = np.diff(columns, prepend=0)
    bridges: npt.NDArray[np.int64] = np.maximum(distances - 1, 0) // MAX_DELTA
    return bridges


def _entries(row: npt.NDArray[np.int8], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """[entries, 2] of (delta, value)."""
    bridges = _bridges(columns)
    result = np.zeros((len(columns) + int(bridges.sum()), ENTRY_BYTES), np.uint8)
    result[:, 0] = MAX_DELTA
    places = np.arange(len(columns)) + np.cumsum(bridges)
    result[places, 0] = np.diff(columns, prepend=0) - MAX_DELTA * bridges
    result[places, 1] = row[columns].view(np.uint8)
    return result

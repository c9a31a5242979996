"""Packed sparse convolution weights, format version 1: writers and the reader.

The layout is specified in docs/sparse_format.md; `custom_ops/formats/*.h` are the readers that the firmware
trusts. `unpack` refuses what they refuse.
"""

from __future__ import annotations

from kws_tflm.convert.packing_blocks import MAX_BLOCK_SIDE, blocks_of, can_pack, pack_blocks, packed_bytes, read_blocks
from kws_tflm.convert.packing_header import (
    ENCODING_BLOCK,
    ENCODING_INDEX_LIST,
    ENCODING_N_OF_M,
    HEADER_BYTES,
    MAGIC,
    MAX_DEPTH,
    MAX_MATRIX,
    MAX_STEP,
    VERSION,
    ConvGeometry,
    PackedConv,
    as_matrix,
    read_header,
)
from kws_tflm.convert.packing_index_list import (
    can_pack_index_list,
    index_list_bytes,
    index_list_entries,
    pack_index_list,
    read_index_list,
)
from kws_tflm.convert.packing_n_of_m import can_pack_n_of_m, n_of_m_bytes, pack_n_of_m, read_n_of_m

__all__ = [
    "ENCODING_BLOCK", "ENCODING_INDEX_LIST", "ENCODING_N_OF_M", "HEADER_BYTES", "MAGIC", "MAX_BLOCK_SIDE", "MAX_DEPTH",
    "MAX_MATRIX", "MAX_STEP", "VERSION", "ConvGeometry", "PackedConv", "as_matrix", "blocks_of", "can_pack",
    "can_pack_index_list", "can_pack_n_of_m", "index_list_bytes", "index_list_entries", "n_of_m_bytes", "pack",
    "pack_blocks", "pack_index_list", "pack_n_of_m", "packed_bytes", "unpack",
]  # fmt: skip

pack = pack_blocks
_READERS = {ENCODING_BLOCK: read_blocks, ENCODING_INDEX_LIST: read_index_list, ENCODING_N_OF_M: read_n_of_m}


def unpack(packed: bytes) -> PackedConv:
    """The content of a packed buffer of any encoding.

    Raises:
        FormatError: the buffer violates the format; one line says how.
    """
    header = read_header(packed)
    return _READERS[header.encoding](packed, header)

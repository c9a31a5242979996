"""Operators of a foreign model that the TFLM of 2020 does not have, by others that compute the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kws_tflm.convert.dilation import fold_dilation
from kws_tflm.convert.fc_as_conv import fully_connected_as_conv
from kws_tflm.convert.fold_quantize import fold_quantize
from kws_tflm.convert.mean_as_depthwise import mean_as_depthwise
from kws_tflm.convert.model import parse, serialize


def _per_channel(model: Any) -> int:
    return fully_connected_as_conv(model, per_channel_only=True)


REPLACEMENTS: tuple[tuple[Callable[[Any], int], str], ...] = (
    (fold_dilation, "SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND around a convolution became its dilation"),
    (fold_quantize, "QUANTIZE (int8 to int8) was folded into its neighbour, which rounds once less"),
    (mean_as_depthwise, "MEAN became a depthwise convolution, which may round a value to the next step"),
    (_per_channel, "FULLY_CONNECTED (per-channel) became a 1x1 CONV_2D, which rounds twice instead of once"),
)


def replace_missing(model: bytes, where: str = "model") -> tuple[bytes, list[str]]:
    """`model` with the operators replaced, and what was done; the same bytes come back when nothing was.

    Raises:
        ModelError: `model` cannot be read, or a QUANTIZE cannot be folded.
    """
    edited = parse(model, where)
    notes = []
    for replace, note in REPLACEMENTS:
        count = replace(edited)
        if count:
            notes.append(f"{count} x {note}")
    return (serialize(edited) if notes else model), notes

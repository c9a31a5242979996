"""TFLite's scaling of an int32 sum, for single values."""

from __future__ import annotations


def rescale(value: int, multiplier: int, shift: int) -> int | None:
    """`MultiplyByQuantizedMultiplier` as convolutions round: the high product, then the shift to the right.

    None where TFLite's arithmetic would leave 32 bits.
    """
    shifted = value << max(shift, 0)
    if not -(1 << 31) <= shifted < 1 << 31:
        return None
    product = shifted * multiplier
    # SaturatingRoundingDoublingHighMul: to nearest, ties away from zero, then division towards zero.
    nudge = 1 << 30 if product >= 0 else 1 - (1 << 30)
    high = _towards_zero(product + nudge, 31)
    right = max(-shift, 0)
    return _rounding_shift(high, right)


def rescale_once(value: int, multiplier: int, shift: int) -> int:
    """The same product and shift with one rounding, ties upwards."""
    total = 31 - shift
    return (value * multiplier + (1 << (total - 1))) >> total


def _towards_zero(value: int, bits: int) -> int:
    return value >> bits if value >= 0 else -(-value >> bits)


def _rounding_shift(value: int, bits: int) -> int:
    """`RoundingDivideByPOT`: to nearest, ties away from zero."""
    if bits == 0:
        return value
    mask = (1 << bits) - 1
    remainder = value & mask
    threshold = (mask >> 1) + (1 if value < 0 else 0)
    return (value >> bits) + (1 if remainder > threshold else 0)

"""The input of a profile: the same pseudo-random bytes on the board and here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEED = 0x2545F491
"""As in stm32f7_app/profile/main.cc."""


def pseudo_random(count: int) -> NDArray[np.int8]:
    """`count` int8 values: the lowest byte of each state of a 32-bit xorshift (13, 17, 5) [Marsaglia 2003]."""
    values = np.empty(count, np.uint8)
    state = SEED
    for i in range(count):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        values[i] = state & 0xFF
    return values.view(np.int8)

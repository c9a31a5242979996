"""Clock frequencies from the RCC registers, and the limits of RM0410 and the STM32F767 data sheet.

Pure functions over register values; `rcc.py` calls them.
"""

from __future__ import annotations

from dataclasses import dataclass

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.peripherals.base import bits

HSI_HZ = 16_000_000
LSI_HZ = 32_000
LSE_HZ = 32_768

# RM0410 table 7, 2.7 V to 3.6 V: one wait state for each 30 MHz begun.
_HZ_PER_WAIT_STATE = 30_000_000
# Data sheet table 17: highest HCLK by voltage scale (VOS field), without and with over-drive.
_MAX_HCLK = {1: (144_000_000, 144_000_000), 2: (168_000_000, 180_000_000), 3: (180_000_000, 216_000_000)}


@dataclass(frozen=True)
class Clocks:
    """Frequencies in Hz; `i2s` and `pll` are 0 while their PLL is off."""

    sysclk: int
    hclk: int
    pclk1: int
    pclk2: int
    pll: int
    i2s: int
    hse: int


def pll_output(name: str, source_hz: int, m: int, n: int, divider: int, vco_max: int = 432_000_000) -> int:
    """Output of a PLL in Hz, with the ranges of RM0410 section 5.3.2 checked."""
    if not 2 <= m <= 63:
        raise BoardError(f"{name}: input divider M = {m} must be in 2 to 63")
    vco_in = source_hz / m
    if not 950_000 <= vco_in <= 2_100_000:
        raise BoardError(f"{name}: VCO input is {vco_in / 1e6:.3f} MHz; M must bring it into 1 to 2 MHz")
    vco = source_hz * n / m
    if not 100_000_000 <= vco <= vco_max:
        raise BoardError(f"{name}: VCO runs at {vco / 1e6:.1f} MHz; N must bring it into 100 to 432 MHz")
    if divider < 2:
        raise BoardError(f"{name}: output divider {divider} must be at least 2")
    return source_hz * n // (m * divider)


def ahb_divider(cfgr: int) -> int:
    """HPRE: 1 unless bit 3 is set, then 2, 4, 8, 16, 64, 128, 256, 512."""
    field = bits(cfgr, 7, 4)
    return 1 if field < 8 else (2, 4, 8, 16, 64, 128, 256, 512)[field - 8]


def apb_divider(field: int) -> int:
    """PPRE1, PPRE2: 1 unless bit 2 is set, then 2, 4, 8, 16."""
    return 1 if field < 4 else 2 << (field - 4)


def check_limits(clocks: Clocks, flash_latency: int, voltage_scale: int, over_drive: bool) -> None:
    """Refuse what the chip could not do: too few wait states, too low a voltage, buses too fast."""
    hclk = clocks.hclk
    needed = max(0, -(-hclk // _HZ_PER_WAIT_STATE) - 1)
    if flash_latency < needed:
        raise BoardError(
            f"{hclk / 1e6:g} MHz with {flash_latency} flash wait states needs {needed}; "
            "set FLASH_ACR.LATENCY before raising the clock"
        )
    limit = _MAX_HCLK.get(voltage_scale, _MAX_HCLK[1])[1 if over_drive else 0]
    if hclk > limit:
        raise BoardError(
            f"{hclk / 1e6:g} MHz exceeds {limit / 1e6:g} MHz, the limit with PWR_CR1.VOS = {voltage_scale} and "
            f"over-drive {'on' if over_drive else 'off'}; set both before raising the clock"
        )
    for name, value, usual, fast in (("APB1", clocks.pclk1, 45, 54), ("APB2", clocks.pclk2, 90, 108)):
        maximum = fast if over_drive else usual
        if value > maximum * 1_000_000:
            raise BoardError(
                f"{name} at {value / 1e6:g} MHz exceeds {maximum} MHz; set its prescaler in RCC_CFGR first"
            )

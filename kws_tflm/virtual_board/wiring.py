"""Which pins can carry which signal (STM32F767 data sheet table 12), as far as the board checks them."""

from __future__ import annotations

from dataclasses import dataclass

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board.peripherals.gpio import Gpio


@dataclass(frozen=True)
class Signal:
    """A signal, the alternate function it needs and the pins that offer it."""

    name: str
    alternate_function: int
    pins: tuple[str, ...]


I2S2_SIGNALS = (
    Signal("I2S2_WS", 5, ("PB12", "PB9", "PI0")),
    Signal("I2S2_CK", 5, ("PB13", "PB10", "PA9", "PD3", "PI1")),
    Signal("I2S2_SD", 5, ("PB15", "PC3", "PC1", "PI3")),
)
# The ST-LINK of a NUCLEO-144 listens on PD8 and PD9; other pins reach a header only, which is as good here.
TRANSMIT_SIGNALS = {
    "USART1": Signal("USART1_TX", 7, ("PA9", "PB6")),
    "USART2": Signal("USART2_TX", 7, ("PA2", "PD5")),
    "USART3": Signal("USART3_TX", 7, ("PD8", "PB10", "PC10")),
    "USART6": Signal("USART6_TX", 8, ("PC6", "PG14")),
}


def require(signal: Signal, ports: dict[str, Gpio]) -> None:
    """One of the pins of `signal` is in the right mode.

    Raises:
        BoardError: none is; the signal would not leave the chip.
    """
    for pin in signal.pins:
        port = ports[f"GPIO{pin[1]}"]
        if port.alternate_function(int(pin[2:])) == signal.alternate_function:
            return
    raise BoardError(
        f"{signal.name} is not connected: set {' or '.join(signal.pins)} "
        f"to alternate function {signal.alternate_function}"
    )
